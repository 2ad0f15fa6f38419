import type { Inbox } from '../../src/conversation/channel.ts';
import { escapeLine } from '../../src/lib/escape-text.ts';
import { TERMINAL_THREAD } from './session.ts';

const ROOT_WORDS = ['/agent ', '/as ', '/exit', '/help '];

/** What may replace the last word of the line, and that word: the answer readline wants. */
export async function completeLine(
  line: string,
  inbox: Pick<Inbox, 'complete'>,
  principal: string,
): Promise<[string[], string]> {
  const word = /\S*$/.exec(line)?.[0] ?? '';
  const root = /^\s*\/agent\s+/.exec(line)?.[0];
  if (root === undefined && /^\s*\/\S*$/.test(line)) {
    return [ROOT_WORDS.filter((candidate) => candidate.startsWith(word)), word];
  }
  if (root === undefined && line.trimStart().startsWith('/')) return [[], word];
  const choices = await inbox.complete({
    principal,
    groups: [],
    thread: TERMINAL_THREAD,
    text: root === undefined ? line.trimStart() : line.slice(root.length),
  });
  const values = choices
    .map(({ value }) => value)
    // A value that has to be escaped could not be typed as it is shown.
    .filter((value) => value.startsWith(word) && escapeLine(value) === value);
  return [values.length === 1 ? values.map((value) => `${value} `) : values, word];
}
