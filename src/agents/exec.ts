import { AppError, toAppError } from '../errors.ts';
import { formatDuration, formatMb } from '../lib/format.ts';
import { newExecId } from '../lib/ids.ts';
import type { ActionResult, ExecResult } from '../model/action.ts';
import type { AgentInstance } from '../model/agent.ts';
import type { EndCause } from '../model/ends.ts';
import type { ExecOutcome, OutputSink } from '../sandboxes/sandbox.ts';
import { warnedForTimeToLive } from './lifetimes.ts';
import { createOutputKeeper, type OutputKeeper } from './output-files.ts';
import { type LiveSandbox, requireFound, requireOpen, type Room, type RunningCommand } from './room.ts';
import type { Place } from './runtime-queue.ts';
import { requireStatus } from './states.ts';
import { beginOperation, commit, failed } from './steps.ts';
import type { ExecAsk, StepOutcome, Steps } from './types.ts';

/** A driver tells the end of a command soon after its sandbox ended; one that does not is not waited for longer. */
const OUTCOME_AFTER_END_MS = 5000;

/** The end of a sandbox is promised to be noticed within this. */
const NOTICED_WITHIN_MS = 2000;

/** Runs a command in a RUNNING agent. State changes wait only until it has started. */
export async function execInAgent(
  room: Room,
  agentId: string,
  ask: ExecAsk,
  sink: OutputSink,
  steps: Steps,
): Promise<void> {
  const command: RunningCommand = { agentId, abort: new AbortController(), why: null };
  // Known before it is on record as begun, so that a cancel always finds it.
  room.commands.set(ask.actionId, command);
  const place = room.queue.place();
  try {
    await room.lanes.shared(agentId, async (leave) => {
      const begun = await beginOperation(room, steps, {
        async guard(tx) {
          const agent = requireFound(await tx.agent(agentId), agentId);
          requireStatus('exec', agent);
          requireOpen(room);
          const sandbox = room.sandboxes.get(agentId);
          if (sandbox === undefined || sandbox.handle.containerId !== agent.containerId) throw notHere(agent);
          place.take();
          return { agent, sandbox };
        },
        async write(tx, { agent }) {
          await tx.updateAgent(agentId, { from: ['RUNNING'] }, usedNow(room, agent));
        },
      });
      if (begun === null) return;
      const { agent, sandbox } = begun.value;
      // The manager may have begun to stop while the transaction was written.
      if (room.closing) abortCommand(command, 'stopped');
      await run(room, agent, sandbox, { ask, sink, steps, command, place, leave });
    });
  } finally {
    place.leave();
    room.commands.delete(ask.actionId);
  }
}

/** Lets the driver do what it can before the command is on record; only where a slot of the runtime is free anyway. */
export function expectExec(room: Room, agentId: string): void {
  const live = room.sandboxes.get(agentId);
  if (
    room.closing ||
    live === undefined ||
    live.creating !== null ||
    live.stopping ||
    live.overCause !== null
  )
    return;
  if (room.queue.hasFreeSlot) live.driver.expectExec?.(live.handle);
}

interface Run {
  ask: ExecAsk;
  sink: OutputSink;
  steps: Steps;
  command: RunningCommand;
  place: Place;
  /** Lets state changes of the agent go on. */
  leave: () => void;
}

async function run(room: Room, agent: AgentInstance, live: LiveSandbox, one: Run): Promise<void> {
  const keeper = createOutputKeeper(room.dataDir, one.ask.actionId);
  let outcome: ExecOutcome | AppError;
  try {
    outcome = await one.place.run((free) => call(room, live, one, keeper, free));
  } catch (error) {
    outcome = toAppError(error);
  }
  // Told first as the agent's end: whoever reads that the command lost its sandbox must not read that the agent runs.
  if (!(outcome instanceof AppError) && LOST.has(outcome.cause)) await noticed(room, live);
  const step = await toStepOutcome(room, agent, live, one, outcome, keeper);
  await commit(room, async (tx) => {
    const present = await tx.agent(agent.id);
    if (present?.containerId === live.handle.containerId) {
      await tx.updateAgent(agent.id, { from: ['RUNNING', 'PAUSED'] }, usedNow(room, present));
    }
    await one.steps.settle(tx, step);
  });
}

/** The driver's outcome, or what is known once the sandbox has ended without one. */
async function call(
  room: Room,
  live: LiveSandbox,
  { ask, sink, command, leave }: Run,
  keeper: OutputKeeper,
  free: () => void,
): Promise<ExecOutcome> {
  command.abort.signal.throwIfAborted();
  const startedAt = room.clock.monotonic();
  const running = live.driver.exec(
    live.handle,
    { execId: newExecId(), command: { shell: ask.shell }, timeoutMs: ask.timeoutMs },
    {
      async write(stream, chunk) {
        keeper.push(chunk);
        await sink.write(stream, chunk);
      },
      started() {
        free();
        leave();
        sink.started?.();
      },
    },
    command.abort.signal,
  );
  const ended = Promise.withResolvers<ExecOutcome>();
  let timer: Disposable | null = null;
  void live.over.then((cause) => {
    timer = room.clock.after(OUTCOME_AFTER_END_MS, () =>
      ended.resolve(lostOutcome(cause, room.clock.monotonic() - startedAt)),
    );
  });
  try {
    return await Promise.race([running, ended.promise]);
  } finally {
    dispose(timer);
  }
}

const LOST: ReadonlySet<EndCause> = new Set(['out-of-memory', 'sandbox-lost']);

