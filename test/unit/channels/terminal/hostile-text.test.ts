import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Card } from '../../../../src/conversation/card.ts';
import { makeButton, makeCard } from '../../../fixtures/cards.ts';
import { openTerminal } from '../../../fixtures/terminal.ts';

const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\x1b[2J',
        '\x1b]0;title\x07',
        '\x9b31m',
        '\u202e',
        '\r',
        '\b\b',
        '\0',
        '\x7f',
        '日本',
        '\ud800',
      ),
      fc.string({ unit: 'binary' }),
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.join(''));

const hostileCard: fc.Arbitrary<Card> = fc
  .record({
    kind: fc.constantFrom('agent', 'action', 'error', 'list', 'notice', 'help'),
    title: hostile,
    label: hostile,
    output: hostile,
    code: hostile,
    timeline: fc.array(hostile, { maxLength: 3 }),
    texts: fc.array(hostile, { maxLength: 3 }),
    table: fc.array(fc.array(hostile, { maxLength: 3 }), { maxLength: 3 }),
  })
  .map(({ kind, title, label, output, code, timeline, texts, table }) =>
    makeCard({
      kind,
      title,
      state: { label, tone: 'waiting' },
      fields: texts.map((text) => ({ label: text, value: text })),
      code: { label, text: code },
      output: {
        text: output,
        totalBytes: Buffer.byteLength(output),
        fromByte: 0,
        truncated: false,
        live: false,
      },
      timeline: timeline.map((move, at) => ({ at, label: move })),
      table,
      text: texts,
      warnings: texts,
      buttons: [makeButton({ label })],
    }),
  );

// oxlint-disable-next-line no-control-regex -- the characters are the subject
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
// oxlint-disable-next-line no-control-regex -- what the line editor and the colours need
const OWN_SEQUENCES = /\x1b\[\d*(?:;\d+)*[ABCDGJKm]|\r/g;

describe('text from outside', () => {
  test('never brings a control character to a pipe', async () => {
    await fc.assert(
      fc.asyncProperty(hostileCard, hostileCard, async (first, second) => {
        const terminal = await openTerminal();

        const message = await terminal.channel.post(terminal.thread, first, 'key', { maybePosted: false });
        await terminal.channel.update(message, second);
        await terminal.channel.stop();

        expect(terminal.screen.raw()).not.toMatch(CONTROLS);
      }),
    );
  });

  test('brings nothing to a terminal but its own colours and cursor movements', async () => {
    await fc.assert(
      fc.asyncProperty(hostileCard, hostileCard, async (first, second) => {
        const terminal = await openTerminal({ isTty: true });

        const message = await terminal.channel.post(terminal.thread, first, 'key', { maybePosted: false });
        await terminal.channel.update(message, second);
        await terminal.channel.stop();

        expect(terminal.screen.raw().replace(OWN_SEQUENCES, '')).not.toMatch(CONTROLS);
        expect(terminal.screen.raw()).not.toContain('\x1b[2J');
        expect(terminal.screen.raw()).not.toContain('\x1b]');
      }),
      { numRuns: 50 },
    );
  });

  test('cannot forge a line of another card in a field, a title or a state', async () => {
    const terminal = await openTerminal();
    const forged = 'x\n#9 exec box\nexec box: COMPLETED';

    const card = makeCard({
      title: forged,
      state: { label: forged, tone: 'neutral' },
      fields: [{ label: 'Name', value: forged }],
      warnings: [forged],
      code: { label: 'Command', text: forged },
      text: [forged],
    });
    await terminal.channel.post(terminal.thread, card, 'key', { maybePosted: false });

    expect(terminal.screen.raw()).not.toMatch(/^#9/m);
    expect(terminal.screen.raw()).not.toMatch(/^exec box: COMPLETED/m);
  });
});
