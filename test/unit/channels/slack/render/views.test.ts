import { describe, expect, test } from 'vitest';
import { renderHome } from '../../../../../channels/slack/render/home.ts';
import { SLACK_LIMITS } from '../../../../../channels/slack/render/limits.ts';
import { decodePage, renderTextModal } from '../../../../../channels/slack/render/text-modal.ts';
import { approvalCard, makeCard } from '../../../../fixtures/cards.ts';
import { brokenViewRules, partsOf } from '../../../../fixtures/slack-limits.ts';

const long = makeCard({
  kind: 'action',
  title: 'exec box',
  code: { label: 'Command', text: 'x'.repeat(20_000) },
});

function actionsOf(page: number): unknown[] {
  const view = renderTextModal({ card: long, page, privateMetadata: 'm' });
  return partsOf(view.blocks).filter(({ type }) => type === 'button');
}

describe('the full text', () => {
  test('has code and output on one page where they fit', () => {
    const card = makeCard({
      code: { label: 'Command', text: 'ls' },
      output: { text: 'a', totalBytes: 1, fromByte: 0, truncated: false, live: false },
    });

    const view = renderTextModal({ card, page: 1, privateMetadata: 'm' });

    const words = JSON.stringify(view.blocks);
    expect(words).toContain('"ls"');
    expect(words).toContain('Output');
    expect(words).toContain('page 1 of 1');
    expect(words).not.toContain('airlock-page');
    expect(view.private_metadata).toBe('m');
  });

  test('is turned page by page, as the buttons say', () => {
    expect(actionsOf(1).map(decodePage)).toEqual([2]);
    expect(actionsOf(2).map(decodePage)).toEqual([1, 3]);
    expect(actionsOf(3).map(decodePage)).toEqual([2]);
  });

  test('stays on the last page beyond it, and on the first before it', () => {
    expect(actionsOf(99)).toEqual(actionsOf(3));
    expect(actionsOf(-1)).toEqual(actionsOf(1));
    expect(actionsOf(Number.NaN)).toEqual(actionsOf(1));
  });

  test('refuses more private metadata than Slack keeps', () => {
    const privateMetadata = 'x'.repeat(3001);

    expect(() => renderTextModal({ card: long, page: 1, privateMetadata })).toThrow('of at most 3000');
  });

  test('says so where there is none', () => {
    const view = renderTextModal({ card: makeCard(), page: 1, privateMetadata: '' });

    expect(brokenViewRules({ ...view })).toEqual([]);
    expect(JSON.stringify(view.blocks)).toContain('There is no text.');
  });

  test.each([
    null,
    { action_id: 'airlock:view', value: '2' },
    { action_id: 'airlock-page:next', value: 'x' },
    { action_id: 'airlock-page:next', value: '-1' },
    { action_id: 'airlock-page:next' },
  ])('is not turned by %j', (action) => {
    expect(decodePage(action)).toBeNull();
  });
});

describe('the home tab', () => {
  test('says that there is nothing', () => {
    const home = renderHome([]);

    expect(brokenViewRules({ ...home })).toEqual([]);
    expect(JSON.stringify(home.blocks)).toContain('Nothing waits for you');
  });

  test('has as many cards as fit, in their order, and says how many more there are', () => {
    const cards = Array.from({ length: 200 }, (_, at) => approvalCard({ title: `number ${at}` }));

    const home = renderHome(cards);

    expect(brokenViewRules({ ...home })).toEqual([]);
    const shown = home.blocks.filter(({ type }) => type === 'header').length;
    expect(shown).toBeGreaterThan(5);
    expect(JSON.stringify(home.blocks)).toContain('number 0');
    expect(JSON.stringify(home.blocks)).toContain(`and ${200 - shown} more`);
  });

  test('never shows Approve under code that its message would show whole and the tab would not', () => {
    const code = { label: 'Command', text: '\u3042'.repeat(SLACK_LIMITS.codeCharacters) };

    const home = renderHome(Array.from({ length: 9 }, () => approvalCard({ code })));

    expect(JSON.stringify(home.blocks)).not.toContain('characters are not shown');
    expect(JSON.stringify(home.blocks)).toContain(code.text);
    expect(JSON.stringify(home.blocks)).toMatch(/and \d more/);
  });
});
