import { readdirSync } from 'node:fs';
import { killProcesses, processesNaming } from '../host-processes.ts';
import { EXEC_ID_PATTERN, execFiles, type ExecFiles, readExecRecord, removeExecFiles } from './record.ts';

/**
 * Ends what a bot that died had started ahead of commands that never came: directories without a record that are not `inUse`
 * by this one. Such a client ends by itself when it comes to read its message, not while it waits for somebody to write one.
 */
export async function endForgotten(executions: string, inUse: ReadonlySet<string>): Promise<void> {
  for (const name of namesIn(executions)) {
    const files = execFiles(executions, name);
    if (inUse.has(files.directory) || readExecRecord(files) !== null) continue;
    await endClientOf(files);
    removeExecFiles(files);
  }
}

/** Kills the client of an execution of a former bot; one that is gone is success. */
export async function endClientOf(files: ExecFiles): Promise<void> {
  await killProcesses(await processesNaming(files.directory));
}

function namesIn(executions: string): string[] {
  try {
    return readdirSync(executions).filter((name) => EXEC_ID_PATTERN.test(name));
  } catch {
    // Never made, or gone with its container.
    return [];
  }
}
