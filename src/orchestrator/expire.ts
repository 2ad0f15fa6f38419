import { keepTrying } from '../lib/keep-trying.ts';
import type { ActionRecord } from '../model/action.ts';
import type { StoreTransaction } from '../store/store.ts';
import type { OrchestratorContext } from './context.ts';
import { expiredError, moveAction, toActionError } from './moves.ts';

export interface Expiry {
  /** Sets the timer for the next expiry there is. Call it after anything that can expire was recorded. */
  arm(): Promise<void>;
  stop(): void;
}

/** Moves what waited too long, when the clock says so. */
export function createExpiry(ctx: OrchestratorContext): Expiry {
  let timer: Disposable | null = null;
  const stopping = new AbortController();
  let round = 0;

  async function arm(): Promise<void> {
    round += 1;
    const mine = round;
    const at = await ctx.store.nextActionExpiry();
    // A later call has looked at newer rows.
    if (stopping.signal.aborted || mine !== round) return;
    timer?.[Symbol.dispose]();
    timer = at === null ? null : ctx.clock.after(Math.max(0, at - ctx.clock.now()), fire);
  }

  async function settleDue(): Promise<void> {
    await expireDue(ctx);
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

/** Settles everything that is due, in one transaction. */
export async function expireDue(ctx: OrchestratorContext): Promise<void> {
  const due = await ctx.store.actionsToExpire(ctx.clock.now());
  if (due.length === 0) return;
  await ctx.store.transaction(async (tx) => {
    for (const action of await tx.actionsToExpire(ctx.clock.now())) await expireAction(ctx, tx, action);
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
