import { AppError } from '../../errors.ts';
import { createHeadTail, type HeadTail } from '../../lib/head-tail.ts';
import type { EndCause, EndHint } from '../../model/ends.ts';
import { DEFAULT_MAX_OUTPUT_BYTES, type ExecOutcome, type ExecRequest, type OutputSink } from '../sandbox.ts';
import { type FakeSandbox, SIGKILL } from './fake-sandbox.ts';
import { emptyReadable, fromIterable, type Writable } from './pipe.ts';
import { runArgv, runShell } from './shell.ts';

const COMMAND_UID = 65_534;
const MEBIBYTE = 1024 * 1024;
/** A hint is given from this share of a limit on. */
const NEARLY = 0.9;

/** Runs one command in a running sandbox, as the port's `exec` promises. */
export async function execInFake(
  sandbox: FakeSandbox,
  request: ExecRequest,
  sink: OutputSink,
  signal: AbortSignal,
): Promise<ExecOutcome> {
  const maxBytes = request.maxOutputBytes ?? DEFAULT_MAX_OUTPUT_BYTES;
  const stdout = createHeadTail(maxBytes);
  const stderr = createHeadTail(maxBytes);
  const writer = (stream: 'stdout' | 'stderr', kept: HeadTail): Writable => ({
    async write(chunk) {
      kept.push(chunk);
      await sink.write(stream, chunk);
      return true;
    },
    close: () => undefined,
  });
  const { identity } = sandbox.spec;
  const root = sandbox.spawn({
    parent: 1,
    command: 'shell' in request.command ? `sh -c ${request.command.shell}` : request.command.argv.join(' '),
    uid: request.user?.uid ?? COMMAND_UID,
    environment: {
      HOME: '/workspace',
      AIRLOCK_AGENT: identity.name,
      ...identity.environment,
      ...request.env,
    },
    cwd: request.cwd ?? '/workspace',
    stdin: request.stdin === undefined ? emptyReadable : fromIterable(request.stdin),
    stdout: writer('stdout', stdout),
    stderr: writer('stderr', stderr),
    ignoresTerm: false,
  });
  const firstPid = root.pid;
  const startedAt = sandbox.time();
  let cause: EndCause | null = null;
  const cut = Promise.withResolvers<void>();
  const endAs = (why: EndCause) => {
    cause ??= why;
    cut.resolve();
  };
  sandbox.executions.set(request.execId, { execId: request.execId, root, startedAt: sandbox.time(), endAs });
  const timer = sandbox.after(request.timeoutMs, () => endAs('timed-out'));
  const cancelled = () => endAs('cancelled');
  signal.addEventListener('abort', cancelled);
  if (signal.aborted) cancelled();
  let nearProcessLimit = false;
  let crash: unknown = null;
  sink.started?.();
  const run =
    'shell' in request.command
      ? runShell(request.command.shell, root, sandbox)
      : runArgv(request.command.argv, root, sandbox);
  run.catch((error: unknown) => {
    crash = error;
    cut.resolve();
  });
  await Promise.race([root.end, cut.promise]);
  if (crash !== null) throw new AppError('INTERNAL', 'the fake shell broke', { cause: crash });
  const durationMs = sandbox.time() - startedAt;
  timer[Symbol.dispose]();
  signal.removeEventListener('abort', cancelled);
  nearProcessLimit = sandbox.userProcesses() >= sandbox.spec.limits.maxProcesses * NEARLY;
  sandbox.executions.delete(request.execId);

  const swept = cause === 'timed-out' || cause === 'cancelled' ? sweep(sandbox, root.pid, firstPid) : null;
  const end = root.ended;
  const hints: EndHint[] = [];
  const failed = cause !== null || end?.exitCode !== 0;
  if (failed && nearProcessLimit) hints.push('near-process-limit');
  if (failed && sandbox.diskBytes() >= sandbox.spec.limits.diskMb * MEBIBYTE * NEARLY)
    hints.push('disk-almost-full');
  if (swept?.othersKilled === true) hints.push('others-killed');
  const why: EndCause =
    cause ?? (sandbox.stopping ? 'stopped' : end?.signal === null ? 'exited' : 'signalled');
  return {
    cause: why,
    exitCode: why === 'exited' ? (end?.exitCode ?? null) : null,
    signal: why === 'signalled' ? (end?.signal ?? null) : null,
    hints,
    stdout: stdout.kept(),
    stderr: stderr.kept(),
    truncated: stdout.truncated || stderr.truncated,
    durationMs,
    evidence: swept === null ? {} : { killed: swept.killed, left: [] },
  };
}

/** Kills the command's tree and every younger orphan outside the trees of other commands. */
function sweep(sandbox: FakeSandbox, rootPid: number, firstPid: number) {
  const others = [...sandbox.executions.values()].flatMap((execution) => sandbox.tree(execution.root));
  const doomed = [...sandbox.processes.values()].filter(
    (process) => process.pid >= firstPid && !others.includes(process),
  );
  const root = sandbox.processes.get(rootPid);
  const own = root === undefined ? [] : sandbox.tree(root);
  const othersKilled = others.length > 0 && doomed.some((process) => !own.includes(process));
  const killed = doomed.map((process) => process.pid);
  sandbox.signal(doomed, SIGKILL);
  return { killed, othersKilled };
}
