import type { AppError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import type { EventBody } from '../../model/event.ts';
import { type ThreadRef, threadKey } from '../../model/thread.ts';
import type { Store } from '../../store/store.ts';
import type { StoredRequest } from './stored-request.ts';

/** Of refusals that nobody could be told: a flood of them must not become a flood of notices. */
const ONE_EACH_MS = 60_000;
/** Askers remembered at most. */
const MAX_REMEMBERED = 1000;

/**
 * The notice of an answer that could not be given. `words` are for the asker: they go where the asker alone reads, and where there is no
 * such place nobody gets them. Others learn that there was a request, never what was asked or answered.
 */
export function untoldNotice(
  request: StoredRequest,
  privateRoom: ThreadRef | null,
  words: string,
): Extract<EventBody, { type: 'notice' }> {
  if (privateRoom !== null) {
    const title = 'A request of yours was not answered';
    return { type: 'notice', thread: privateRoom, title, text: words, tone: 'warning' };
  }
  return {
    type: 'notice',
    thread: request.thread,
    title: `${request.displayName}: a request was not answered`,
    text: 'What was asked and answered is not for everybody and is not shown here. Please ask again.',
    tone: 'warning',
  };
}

export interface Untold {
  /** Of a request that was refused and left no row: at most one notice a minute for each person and place. Never throws. */
  note(request: StoredRequest, error: AppError): Promise<void>;
}

export function createUntold(deps: {
  store: Pick<Store, 'transaction'>;
  clock: Clock;
  log: Logger;
  privateRoomOf: (request: StoredRequest) => ThreadRef | null;
}): Untold {
  const { store, clock, log, privateRoomOf } = deps;
  const noted = new Map<string, number>();

  function isDue(who: string): boolean {
    const now = clock.monotonic();
    const last = noted.get(who);
    if (last !== undefined && now - last < ONE_EACH_MS) return false;
    noted.delete(who);
    noted.set(who, now);
    const [oldest] = noted.keys();
    if (noted.size > MAX_REMEMBERED && oldest !== undefined) noted.delete(oldest);
    return true;
  }

  return {
    async note(request, error) {
      if (!isDue(`${request.principal} ${threadKey(request.thread)}`)) return;
      const hint = error.hint === undefined ? '' : ` (${error.hint})`;
      const words = `${error.code}: ${error.message}${hint}`;
      try {
        await store.transaction(async (tx) => {
          await tx.appendEvent(untoldNotice(request, privateRoomOf(request), words));
        });
      } catch (failure) {
        log.warn({ err: failure, code: error.code }, 'a refusal could be told to nobody');
      }
    },
  };
}
