import type { Part } from './payloads.ts';
import { characters } from './rules/checker.ts';
import { PART } from './rules/components.ts';
import type { ComponentView, ModalView, SubmitAct } from './types.ts';

const MOST_TEXT = 4000;

function checkTyped(input: Part, value: string): void {
  const name = input.custom_id ?? '';
  const length = characters(value);
  if (length === 0 && input.required !== false) throw new Error(`"${name}" is required`);
  if (length > (input.max_length ?? MOST_TEXT))
    throw new Error(`"${name}" takes ${input.max_length} characters`);
  if (length > 0 && length < (input.min_length ?? 0))
    throw new Error(`"${name}" needs ${input.min_length} characters`);
}

function filled(input: ComponentView, values: SubmitAct['values']) {
  const name = input.custom_id ?? '';
  const given = values[name];
  const base = { type: input.type, id: input.id, custom_id: name };
  if (input.type === PART.textInput) {
    const value = typeof given === 'string' ? given : (input.value ?? '');
    checkTyped(input, value);
    return { ...base, value };
  }
  if (input.type === PART.radioGroup) return { ...base, value: typeof given === 'string' ? given : null };
  if (input.type === PART.checkbox) return { ...base, value: given === 'true' };
  const chosen = typeof given === 'string' ? [given] : [...(given ?? [])];
  const offered = input.options?.map(({ value }) => value);
  const unknown = chosen.find((value) => offered?.includes(value) === false);
  if (unknown !== undefined) throw new Error(`"${name}" does not offer "${unknown}"`);
  if (chosen.length === 0 && input.required !== false) throw new Error(`"${name}" is required`);
  return { ...base, values: chosen };
}

/** `data` of a modal's submission, when Discord's client would send it. */
export function composeSubmit(modal: ModalView, values: SubmitAct['values']) {
  const inputs = modal.components.flatMap((part) => part.components ?? part.component ?? []);
  const unknown = Object.keys(values).find((name) => inputs.every(({ custom_id }) => custom_id !== name));
  if (unknown !== undefined) throw new Error(`the modal "${modal.title}" has no field "${unknown}"`);
  return {
    custom_id: modal.customId,
    components: modal.components.map((part) => ({
      type: part.type,
      id: part.id,
      ...(part.components === undefined
        ? {}
        : { components: part.components.map((input) => filled(input, values)) }),
      ...(part.component === undefined ? {} : { component: filled(part.component, values) }),
    })),
    resolved: {},
  };
}
