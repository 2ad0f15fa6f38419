import { AppError } from '../../errors.ts';
import { runError, type RunResult } from '../../lib/run.ts';
import { parseJson, type EngineName } from './engines.ts';

const MAX_SAID_LENGTH = 500;
/** As nerdctl logs: what it did before it failed comes first. */
const LOG_LINE = /^time="[^"]*" level=(\w+) msg=("(?:[^"\\]|\\.)*"|\S+)/;
const UNREACHABLE =
  /cannot connect|connection refused|is the .*daemon running|cannot access containerd socket|rootless containerd not running/i;

/** The engine ended by itself and said something: what it says counts. */
export function isAnswer(result: RunResult): boolean {
  return result.exitCode !== null && !result.timedOut && !result.cancelled;
}

/** Ends well and says that it did not do what it was asked for: nerdctl's `rm --force`. */
export function failedInSilence(result: RunResult): boolean {
  return result.exitCode === 0 && complaintLine(result.stderr) !== undefined;
}

export function engineError(engine: EngineName, args: readonly string[], result: RunResult): AppError {
  const base = runError(result);
  const said = complaintOf(result.stderr) ?? base.message;
  const { context } = base;
  if (isAnswer(result) && UNREACHABLE.test(result.stderr)) {
    return new AppError('RUNTIME_FAILED', `the ${engine} engine does not answer: ${said}`, {
      hint: `start it (systemctl start ${engine === 'docker' ? 'docker' : 'containerd'})`,
      context: { ...context, unreachable: true },
    });
  }
  const message = `${engine} ${args[0] ?? 'call'}: ${said}`;
  if (/no space left on device/i.test(result.stderr)) {
    return new AppError('DISK_FULL', message, { hint: "free space on the engine's disk", context });
  }
  return new AppError(base.code, message, { context });
}

/** Why an engine failed, in its words: the first line of it, without the clothes of a log. Undefined when it says nothing. */
export function complaintOf(stderr: string): string | undefined {
  const complaint = complaintLine(stderr) ?? stderr.split('\n').find((line) => line.trim() !== '');
  if (complaint === undefined) return undefined;
  const logged = LOG_LINE.exec(complaint)?.[2];
  const unquoted = logged?.startsWith('"') === true ? parseJson(logged) : logged;
  const text = typeof unquoted === 'string' ? unquoted : complaint;
  // `1 errors:` stands above a list of them.
  const [first] = text.replace(/^\d+ errors:\n/, '').split('\n');
  return first?.trim().slice(0, MAX_SAID_LENGTH);
}

function complaintLine(stderr: string): string | undefined {
  return stderr.split('\n').find((line) => /^(fatal|error)$/.test(LOG_LINE.exec(line)?.[1] ?? ''));
}
