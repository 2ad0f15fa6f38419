import { describe, expect, test } from 'vitest';
import { readForm, renderForm } from '../../../../../channels/slack/render/form.ts';
import type { Form, FormInput } from '../../../../../src/conversation/card.ts';
import { brokenViewRules, partsOf } from '../../../../fixtures/slack-limits.ts';

function input(parts: Partial<FormInput> = {}): FormInput {
  return {
    name: 'command',
    label: 'Command',
    choices: null,
    multiline: true,
    optional: false,
    maxLength: 3000,
    ...parts,
  };
}

function form(...inputs: readonly FormInput[]): Form {
  return { title: 'Run in box', text: ['As typed.'], inputs, submitLabel: 'Run' };
}

function elementsOf(rendered: Form): readonly unknown[] {
  return partsOf(renderForm(rendered, '').blocks).flatMap(({ element }) => element ?? []);
}

describe('a form', () => {
  test('is a modal with a title that fits, whatever the name in it', () => {
    const view = renderForm({ ...form(input()), title: `Run in ${'x'.repeat(100)}` }, '{"a":1}');

    expect(brokenViewRules({ ...view })).toEqual([]);
    expect(view.title.text).toBe(`Run in ${'x'.repeat(16)}…`);
    expect(view.private_metadata).toBe('{"a":1}');
  });

  test('has a text field for free text, never longer than Slack takes', () => {
    const [element] = elementsOf(form(input({ maxLength: 9999 })));

    expect(element).toMatchObject({ type: 'plain_text_input', multiline: true, max_length: 3000 });
  });

  test('offers choices with the first chosen', () => {
    const choices = [
      { value: 'no', label: 'none' },
      { value: 'yes', label: 'the internet' },
    ];

    const [element] = elementsOf(form(input({ name: 'network', choices })));

    expect(element).toMatchObject({ type: 'static_select', initial_option: { value: 'no' } });
  });

  test('lets choices be typed that Slack could not offer whole', () => {
    const many = Array.from({ length: 101 }, (_, at) => ({ value: `${at}`, label: 'x' }));
    const long = [{ value: 'x'.repeat(76), label: 'x' }];

    for (const choices of [many, long, []]) {
      const view = renderForm(form(input({ choices })), '');

      expect(brokenViewRules({ ...view })).toEqual([]);
      expect(partsOf(view.blocks).some(({ type }) => type === 'plain_text_input')).toBe(true);
    }
  });

  test('refuses more private metadata than Slack keeps', () => {
    expect(() => renderForm(form(), 'x'.repeat(3001))).toThrow('3001 characters of at most 3000');
  });
});

describe('what was filled in', () => {
  test('is read by name, exactly as typed', () => {
    const typed = ' echo "&amp;" <a|b> \u201cx\u201d\n';

    expect(
      readForm({
        command: { value: { type: 'plain_text_input', value: typed } },
        network: { value: { type: 'static_select', selected_option: { value: 'yes', text: {} } } },
      }),
    ).toEqual({ command: typed, network: 'yes' });
  });

  test('leaves out what was left empty and what is not ours', () => {
    expect(
      readForm({
        note: { value: { type: 'plain_text_input', value: null } },
        reason: { value: { type: 'plain_text_input', value: '' } },
        hash: { other: { value: 'x' } },
        image: { value: { type: 'static_select', selected_option: null } },
        __proto__x: { value: { value: 'x' } },
      }),
    ).toEqual({});
  });

  test.each([null, 'x', [], { command: 'x' }, { command: { value: 7 } }])('is nothing in %j', (values) => {
    expect(readForm(values)).toEqual({});
  });
});
