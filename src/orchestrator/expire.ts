import { keepTrying } from '../lib/keep-trying.ts';
import type { ActionRecord } from '../model/action.ts';
import type { ExpiryNotice, StoreTransaction } from '../store/store.ts';
import type { OrchestratorContext } from './context.ts';
import { expiredError, moveAction, toActionError } from './moves.ts';

/** Time enough to find somebody, and not so early that it is forgotten again. */
const NOTICE: ExpiryNotice = { part: 4, atMostMs: 10 * 60_000 };

export interface Expiry {
  /** Sets the timer for the next expiry, or warning of one, there is. Call it after anything that can expire was recorded. */
  arm(): Promise<void>;
  stop(): void;
}

/** Moves what waited too long, and warns before it does, when the clock says so. */
export function createExpiry(ctx: OrchestratorContext): Expiry {
  let timer: Disposable | null = null;
  const stopping = new AbortController();
  let round = 0;

  async function arm(): Promise<void> {
    round += 1;
    const mine = round;
    const at = await nextDue(ctx);
    // A later call has looked at newer rows.
    if (stopping.signal.aborted || mine !== round) return;
    timer?.[Symbol.dispose]();
    timer = at === null ? null : ctx.clock.after(Math.max(0, at - ctx.clock.now()), fire);
  }

  async function settleDue(): Promise<void> {
    let next: number | null;
    do {
      await expireDue(ctx);
      await warnDue(ctx);
      next = await nextDue(ctx);
      // Time went on meanwhile.
    } while (next !== null && next <= ctx.clock.now() && !stopping.signal.aborted);
    await arm();
  }

  function fire(): void {
    const onFailure = (error: unknown) =>
      ctx.log.error({ err: error }, 'expired actions could not be settled');
    // It rejects only once it was stopped, and then the next start settles them.
    keepTrying(settleDue, { clock: ctx.clock, signal: stopping.signal, onFailure }).catch(onFailure);
  }

  return {
    arm,
    stop() {
      stopping.abort();
      timer?.[Symbol.dispose]();
      timer = null;
    },
  };
}

/** When the next action expires or is to be warned of; null when none is. */
async function nextDue({ store }: OrchestratorContext): Promise<number | null> {
  const times = await Promise.all([store.nextActionExpiry(), store.nextActionWarning(NOTICE)]);
  const known = times.filter((at) => at !== null);
  return known.length === 0 ? null : Math.min(...known);
}

/** Settles everything that is due, in one transaction. */
export async function expireDue(ctx: OrchestratorContext): Promise<void> {
  const due = await ctx.store.actionsToExpire(ctx.clock.now());
  if (due.length === 0) return;
  await ctx.store.transaction(async (tx) => {
    for (const action of await tx.actionsToExpire(ctx.clock.now())) await expireAction(ctx, tx, action);
  });
}

/** Announces what is about to expire, once: the event itself is the note that it was done. */
async function warnDue(ctx: OrchestratorContext): Promise<void> {
  const due = await ctx.store.actionsToWarn(ctx.clock.now(), NOTICE);
  if (due.length === 0) return;
  await ctx.store.transaction(async (tx) => {
    for (const { id, expiresAt } of await tx.actionsToWarn(ctx.clock.now(), NOTICE)) {
      if (expiresAt !== null) await tx.appendEvent({ type: 'action.expiring', actionId: id, expiresAt });
    }
  });
}

export async function expireAction(
  ctx: OrchestratorContext,
  tx: StoreTransaction,
  action: ActionRecord,
): Promise<ActionRecord | null> {
  const now = ctx.clock.now();
  return moveAction(tx, ctx.agents, action, {
    to: 'EXPIRED',
    patch: { finishedAt: now, error: toActionError(expiredError(action)) },
    audit: { type: 'action.expired', actor: 'system', data: { expiresAt: action.expiresAt } },
  });
}
