import { AppError } from '../errors.ts';
import { ROOT_WORD } from '../lib/root-word.ts';
import { formatDuration } from '../lib/format.ts';
import { quote } from '../lib/quote.ts';
import type { ActionDraft } from './types.ts';

/** One argument of a Linux process is at most 128 KiB; half of it leaves room, and nobody reviews more. */
export const MAX_COMMAND_BYTES = 64 * 1024;
/** Names and ids are far shorter; longer ones are a slip or an attack. */
const MAX_WORD_CHARACTERS = 200;
/** Shown whole on every card. */
export const MAX_NOTE_CHARACTERS = 500;
/** Below this the start of a process is what times out. */
export const MIN_EXEC_TIMEOUT_MS = 100;
/** A command that takes longer belongs into the background of its agent. */
export const MAX_EXEC_TIMEOUT_MS = 3_600_000;
/** What the agents room takes, too. */
const MIN_TIME_TO_LIVE_MS = 1000;
const MAX_TIME_TO_LIVE_MS = 30 * 86_400_000;

/** Refuses what no later step may meet: NUL bytes, broken text, absurd lengths and times. Throws INVALID_INPUT, TOO_LONG. */
export function checkDraft(draft: ActionDraft): void {
  switch (draft.kind) {
    case 'agent.create':
      for (const word of [
        draft.params.name,
        draft.params.skill,
        draft.params.image,
        draft.params.sandboxType,
      ]) {
        if (word !== undefined) checkText('the option', word, MAX_WORD_CHARACTERS);
      }
      // Ranges are the agents room's business.
      return;
    case 'agent.exec':
      checkText('the agent', draft.params.agent, MAX_WORD_CHARACTERS);
      checkCommand(draft.params.command);
      return checkTime('--timeout', draft.params.timeoutMs, MIN_EXEC_TIMEOUT_MS, MAX_EXEC_TIMEOUT_MS);
    case 'agent.extend':
      checkText('the agent', draft.params.agent, MAX_WORD_CHARACTERS);
      return checkTime('the time', draft.params.timeToLiveMs, MIN_TIME_TO_LIVE_MS, MAX_TIME_TO_LIVE_MS);
    case 'agent.pause':
    case 'agent.resume':
    case 'agent.stop':
      return checkText('the agent', draft.params.agent, MAX_WORD_CHARACTERS);
    case 'agent.stop-all':
      return checkConfirm(draft.params.confirm);
    case 'config.reload':
      return;
  }
}

/** A voter's words. */
export function checkNote(note: string): void {
  checkText('the note', note, MAX_NOTE_CHARACTERS);
}

function checkCommand(command: string): void {
  const bytes = Buffer.byteLength(command);
  if (bytes > MAX_COMMAND_BYTES) {
    throw new AppError(
      'TOO_LONG',
      `refused a command of ${bytes} bytes: at most ${MAX_COMMAND_BYTES} are allowed (it begins ${quote(command)})`,
      { hint: 'write the text to a file inside the agent and run that' },
    );
  }
  if (command.trim() === '') {
    throw new AppError('INVALID_INPUT', 'refused an empty command', {
      hint: 'write the command after the agent: exec box -- ls',
    });
  }
  checkCharacters('the command', command);
}

function checkText(what: string, text: string, maxCharacters: number): void {
  if (text.length > maxCharacters) {
    throw new AppError(
      'TOO_LONG',
      `refused ${what} ${quote(text)}: ${text.length} characters, at most ${maxCharacters} are allowed`,
      { hint: 'write it shorter' },
    );
  }
  checkCharacters(what, text);
}

function checkCharacters(what: string, text: string): void {
  const nul = text.indexOf('\0');
  if (nul !== -1) {
    throw new AppError(
      'INVALID_INPUT',
      `refused ${what} ${quote(text)}: character ${nul + 1} is a NUL byte, and no program can be given one`,
      { hint: 'remove it' },
    );
  }
  if (!text.isWellFormed()) {
    throw new AppError('INVALID_INPUT', `refused ${what} ${quote(text)}: it is no valid Unicode text`, {
      hint: 'send it as UTF-8',
    });
  }
}

function checkTime(what: string, timeMs: number | undefined, min: number, max: number): void {
  if (timeMs === undefined || (Number.isInteger(timeMs) && timeMs >= min && timeMs <= max)) return;
  throw new AppError(
    'INVALID_INPUT',
    `refused ${what} of ${timeMs >= 0 && Number.isFinite(timeMs) ? formatDuration(timeMs) : `${timeMs} ms`}: allowed is ${formatDuration(min)} to ${formatDuration(max)}`,
    { hint: 'write a duration such as 30s, 10m or 8h' },
  );
}

function checkConfirm(confirm: number): void {
  if (Number.isSafeInteger(confirm) && confirm >= 0) return;
  throw new AppError('INVALID_INPUT', `refused stop-all: ${confirm} is no number of agents`, {
    hint: `type the number of live agents: ${ROOT_WORD} stop-all 3`,
  });
}
