import { keepTrying } from '../lib/keep-trying.ts';
import type { ActionRecord } from '../model/action.ts';
import { type AgentInstance, isLive } from '../model/agent.ts';
import type { EventRecord } from '../model/event.ts';
import type { StoreReads, StoreTransaction } from '../store/store.ts';
import type { OrchestratorContext } from './context.ts';
import { moveAction } from './moves.ts';

/** Events read at once; a wake-up brings a few. */
const EVENTS_AT_ONCE = 500;

export interface AgentEnds {
  /** Cancels what waits on agents that ended while nobody looked, and from then on what waits when one ends. Twice is once. */
  start(): Promise<void>;
  /** Waits for the look under way. */
  stop(): Promise<void>;
}

/** What waits for an approval on an agent that is gone can never run: it is cancelled, so that nobody decides in vain. */
export function createAgentEnds(ctx: OrchestratorContext): AgentEnds {
  const stopping = new AbortController();
  let subscription: Disposable | null = null;
  let cursor = 0;
  let looking: Promise<void> | null = null;
  let lookAgain = false;
  /** An end was read, and what waited on it is not cancelled yet. */
  let ended = false;

  async function lookAtNews(): Promise<void> {
    for (;;) {
      const events = await ctx.store.eventsAfter(cursor, EVENTS_AT_ONCE);
      ended ||= events.some(isEnd);
      cursor = events.at(-1)?.seq ?? cursor;
      if (events.length < EVENTS_AT_ONCE) break;
    }
    if (!ended) return;
    await cancelWaiting(ctx);
    ended = false;
  }

  /** One look at a time; a commit during it asks for another. */
  function look(): void {
    lookAgain = true;
    looking ??= (async () => {
      while (lookAgain && !stopping.signal.aborted) {
        lookAgain = false;
        await keepTrying(lookAtNews, { clock: ctx.clock, signal: stopping.signal, onFailure });
      }
    })()
      .catch(onFailure)
      .finally(() => {
        looking = null;
      });
  }

  function onFailure(error: unknown): void {
    // The next start looks at everything.
    if (stopping.signal.aborted) return;
    ctx.log.error({ err: error }, 'what waits on agents that ended could not be cancelled');
  }

  return {
    async start() {
      if (subscription !== null) return;
      subscription = ctx.store.onCommit(look);
      cursor = await ctx.store.lastEventSeq();
      await cancelWaiting(ctx);
    },
    async stop() {
      stopping.abort();
      subscription?.[Symbol.dispose]();
      await looking;
    },
  };
}

function isEnd({ body }: EventRecord): boolean {
  if (body.type === 'agent.status') return body.to === 'STOPPED' || body.to === 'ERROR';
  return body.type === 'agent.changed' && body.what === 'cleaned';
}

async function cancelWaiting(ctx: OrchestratorContext): Promise<void> {
  const waiting = await ctx.store.actions({ statuses: ['PENDING'] });
  const ids: string[] = [];
  for (const action of waiting) if ((await endedAgent(ctx.store, action)) !== null) ids.push(action.id);
  if (ids.length === 0) return;
  await ctx.store.transaction(async (tx) => {
    for (const id of ids) {
      const action = await tx.action(id);
      if (action === null || action.status !== 'PENDING') continue;
      const agent = await endedAgent(tx, action);
      if (agent !== null) await cancelWithAgent(ctx, tx, action, agent);
    }
  });
}

/** The agent it is about, when that has ended for good. */
export async function endedAgent(
  reads: Pick<StoreReads, 'agent'>,
  action: ActionRecord,
): Promise<AgentInstance | null> {
  if (action.agentId === null) return null;
  const agent = await reads.agent(action.agentId);
  return agent === null || isLive(agent) ? null : agent;
}

/** Null when somebody moved it first. */
export async function cancelWithAgent(
  ctx: OrchestratorContext,
  tx: StoreTransaction,
  action: ActionRecord,
  agent: AgentInstance,
): Promise<ActionRecord | null> {
  const message = `agent ${agent.name} ended before it was decided: it is ${agent.status}`;
  return moveAction(tx, ctx.agents, action, {
    to: 'CANCELLED',
    patch: {
      finishedAt: ctx.clock.now(),
      error: { code: 'CANCELLED', message, hint: 'create a new agent and ask again' },
    },
    audit: { type: 'action.cancelled', actor: 'system', data: { reason: message } },
  });
}
