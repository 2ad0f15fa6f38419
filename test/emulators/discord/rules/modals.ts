import type { Problem } from '../errors.ts';
import type { ModalBody, Part } from '../payloads.ts';
import { type Checker, createChecker } from './checker.ts';
import { checkSelect, flatten, PART } from './components.ts';

const MOST_TEXT = 4000;

function checkTextInput(check: Checker, at: string, input: Part, labelled: boolean): void {
  check.text(`${at}.custom_id`, 'custom-id', input.custom_id, 100, { least: 1, required: true });
  if (!labelled) check.text(`${at}.label`, 'modal-label', input.label, 45, { least: 1, required: true });
  else if (input.label !== undefined)
    check.fail(`${at}.label`, 'modal-label', 'The label stands in the label component');
  check.text(`${at}.placeholder`, 'placeholder', input.placeholder, 100);
  check.text(`${at}.value`, 'modal-value', input.value, Math.min(MOST_TEXT, input.max_length ?? MOST_TEXT));
  if (input.style !== 1 && input.style !== 2)
    check.fail(`${at}.style`, 'modal-style', 'Value must be one of {1, 2}.', 'BASE_TYPE_CHOICES');
  for (const [name, value, least] of [
    ['min_length', input.min_length ?? 0, 0],
    ['max_length', input.max_length ?? MOST_TEXT, 1],
  ] as const)
    if (value < least || value > MOST_TEXT)
      check.fail(
        `${at}.${name}`,
        'modal-length',
        `int value should be between ${least} and ${MOST_TEXT}.`,
        'NUMBER_TYPE_MAX',
      );
}

function checkLabel(check: Checker, at: string, label: Part): void {
  check.text(`${at}.label`, 'modal-label', label.label, 45, { least: 1, required: true });
  check.text(`${at}.description`, 'modal-label', label.description, 100);
  const inner = label.component;
  const place = `${at}.component`;
  if (inner === undefined) check.fail(place, 'modal-inputs', 'This field is required', 'BASE_TYPE_REQUIRED');
  else if (inner.type === PART.textInput) checkTextInput(check, place, inner, true);
  else if (inner.type === PART.radioGroup || inner.type === PART.checkboxGroup) {
    check.text(`${place}.custom_id`, 'custom-id', inner.custom_id, 100, { least: 1, required: true });
    check.count(
      `${place}.options`,
      'modal-options',
      inner.options,
      10,
      inner.type === PART.radioGroup ? 2 : 1,
    );
  } else if (inner.type === PART.checkbox || inner.type === PART.fileUpload)
    check.text(`${place}.custom_id`, 'custom-id', inner.custom_id, 100, { least: 1, required: true });
  else if (inner.type >= PART.stringSelect && inner.type <= 8) checkSelect(check, place, inner);
  else check.fail(`${place}.type`, 'component-type', `Type ${inner.type} cannot stand in a label`);
}

/** A modal that the client wants to open. */
export function checkModal(modal: ModalBody): Problem[] {
  const check = createChecker();
  check.text('data.title', 'modal-title', modal.title, 45, { least: 1 });
  check.text('data.custom_id', 'custom-id', modal.custom_id, 100, { least: 1 });
  check.count('data.components', 'modal-inputs', modal.components, 5, 1);
  check.unique(
    'data.components',
    'custom-id-unique',
    flatten(modal.components).flatMap(({ custom_id }) => custom_id ?? []),
  );
  for (const [index, part] of modal.components.entries()) {
    const at = `data.components.${index}`;
    const [input, more] = part.components ?? [];
    if (part.type === PART.label) checkLabel(check, at, part);
    else if (part.type === PART.text)
      check.text(`${at}.content`, 'modal-text', part.content, MOST_TEXT, { least: 1 });
    else if (part.type !== PART.row)
      check.fail(`${at}.type`, 'component-type', `Type ${part.type} cannot stand in a modal`);
    else if (input?.type !== PART.textInput || more !== undefined)
      check.fail(`${at}.components`, 'modal-inputs', 'A row of a modal holds one text input');
    else checkTextInput(check, `${at}.components.0`, input, false);
  }
  return check.problems;
}
