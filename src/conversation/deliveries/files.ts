import type { AgentManager } from '../../agents/types.ts';
import { escapeText } from '../../lib/escape-text.ts';
import type { ActionRecord } from '../../model/action.ts';
import type { FileContent } from '../../model/delivery.ts';
import type { StoreReads } from '../../store/store.ts';
import { type CardRoom, codeOf, isCodeCut } from '../cards/action-card.ts';
import { isOutputCut, MAX_OUTPUT_LINES } from '../cards/output.ts';
import type { UploadFile } from '../channel.ts';

/** A control character of one byte becomes four characters (`\x1b`), five bytes of JSON; no other grows more. */
const ESCAPED_AT_MOST = 4;
const JSON_AT_MOST = 5;

/** True when the card of a finished action may leave out some of its output; the file itself is looked at when it is sent. */
export function mayCutOutput(
  action: Pick<ActionRecord, 'result' | 'payload' | 'approval'>,
  { outputCharacters, codeCharacters }: CardRoom,
): boolean {
  const exec = action.result?.exec;
  if (exec === undefined || exec.outputFile === null) return false;
  const bytes = exec.stdoutBytes + exec.stderrBytes;
  if (!Number.isFinite(codeCharacters)) return bytes > outputCharacters;
  if (bytes > MAX_OUTPUT_LINES || bytes * ESCAPED_AT_MOST > outputCharacters) return true;
  const codeBytes = Buffer.byteLength(codeOf(action)?.text ?? '');
  return (bytes + codeBytes) * JSON_AT_MOST > outputCharacters + codeCharacters;
}

/**
 * What an action's card has no room for, as a text in which invisible characters are escaped as they are on the card. Null when the card
 * shows all of it, or when it is not kept any more. Throws INTERNAL for a damaged output.
 */
export async function fileOf(
  deps: { store: StoreReads; agents: Pick<AgentManager, 'keptOutput'> },
  { actionId, what }: { actionId: string; what: FileContent },
  room: CardRoom,
): Promise<UploadFile | null> {
  const action = await deps.store.action(actionId);
  if (action === null) return null;
  const text = what === 'payload' ? cutCode(action, room) : await cutOutput(deps.agents, action, room);
  if (text === null) return null;
  return { name: `${what}-${actionId}.txt`, bytes: Buffer.byteLength(text), content: { text } };
}

function cutCode(action: ActionRecord, room: CardRoom): string | null {
  const code = codeOf(action);
  return code === null || !isCodeCut(action, room.codeCharacters) ? null : escapeText(code.text);
}

async function cutOutput(
  agents: Pick<AgentManager, 'keptOutput'>,
  action: ActionRecord,
  room: CardRoom,
): Promise<string | null> {
  const kept = await agents.keptOutput(action.id);
  if (kept === null || !isOutputCut(kept.text, codeOf(action)?.text ?? '', room)) return null;
  return escapeText(kept.text);
}
