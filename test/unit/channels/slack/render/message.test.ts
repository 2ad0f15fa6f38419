import { describe, expect, test } from 'vitest';
import { SLACK_LIMITS } from '../../../../../channels/slack/render/limits.ts';
import { renderMessage } from '../../../../../channels/slack/render/message.ts';
import { approvalCard, makeButton, makeCard } from '../../../../fixtures/cards.ts';
import { brokenMessageRules, partsOf } from '../../../../fixtures/slack-limits.ts';

const output = { text: '', totalBytes: 5000, fromByte: 0, truncated: false, live: false };

/** Every text of a message in reading order, a line each. */
function textOf(blocks: readonly unknown[]): string {
  return partsOf(blocks)
    .flatMap(({ text }) => (typeof text === 'string' ? [text] : []))
    .join('\n');
}

describe('a message', () => {
  test('shows what is decided on before anything that can be long', () => {
    const long = ['x'.repeat(2000)];
    const card = approvalCard({ warnings: long, text: long, timeline: [{ at: 0, label: 'asked' }] });

    const words = textOf(renderMessage(card).blocks);

    const code = words.indexOf('curl -s');
    expect(words.indexOf('exec in box')).toBeLessThan(code);
    expect(words.indexOf('PENDING')).toBeLessThan(code);
    for (const later of ['xxx', 'asked by', 'UTC', 'Approve']) {
      expect(words.indexOf(later)).toBeGreaterThan(code);
    }
  });

  test('says the state in words beside its mark', () => {
    const { blocks } = renderMessage(makeCard({ state: { label: 'RUNNING', tone: 'success' } }));

    expect(textOf(blocks)).toContain('✅ \nRUNNING');
  });

  test('has title and state as its notification, which can mention nobody', () => {
    const card = makeCard({ title: '<!channel> & <@U1>', state: { label: '>done', tone: 'success' } });

    expect(renderMessage(card).text).toBe('&lt;!channel&gt; &amp; &lt;@U1&gt;: &gt;done');
  });

  test('has a notification within the 4,000 bytes that an edited message may have', () => {
    for (const character of ['&', '\u3042', '\u{1f469}']) {
      const card = makeCard({ title: character.repeat(5000) });

      expect(Buffer.byteLength(renderMessage(card).text)).toBeLessThanOrEqual(4000);
    }
  });

  test('says the error in the notification, since that is all that there is', () => {
    const card = makeCard({ kind: 'error', title: 'cannot create box', text: ['stop one of them'] });

    expect(renderMessage(card).text).toBe('cannot create box - stop one of them');
  });

  test('shows whole the code that it promises, and one character more is cut and counted', () => {
    const whole = makeCard({
      kind: 'action',
      code: { label: 'Command', text: 'a'.repeat(SLACK_LIMITS.codeCharacters) },
    });
    const longer = makeCard({
      kind: 'action',
      code: { label: 'Command', text: 'a'.repeat(SLACK_LIMITS.codeCharacters + 1) },
    });

    expect(renderMessage(whole).cut.code).toBe(false);
    expect(renderMessage(longer).cut.code).toBe(true);
    expect(textOf(renderMessage(longer).blocks)).toContain('1 of 2,001 characters are not shown');
    expect(textOf(renderMessage(longer).blocks)).toContain('View full');
  });

  test('never ends cut code inside an escape, which would read as something else', () => {
    const card = makeCard({
      kind: 'action',
      code: { label: 'Command', text: `${'a'.repeat(SLACK_LIMITS.codeCharacters - 4)}\u202e tail` },
    });

    const shown = partsOf(renderMessage(card).blocks).find(({ type }) => type === 'rich_text_preformatted');

    expect(JSON.stringify(shown)).toContain('aaaa"');
    expect(renderMessage(card).cut.code).toBe(true);
  });

  test('says how long code is when Slack may fold it', () => {
    const card = makeCard({ kind: 'action', code: { label: 'Command', text: 'a\n'.repeat(40) } });

    expect(textOf(renderMessage(card).blocks)).toContain('(41 lines, 80 characters)');
  });

  test('names code that is empty', () => {
    const card = makeCard({ kind: 'action', code: { label: 'Command', text: ' \n' } });

    expect(textOf(renderMessage(card).blocks)).toContain('(empty)');
    expect(brokenMessageRules(renderMessage(card))).toEqual([]);
  });

  test('shows the end of output that is still coming and the head of what has ended', () => {
    const text = `first${'-'.repeat(3000)}last`;
    const live = renderMessage(makeCard({ kind: 'action', output: { ...output, text, live: true } }));
    const ended = renderMessage(makeCard({ kind: 'action', output: { ...output, text } }));

    expect(textOf(live.blocks)).toContain('last');
    expect(textOf(live.blocks)).not.toContain('first');
    expect(textOf(live.blocks)).toContain('so far 4.9 KiB; the end of it');
    expect(textOf(ended.blocks)).toContain('first');
    expect(textOf(ended.blocks)).not.toContain('last');
    expect([live.cut.output, ended.cut.output]).toEqual([true, true]);
  });

  test('shows whole the output that a card may ask for, with the line that says what it left out', () => {
    const text = `${'o'.repeat(SLACK_LIMITS.outputCharacters)}\n… 123456 characters left out …\n`;
    const code = { label: 'Command', text: 'c'.repeat(SLACK_LIMITS.codeCharacters) };
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

    expect(textOf(renderMessage(card).blocks)).toContain(': (blank)');
  });

  test('keeps narrow tables in columns and gives the rows of wide ones a line each', () => {
    const narrow = renderMessage(
      makeCard({
        kind: 'list',
        table: [
          ['Name', 'Status'],
          ['box', 'RUNNING'],
        ],
      }),
    );
    const wide = renderMessage(
      makeCard({
        kind: 'list',
        table: [
          ['Name', 'Status', 'Image'],
          ['box', 'RUNNING', 'b'.repeat(60)],
        ],
      }),
    );

    expect(textOf(narrow.blocks)).toContain('Name  Status\nbox   RUNNING');
    expect(textOf(wide.blocks)).toContain(`box\n · Status RUNNING · Image ${'b'.repeat(60)}`);
  });

  test('keeps a table whose rows are empty or uneven', () => {
    const message = renderMessage(makeCard({ kind: 'list', table: [['Name'], [], ['', 'x'], ['y']] }));

    expect(brokenMessageRules(message)).toEqual([]);
    expect(brokenMessageRules(renderMessage(makeCard({ kind: 'list', table: [] })))).toEqual([]);
    expect(brokenMessageRules(renderMessage(makeCard({ kind: 'list', table: [['Name']] })))).toEqual([]);
  });

  test('has the steps with their times, the date only where it changes', () => {
    const { blocks } = renderMessage(
      makeCard({
        timeline: [
          { at: 1_700_000_000_000, label: 'PENDING' },
          { at: 1_700_000_001_000, label: 'RUNNING' },
          { at: 1_700_100_000_000, label: 'STOPPED' },
        ],
      }),
    );

    expect(textOf(blocks)).toContain(
      '2023-11-14 22:13:20 PENDING → 22:13:21 RUNNING → 2023-11-16 02:00:00 STOPPED (UTC)',
    );
  });

  test('has the whole reason of a denial, and no more steps than Slack takes characters of', () => {
    const reason = `${'because '.repeat(62)}end`;
    const denied = `Bob (slack:T0123ABCD:U0123ABCD) denied: ${reason}`;
    const timeline = Array.from({ length: 6 }, (_, at) => ({ at, label: `${at} ${denied}` }));

    const message = renderMessage(makeCard({ timeline }));

    expect(textOf(message.blocks)).toContain(`5 ${denied}`);
    expect(textOf(message.blocks)).toContain('2 earlier');
    expect(brokenMessageRules(message)).toEqual([]);
  });

  test('has the last steps of a long history and says how many came before', () => {
    const timeline = Array.from({ length: 10 }, (_, at) => ({ at, label: `step-${at}` }));

    const words = textOf(renderMessage(makeCard({ timeline })).blocks);

    expect(words).toContain('4 earlier');
    expect(words).toContain('step-9');
    expect(words).not.toContain('step-3');
  });
});
