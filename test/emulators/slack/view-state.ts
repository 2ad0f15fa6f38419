/** What a person filled in, as a submission carries it. */
import { asJson, asList, asText, isJson } from './json.ts';
import type { Json, SlackView } from './types.ts';

type Given = Readonly<Record<string, string>>;

/** The state of a view's inputs. Throws where the platform's own form would not let the person go on. */
export function filledState(view: SlackView, given: Given): Json {
  const used = new Set<string>();
  const values: Json = {};
  for (const block of inputsOf(view)) {
    const element = asJson(block['element']);
    const key = keysOf(block).find((each) => Object.hasOwn(given, each));
    if (key !== undefined) used.add(key);
    const value = key === undefined ? initialOf(element) : (given[key] ?? '');
    values[asText(block['block_id'])] = { [asText(element['action_id'])]: stateOf(block, element, value) };
  }
  const unknown = Object.keys(given).filter((key) => !used.has(key));
  if (unknown.length > 0) throw new Error(`the view has no input ${unknown.join(', ')}`);
  return values;
}

/** The inputs as they stand before anybody types. */
export function initialState(view: SlackView): Json {
  const values: Json = {};
  for (const block of inputsOf(view)) {
    const element = asJson(block['element']);
    const type = asText(element['type']);
    const initial = initialOf(element);
    const state =
      type === 'plain_text_input'
        ? { type, value: initial === '' ? null : initial }
        : { type, selected_option: optionOf(element, initial) };
    values[asText(block['block_id'])] = { [asText(element['action_id'])]: state };
  }
  return values;
}

const inputsOf = (view: SlackView) => view.blocks.filter((block) => block['type'] === 'input');

function keysOf(block: Json): string[] {
  const element = asJson(block['element']);
  return [block['block_id'], element['action_id'], asJson(block['label'])['text']].map(asText);
}

const initialOf = (element: Json): string =>
  asText(element['initial_value']) || asText(asJson(element['initial_option'])['value']);

function optionOf(element: Json, value: string): Json | null {
  const option = asList(element['options']).find(
    (each) => each['value'] === value || asJson(each['text'])['text'] === value,
  );
  return option === undefined ? null : { text: option['text'], value: option['value'] };
}

function stateOf(block: Json, element: Json, value: string): Json {
  const type = asText(element['type']);
  const label = asText(asJson(block['label'])['text']);
  if (value === '' && block['optional'] !== true) throw new Error(`${label} must be filled in`);
  if (type === 'plain_text_input') {
    const most = Number(element['max_length'] ?? Number.POSITIVE_INFINITY);
    const least = Number(element['min_length'] ?? 0);
    if (value.length > most) throw new Error(`${label} takes at most ${most} characters`);
    if (value.length < least && value !== '') throw new Error(`${label} needs at least ${least} characters`);
    if (element['multiline'] !== true && value.includes('\n')) throw new Error(`${label} is one line`);
    return { type, value: value === '' ? null : value };
  }
  const option = optionOf(element, value);
  if (value !== '' && !isJson(option)) throw new Error(`${label} has no choice ${value}`);
  return type === 'checkboxes'
    ? { type, selected_options: option === null ? [] : [option] }
    : { type, selected_option: option };
}
