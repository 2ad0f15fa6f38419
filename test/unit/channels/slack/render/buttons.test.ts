import { describe, expect, test } from 'vitest';
import { actionsBlock, decodeButton, encodeButton } from '../../../../../channels/slack/render/buttons.ts';
import { BUTTON_IDS } from '../../../../../src/conversation/card.ts';
import { makeButton } from '../../../../fixtures/cards.ts';
import { brokenMessageRules } from '../../../../fixtures/slack-limits.ts';

describe('a button', () => {
  test.each(BUTTON_IDS)('%s comes back as it was made', (id) => {
    const button = makeButton({ id, subject: 'a&<>"b', hash: id === 'approve' ? 'ab'.repeat(32) : null });

    expect(decodeButton(encodeButton(button))).toEqual({ id, subject: button.subject, hash: button.hash });
  });

  test('asks again where the card says so, in red before what is final', () => {
    const confirm = { title: 'Stop this agent?', text: 'It is removed.', yes: 'Stop', final: true };

    expect(encodeButton(makeButton({ confirm }))?.confirm).toMatchObject({
      title: { text: confirm.title },
      text: { text: confirm.text },
      confirm: { text: 'Stop' },
      style: 'danger',
    });
    const passing = { ...confirm, final: false };
    expect(encodeButton(makeButton({ confirm: passing }))?.confirm).not.toHaveProperty('style');
    expect(encodeButton(makeButton())).not.toHaveProperty('confirm');
  });

  test('has a style where the card gives one', () => {
    expect(encodeButton(makeButton({ style: 'primary' }))?.style).toBe('primary');
    expect(encodeButton(makeButton({ style: 'danger' }))?.style).toBe('danger');
    expect(encodeButton(makeButton())).not.toHaveProperty('style');
  });

  test('has a label that Slack takes, whatever the card says', () => {
    for (const label of ['', ' ', 'x'.repeat(500), '\u{1f469}'.repeat(100), '\n']) {
      const blocks = [actionsBlock([makeButton({ label })])?.block];

      expect(brokenMessageRules({ text: 'x', blocks })).toEqual([]);
    }
  });

  test('is left out when its value is longer than Slack keeps', () => {
    expect(encodeButton(makeButton({ subject: 'x'.repeat(2000) }))).toBeNull();
  });

  test.each([
    null,
    {},
    { action_id: 'airlock:approve' },
    { action_id: 'airlock:approve', value: 'x' },
    { action_id: 'airlock:approve', value: '{"subject":1,"hash":null}' },
    { action_id: 'airlock:approve', value: '{"subject":"a"}' },
    { action_id: 'airlock:approve', value: '{"subject":"a","hash":null,"more":1}' },
    { action_id: 'airlock:explode', value: '{"subject":"a","hash":null}' },
    { action_id: 'airlock-page:next', value: '2' },
    { action_id: 'other:approve', value: '{"subject":"a","hash":null}' },
    { action_id: 'airlock:approve:x', value: '{"subject":"a","hash":null}' },
  ])('is none of ours when it says %j', (action) => {
    expect(decodeButton(action)).toBeNull();
  });
});

describe('the buttons of a card', () => {
  test('differ in their ids even when the card repeats one, and each comes back as its own', () => {
    const buttons = ['one', 'two', 'three'].map((subject) => makeButton({ id: 'logs', subject }));

    const elements = actionsBlock(buttons)?.block.elements ?? [];

    expect(brokenMessageRules({ text: 'x', blocks: [{ type: 'actions', elements }] })).toEqual([]);
    expect(elements.map((element) => decodeButton(element)?.subject)).toEqual(['one', 'two', 'three']);
  });

  test('are as many as Slack takes', () => {
    const found = actionsBlock(Array.from({ length: 30 }, () => makeButton({ id: 'help', subject: '' })));

    expect(found?.block.elements.length).toBeLessThanOrEqual(25);
    expect((found?.block.elements.length ?? 0) + (found?.missing ?? 0)).toBe(30);
  });

  test('are none for a card without', () => {
    expect(actionsBlock([])).toBeNull();
  });
});
