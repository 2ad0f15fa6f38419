import { describe, expect, test } from 'vitest';
import { brokenMessageRules, brokenViewRules } from '../../../../fixtures/slack-limits.ts';

const plain = (text: string) => ({ type: 'plain_text', text });
const button = (parts: object = {}) => ({ type: 'button', action_id: 'a', text: plain('x'), ...parts });
const actions = (...elements: readonly object[]) => ({ type: 'actions', elements });
const section = (text: string) => ({ type: 'section', text: plain(text) });
const rich = (...elements: readonly object[]) => ({ type: 'rich_text', elements });

describe('the rules that rendering is held to', () => {
  test.each([
    ['too many blocks', Array.from({ length: 51 }, () => ({ type: 'divider' })), '51 blocks'],
    [
      'too much text in all',
      Array.from({ length: 5 }, () => section('x'.repeat(2900))),
      'msg_blocks_too_long',
    ],
    ['a long section', [section('x'.repeat(3001))], '3001 of 3000'],
    ['an empty section', [section(' ')], 'no text'],
    ['a section of nothing', [{ type: 'section' }], 'a section without text'],
    ['a long header', [{ type: 'header', text: plain('x'.repeat(151)) }], '151 of 150'],
    ['a header of mrkdwn', [{ type: 'header', text: { type: 'mrkdwn', text: 'x' } }], 'a mrkdwn'],
    ['many fields', [{ type: 'section', fields: Array.from({ length: 11 }, () => plain('x')) }], '11 fields'],
    ['a long button', [actions(button({ text: plain('x'.repeat(76)) }))], '76 of 75'],
    ['a long value', [actions(button({ value: 'x'.repeat(2001) }))], 'value of 2001'],
    ['a repeated action_id', [actions(button(), button())], 'used twice'],
    [
      'many buttons',
      [actions(...Array.from({ length: 26 }, (_, at) => button({ action_id: `${at}` })))],
      '26',
    ],
    ['a repeated block_id', ['x', 'x'].map((block_id) => ({ type: 'divider', block_id })), 'used twice'],
    [
      'many in a context',
      [{ type: 'context', elements: Array.from({ length: 11 }, () => plain('x')) }],
      '11',
    ],
    ['an empty rich text', [rich({ type: 'rich_text_section', elements: [] })], 'an empty rich_text_section'],
    ['an unknown block', [{ type: 'alert' }], 'unknown block alert'],
    ['two tables', [1, 2].map(() => ({ type: 'table', rows: [[plain('x')]] })), 'only_one_table_allowed'],
    ['a long table', [{ type: 'table', rows: Array.from({ length: 101 }, () => [1]) }], '101 rows'],
    ['a wide table', [{ type: 'table', rows: [Array.from({ length: 21 }, () => 1)] }], '21 cells'],
  ])('find %s', (_, blocks, broken) => {
    expect(brokenMessageRules({ text: 'x', blocks }).join()).toContain(broken);
  });

  test('find a notification that is too long or empty', () => {
    expect(brokenMessageRules({ text: 'x'.repeat(4001), blocks: [] })).not.toEqual([]);
    expect(brokenMessageRules({ text: '', blocks: [] })).toEqual(['no_text']);
  });

  test.each([
    [{ type: 'modal', title: plain('x'.repeat(25)), blocks: [] }, '25 of 24'],
    [
      { type: 'modal', title: plain('x'), blocks: [], private_metadata: 'x'.repeat(3001) },
      'private_metadata',
    ],
    [{ type: 'home', blocks: Array.from({ length: 101 }, () => ({ type: 'divider' })) }, '101 blocks'],
    [{ type: 'home', blocks: [{ type: 'table', rows: [[1]] }] }, 'table in a home'],
    [
      {
        type: 'modal',
        title: plain('x'),
        blocks: [
          { type: 'input', label: plain('x'), element: { type: 'plain_text_input', max_length: 3001 } },
        ],
      },
      'max_length 3001',
    ],
  ])('find what is wrong with a view %#', (view, broken) => {
    expect(brokenViewRules(view).join()).toContain(broken);
  });

  test('let a plain message pass', () => {
    expect(brokenMessageRules({ text: 'x', blocks: [section('x'), actions(button())] })).toEqual([]);
  });
});
