import { AppError } from '../errors.ts';
import { ROOT_WORD } from '../lib/root-word.ts';
import type { ActionRecord } from '../model/action.ts';
import type { Actor } from '../model/principal.ts';
import type { StoreReads, StoreTransaction } from '../store/store.ts';

/** True when this person was shown the whole of exactly this payload. */
export async function hasRead(
  reads: Pick<StoreReads, 'setting'>,
  action: Pick<ActionRecord, 'id' | 'payloadHash'>,
  actor: Pick<Actor, 'personId'>,
): Promise<boolean> {
  return (await reads.setting(settingName(action.id, actor.personId))) === action.payloadHash;
}

/** Writes down that it was shown, whole; the store drops it once the action does not wait any more. */
export async function recordReading(
  tx: Pick<StoreTransaction, 'setSetting'>,
  action: Pick<ActionRecord, 'id' | 'payloadHash'>,
  actor: Pick<Actor, 'personId'>,
): Promise<void> {
  await tx.setSetting(settingName(action.id, actor.personId), action.payloadHash);
}

export function notRead(action: Pick<ActionRecord, 'id'>): AppError {
  return new AppError(
    'PAYLOAD_NOT_READ',
    `what action ${action.id} runs is too long for the card, and you have not opened the whole of it`,
    { hint: `press View full on the card (or: ${ROOT_WORD} view ${action.id}), read it, and approve again` },
  );
}

function settingName(actionId: string, personId: string): string {
  return `viewed:${actionId}:${personId}`;
}