async function noticed(room: Room, live: LiveSandbox): Promise<void> {
  const waited = Promise.withResolvers<void>();
  using _timer = room.clock.after(NOTICED_WITHIN_MS, waited.resolve);
  await Promise.race([live.over, waited.promise]);
}

function dispose(timer: Disposable | null): void {
  timer?.[Symbol.dispose]();
}

function lostOutcome(cause: EndCause, durationMs: number): ExecOutcome {
  const nothing = { head: new Uint8Array(), tail: new Uint8Array(), totalBytes: 0 };
  return {
    exitCode: null,
    cause,
    signal: null,
    hints: [],
    stdout: nothing,
    stderr: nothing,
    truncated: false,
    durationMs,
    evidence: { outcomeFromDriver: false },
  };
}

async function toStepOutcome(
  room: Room,
  agent: AgentInstance,
  live: LiveSandbox,
  { ask, command }: Run,
  outcome: ExecOutcome | AppError,
  keeper: OutputKeeper,
): Promise<StepOutcome> {
  if (outcome instanceof AppError) {
    if (command.why === 'cancelled') return failed(endError('cancelled', agent, ask), 'CANCELLED');
    if (command.why === 'stopped' || live.stopping) return failed(endError('stopped', agent, ask));
    return failed(outcome);
  }
  const cause = trueCause(outcome.cause, live, command);
  const kept = await save(room, ask.actionId, keeper);
  const exec: ExecResult = {
    success: cause === 'exited' && outcome.exitCode === 0,
    exitCode: cause === 'exited' ? outcome.exitCode : null,
    cause,
    signal: outcome.signal,
    hints: outcome.hints,
    timedOut: cause === 'timed-out',
    truncated: outcome.truncated,
    durationMs: Math.round(outcome.durationMs),
    stdoutBytes: outcome.stdout.totalBytes,
    stderrBytes: outcome.stderr.totalBytes,
    outputFile: kept.file?.outputFile ?? null,
    outputSha256: kept.file?.outputSha256 ?? null,
  };
  const result: ActionResult = {
    exec,
    evidence: outcome.evidence,
    ...(kept.problem === null ? {} : { message: kept.problem }),
  };
  // What ends by itself is a result, whatever its code.
  if (cause === 'exited' || cause === 'signalled') return { ok: true, result };
  const status = cause === 'cancelled' ? 'CANCELLED' : cause === 'unknown' ? 'UNKNOWN' : 'FAILED';
  return failed(endError(cause, agent, ask), status, result);
}

/** What was observed outside the driver's call wins: who aborted, whether a stop was under way, why the sandbox ended. */
function trueCause(cause: EndCause, live: LiveSandbox, command: RunningCommand): EndCause {
  if (cause === 'cancelled') return command.why ?? 'cancelled';
  // The removal of a sandbox that ended by itself looks like a stop from inside the driver.
  if (cause === 'stopped' && !live.stopping && !command.why && live.overCause !== null)
    return endOf(live.overCause);
  if (cause !== 'sandbox-lost' && cause !== 'unknown') return cause;
  if (live.stopping) return 'stopped';
  return live.overCause === 'out-of-memory' ? 'out-of-memory' : cause;
}

function endOf(cause: EndCause): EndCause {
  return cause === 'out-of-memory' ? cause : 'sandbox-lost';
}

async function save(
  room: Room,
  actionId: string,
  keeper: OutputKeeper,
): Promise<{ file: Awaited<ReturnType<OutputKeeper['save']>>; problem: string | null }> {
  try {
    return { file: await keeper.save(), problem: null };
  } catch (error) {
    // The command's end matters more than its output: it is told, with this gap.
    room.log.warn({ actionId, error: String(error) }, 'output could not be kept');
    return { file: null, problem: 'its output could not be kept: the data directory cannot be written' };
  }
}

function endError(cause: EndCause, agent: AgentInstance, ask: ExecAsk): AppError {
  switch (cause) {
    case 'timed-out':
      return new AppError(
        'RUNTIME_TIMEOUT',
        `the command was ended at its timeout of ${formatDuration(ask.timeoutMs)}`,
        {
          hint: 'Give it longer with --timeout.',
        },
      );
    case 'cancelled':
      return new AppError('CANCELLED', 'the command was cancelled');
    case 'stopped':
      return new AppError('CANCELLED', `the command was ended because agent ${agent.name} was stopped`);
    case 'out-of-memory':
      return new AppError(
        'SANDBOX_LOST',
        `out of memory: more than ${formatMb(agent.limits.memoryMb)} were needed`,
        {
          hint: 'Create an agent with more --memory.',
        },
      );
    case 'sandbox-lost':
      return new AppError('SANDBOX_LOST', `the sandbox of agent ${agent.name} ended while the command ran`, {
        hint: 'Create a new agent.',
      });
    case 'exited':
    case 'signalled':
    case 'unknown':
      return new AppError('RUNTIME_FAILED', 'it is not known how the command ended');
  }
}

/** Ends a command with a cause of its own. */
export function abortCommand(command: RunningCommand, why: 'cancelled' | 'stopped'): void {
  command.why ??= why;
  command.abort.abort(new AppError('CANCELLED', `the command was ${why}`));
}

function usedNow(room: Room, agent: AgentInstance) {
  return { lastUsedAt: room.clock.now(), warnedAt: warnedForTimeToLive(agent) ? agent.warnedAt : null };
}

function notHere(agent: AgentInstance): AppError {
  return new AppError('SANDBOX_LOST', `the sandbox of agent ${agent.name} is not known to this process`, {
    hint: 'Wait a moment and try again, or create a new agent.',
  });
}
