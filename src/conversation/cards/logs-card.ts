import type { AnswerOf } from '../../commands/answers.ts';
import { escapeText } from '../../lib/escape-text.ts';
import { count } from '../../lib/format.ts';
import type { ActionRecord } from '../../model/action.ts';
import type { Card } from '../card.ts';
import { card } from './blank.ts';
import { headAndTail } from './output.ts';
import { readPayload } from './payload.ts';
import { causeInWords } from './words.ts';

/** So that twenty long command lines leave room for output. */
const COMMAND_CHARACTERS = 500;
/** Some of every output is shown, however small the channel. */
const MIN_CHARACTERS_EACH = 200;

/** The last commands with their output, oldest first, as one text; each gets its share of the room. */
export function logsCard({ agent, entries }: AnswerOf<'logs'>, outputCharacters: number): Card {
  const title = `Logs of ${agent.name}: ${count(entries.length, 'command')}`;
  if (entries.length === 0) return card('list', title, { text: ['No command has run in it.'] });
  const each = Math.max(MIN_CHARACTERS_EACH, Math.floor(outputCharacters / entries.length));
  let totalBytes = 0;
  let truncated = false;
  const parts = entries.map(({ action, output }) => {
    const command = headAndTail(readPayload(action.payload).params.command ?? '', COMMAND_CHARACTERS);
    const kept = headAndTail(output?.text ?? '', each);
    totalBytes += output?.totalBytes ?? 0;
    truncated ||= command.cut || kept.cut || (output?.truncated ?? false);
    const body = kept.text === '' || kept.text.endsWith('\n') ? kept.text : `${kept.text}\n`;
    return `$ ${command.text}\n${body}[${action.id}: ${outcome(action)}]`;
  });
  return card('list', title, {
    output: { text: escapeText(parts.join('\n\n')), totalBytes, fromByte: 0, truncated, live: false },
  });
}

function outcome(action: ActionRecord): string {
  const exec = action.result?.exec;
  return exec === undefined ? action.status : causeInWords(exec.cause, exec);
}
