import { writeFileSync } from 'node:fs';
import type { ExecClient, ExecStream } from '../exec/client.ts';
import { parseWaitStatus } from '../exec/classify.ts';
import { type ExecFiles, readTextIfThere } from '../exec/record.ts';
import { waitForPid } from '../exec/started.ts';
import { readLogMessage, type RunscClient } from './runsc-cli.ts';

/** Where a client that was started early finds what its process is; read when all else of its start is done. */
const MESSAGE_FILE = '/proc/self/fd/3';

/** `runsc exec`: the pid, the reason of a failed start and the wait status come in files. */
export function runscExecClient(
  client: Pick<RunscClient, 'capabilities' | 'execArgs' | 'processJson'>,
): ExecClient {
  function streamOf(containerId: string, processFile: string, files: ExecFiles): ExecStream {
    return {
      file: client.capabilities.binary,
      args: [
        // Without --debug it says little, the wait status among it.
        ...(client.capabilities.flags.has('debug-log') ? [`--debug-log=${files.debugLog}`] : []),
        ...client.execArgs(containerId, { processFile, internalPidFile: files.pid, logFile: files.log }),
      ],
      waitForPid: (clientExited, clock) => waitForPid(files, clientExited, clock),
      take: (_stream, chunk) => chunk,
      rest: () => new Uint8Array(),
      end: (exitCode) => ({
        exitCode,
        waitStatus: parseWaitStatus(readTextIfThere(files.debugLog) ?? ''),
      }),
      notStarted: async (output) => (await readLogMessage(files.log)) ?? output,
    };
  }
  return {
    open(containerId, process, files) {
      writeFileSync(files.process, client.processJson(process), { mode: 0o600 });
      return streamOf(containerId, files.process, files);
    },
    openLate: (containerId, files) => ({
      ...streamOf(containerId, MESSAGE_FILE, files),
      message: (process) => client.processJson(process),
    }),
  };
}
