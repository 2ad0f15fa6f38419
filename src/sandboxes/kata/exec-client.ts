import { writeFileSync } from 'node:fs';
import type { ExecClient, ExecStream, ProcessSpec } from '../exec/client.ts';
import type { ExecFiles } from '../exec/record.ts';
import { COMMAND_USER } from '../exec/request.ts';
import { createComplaintFilter } from './client-complaint.ts';
import type { EngineClient } from './engine-cli.ts';
import { createPrelude, createTrailer, wrapperArgv } from './exec-stream.ts';

/** Descriptions of `strsignal`, for a client that had to be cut off and so has no exit code. */
const SIGNAL_NUMBERS: Readonly<Record<string, number>> = {
  Hangup: 1,
  Interrupt: 2,
  Quit: 3,
  'Illegal instruction': 4,
  Aborted: 6,
  'Bus error': 7,
  Killed: 9,
  'Segmentation fault': 11,
  'Broken pipe': 13,
  'Alarm clock': 14,
  Terminated: 15,
};
const SIGNALLED = 128;
/** What an engine's client ends with when nothing was started; the reason may come on standard output. */
const REFUSED: readonly number[] = [125, 126, 127];
/** Refuses in the engine's way where CAP_KILL is not had: Kata (2 and 3) takes `--privileged` of an exec and hands nothing on. */
const PRIVILEGED_ARGV: readonly string[] = [
  '/.airlock/busybox',
  'sh',
  '-c',
  '/.airlock/busybox grep -q "^CapEff:.*[2367abef].$" /proc/self/status || exit 126; exec "$@"',
  'airlock',
];

/** `nameOf`: the engine's name of a container. */
export function engineExecClient(client: EngineClient, nameOf: (containerId: string) => string): ExecClient {
  // Where a helper is refused its capability, one of the commands' own user does, except at the process limit.
  let privilegedHelpers = true;
  let privilegeSeen = false;

  function helper(containerId: string, process: ProcessSpec): ExecStream {
    const privileged = privilegedHelpers;
    let answered = false;
    return {
      file: client.binary,
      env: client.environment,
      args: client.execArgs(
        nameOf(containerId),
        {
          user: privileged ? userOf(process.user) : userOf(COMMAND_USER),
          cwd: process.cwd,
          environment: process.env,
          privileged,
          stdin: true,
        },
        privileged && !privilegeSeen ? [...PRIVILEGED_ARGV, ...process.args] : process.args,
      ),
      waitForPid: async (clientExited) => clientExited.then(() => null),
      take(stream, chunk) {
        if (stream === 'stdout') answered = true;
        privilegeSeen ||= answered && privileged;
        return chunk;
      },
      rest: () => new Uint8Array(),
      end(exitCode) {
        if (privileged && (REFUSED.includes(exitCode ?? 0) || (exitCode !== 0 && !answered)))
          privilegedHelpers = false;
        return { exitCode, waitStatus: null };
      },
      notStarted: async (output) => output,
    };
  }

  function command(containerId: string, process: ProcessSpec, files: ExecFiles): ExecStream {
    const inFile = process.env.filter((pair) => fitsEnvironmentFile(pair));
    writeFileSync(files.process, inFile.map((pair) => `${pair}\n`).join(''), { mode: 0o600 });
    const preludes = { stdout: createPrelude('stdout'), stderr: createPrelude('stderr') };
    const pid = () => preludes.stdout.pid ?? preludes.stderr.pid;
    const trailer = createTrailer();
    const complaint = client.engine.complainsOfCommands ? createComplaintFilter() : null;
    const waits = client.engine.losesShortOutput;
    const heard = Promise.withResolvers<void>();
    const started = Promise.withResolvers<number | null>();
    const ended = Promise.withResolvers<void>();
    return {
      file: client.binary,
      env: client.environment,
      args: client.execArgs(
        nameOf(containerId),
        {
          user: userOf(process.user),
          cwd: process.cwd,
          environmentFile: files.process,
          environment: process.env.filter((pair) => !fitsEnvironmentFile(pair)),
          privileged: false,
          stdin: waits || (process.stdin ?? false),
        },
        [...wrapperArgv({ waits, stdin: process.stdin ?? false }), ...process.args],
      ),
      stdin: (own) => (waits ? afterSignal(heard.promise, own) : own),
      async waitForPid(clientExited, clock) {
        // Its output is read to the end after the client's: a command as short as this one may still be told there.
        void clientExited.then(() => clock.after(READ_AFTER_EXIT_MS, () => started.resolve(pid())));
        return await started.promise;
      },
      take(stream, chunk) {
        const before = pid();
        const own = preludes[stream].take(chunk);
        const now = pid();
        if (before === null && now !== null) {
          writeFileSync(files.pid, String(now), { mode: 0o600 });
          started.resolve(now);
        }
        if (preludes.stdout.pid !== null && preludes.stderr.pid !== null) heard.resolve();
        if (stream === 'stderr') return complaint?.take(own) ?? own;
        const output = trailer.take(own);
        if (trailer.end(now) !== null) ended.resolve();
        return output;
      },
      rest: (stream) => (stream === 'stdout' ? trailer.rest(pid()) : (complaint?.rest() ?? new Uint8Array())),
      processEnded: ended.promise,
      end(exitCode) {
        const status = trailer.end(pid());
        if (status === null) return { exitCode: null, waitStatus: null };
        if (status.kind === 'exited') return { exitCode, waitStatus: status.code << 8 };
        const signal = exitCode !== null && exitCode > SIGNALLED ? exitCode - SIGNALLED : undefined;
        return { exitCode, waitStatus: signal ?? SIGNAL_NUMBERS[status.name] ?? null };
      },
      notStarted: async (output) => `${preludes.stderr.held}${preludes.stdout.held}${output}`,
    };
  }

  return {
    open: (containerId, process, files) =>
      process.capabilities === undefined
        ? command(containerId, process, files)
        : helper(containerId, process),
  };
}

/** The wrapper starts the command at the first line, and the rest is the command's. */
async function* afterSignal(signal: Promise<void>, own: AsyncIterable<Uint8Array> | undefined) {
  await signal;
  yield Buffer.from('\n');
  if (own !== undefined) yield* own;
}

/** An engine reads it line by line, and a line of 64 KiB at most. */
function fitsEnvironmentFile(pair: string): boolean {
  return !/[\r\n]/.test(pair) && Buffer.byteLength(pair) < 60_000;
}

/** What is in the pipe when the client has ended is read within this. */
const READ_AFTER_EXIT_MS = 100;

function userOf({ uid, gid }: { uid: number; gid: number }): string {
  return `${uid}:${gid}`;
}
