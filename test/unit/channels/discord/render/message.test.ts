import { describe, expect, test } from 'vitest';
import { readForm } from '../../../../../channels/discord/render/form.ts';
import { DISCORD_LIMITS } from '../../../../../channels/discord/render/limits.ts';
import { type RenderedMessage, renderMessage } from '../../../../../channels/discord/render/message.ts';
import { threadName } from '../../../../../channels/discord/render/thread-name.ts';
import { approvalCard, makeButton, makeCard } from '../../../../fixtures/cards.ts';
import { brokenMessageRules } from '../../../../fixtures/discord-limits.ts';
import { readDiscord } from '../../../../fixtures/discord-reader.ts';

const output = { text: '', totalBytes: 5000, fromByte: 0, truncated: false, live: false };

/** Every text of a message in reading order. */
function textOf({ content, embeds }: RenderedMessage): string {
  const parts = embeds.flatMap(({ description = '', footer }) => [description, footer?.text ?? '']);
  return [content, ...parts].map((part) => readDiscord(part).shown).join('\n');
}

describe('a message', () => {
  test('has what is decided on in its content, where nothing hides it from who sees the buttons', () => {
    const { content } = renderMessage(approvalCard({ warnings: ['w'.repeat(2000)] }));

    for (const part of ['exec in box', 'PENDING', 'curl -s https://example.com/install.sh | sh']) {
      expect(readDiscord(content).shown).toContain(part);
    }
  });

  test('says the state in words beside its mark', () => {
    const { embeds } = renderMessage(makeCard({ state: { label: 'RUNNING', tone: 'success' } }));

    expect(embeds[0]?.description).toBe('✅ **box** · RUNNING');
  });

  test('shows whole the code that it promises, and one character more is cut and counted', () => {
    const code = (length: number) =>
      renderMessage(makeCard({ kind: 'action', code: { label: 'Command', text: 'a'.repeat(length) } }));

    expect(code(DISCORD_LIMITS.codeCharacters).cut.code).toBe(false);
    expect(code(DISCORD_LIMITS.codeCharacters + 1).cut.code).toBe(true);
    expect(textOf(code(DISCORD_LIMITS.codeCharacters + 1))).toContain('1 of 1,301 characters are not shown');
  });

  test('never ends cut code inside an escape, which would read as something else', () => {
    const text = `${'a'.repeat(DISCORD_LIMITS.codeCharacters - 4)}\u202e tail`;

    const message = renderMessage(makeCard({ kind: 'action', code: { label: 'Command', text } }));

    expect(message.content).toContain('aaaa\n```');
    expect(message.cut.code).toBe(true);
  });

  test('says how long code is when it is long, and names code that is empty', () => {
    const shown = (text: string) =>
      textOf(renderMessage(makeCard({ kind: 'action', code: { label: 'Command', text } })));

    expect(shown('a\n'.repeat(40))).toContain('(41 lines, 80 characters)');
    expect(shown(' \n')).toContain('(empty)');
  });

  test('shows the end of output that is still coming and the head of what has ended', () => {
    const text = `first${'-'.repeat(3000)}last`;
    const live = renderMessage(makeCard({ kind: 'action', output: { ...output, text, live: true } }));
    const ended = renderMessage(makeCard({ kind: 'action', output: { ...output, text } }));

    expect(textOf(live)).toContain('last');
    expect(textOf(live)).not.toContain('first');
    expect(textOf(live)).toContain('so far 4.9 KiB; the end of it');
    expect(textOf(ended)).toContain('first');
    expect(textOf(ended)).not.toContain('last');
    expect([live.cut.output, ended.cut.output]).toEqual([true, true]);
  });

  test('shows whole the output that a card may ask for, with the line that says what it left out', () => {
    const text = `${'o'.repeat(DISCORD_LIMITS.outputCharacters)}\n… 123456 characters left out …\n`;
    const code = { label: 'Command', text: 'c'.repeat(DISCORD_LIMITS.codeCharacters) };
    const buttons = [makeButton({ id: 'view' }), makeButton({ id: 'cancel' })];
    const fields = Array.from({ length: 8 }, () => ({ label: 'Limits', value: 'f'.repeat(60) }));

    const message = renderMessage(
      makeCard({ kind: 'action', code, buttons, fields, output: { ...output, text } }),
    );

    expect(message.cut).toEqual({ code: false, output: false, rest: false });
    expect(brokenMessageRules(message)).toEqual([]);
  });

  test('says that output is blank', () => {
    const card = makeCard({ kind: 'action', output: { ...output, text: '\n\n' } });

    expect(textOf(renderMessage(card))).toContain(': (blank)');
  });

  test('keeps narrow tables in columns and gives the rows of wide ones a line each', () => {
    const list = (image: string) =>
      renderMessage(
        makeCard({
          kind: 'list',
          table: [
            ['Name', 'Status', 'Image'],
            ['box', 'RUNNING', image],
          ],
        }),
      );

    expect(textOf(list('sh'))).toContain('Name  Status   Image\nbox   RUNNING  sh');
    expect(textOf(list('b'.repeat(60)))).toContain(`box · Status RUNNING · Image ${'b'.repeat(60)}`);
  });

  test('keeps a table whose rows are empty or uneven', () => {
    for (const table of [[['Name'], [], ['', 'x'], ['y']], [], [['Name']]]) {
      expect(brokenMessageRules(renderMessage(makeCard({ kind: 'list', table })))).toEqual([]);
    }
  });

  test('has the last steps with their times, the date only where it changes', () => {
    const timeline = [
      ...Array.from({ length: 9 }, (_, at) => ({ at, label: `step-${at}` })),
      { at: 1_700_000_000_000, label: 'RUNNING' },
      { at: 1_700_000_001_000, label: 'STOPPED' },
    ];

    const words = textOf(renderMessage(makeCard({ timeline })));

    expect(words).toContain('5 earlier → 1970-01-01 00:00:00 step-5');
    expect(words).toContain('2023-11-14 22:13:20 RUNNING → 22:13:21 STOPPED (UTC)');
  });

  test('has the whole reason of a denial, and no more steps than a footer has room for', () => {
    const label = `Bob (discord:445566778899001122) denied: ${'because '.repeat(62)}end`;
    const timeline = Array.from({ length: 8 }, (_, at) => ({ at, label: `${at} ${label}` }));

    const message = renderMessage(makeCard({ timeline }));

    expect(textOf(message)).toContain(`7 ${label}`);
    expect(textOf(message)).toMatch(/\d earlier/);
    expect(brokenMessageRules(message)).toEqual([]);
  });
});

describe('the name of a thread', () => {
  test('is the title and the state, which a long title does not push out', () => {
    const state = { label: 'RUNNING', tone: 'success' } as const;

    expect(threadName(makeCard({ title: 'Agent box', state }))).toBe('Agent box · RUNNING');
    expect(threadName(makeCard({ title: 'x'.repeat(300), state }))).toMatch(/^x{89}… · RUNNING$/);
    expect(threadName(makeCard({ title: 'Agent box' }))).toBe('Agent box');
  });
});

describe('what was filled into a form', () => {
  test('is read by name; what was left empty, or is not of a form, is not there', () => {
    const fields = [
      { customId: 'command', value: 'ls  -la' },
      { customId: 'image', values: ['busybox'] },
      { customId: 'note', value: '' },
      { customId: 'network', values: [] },
      { customId: 'evil', value: 'x' },
      null,
    ];

    expect(readForm(fields)).toEqual({ command: 'ls  -la', image: 'busybox' });
  });
});
