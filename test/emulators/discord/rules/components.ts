import type { Part } from '../payloads.ts';
import { characters, type Checker, createChecker } from './checker.ts';

/** Component types of Discord. */
export const PART = {
  row: 1,
  button: 2,
  stringSelect: 3,
  textInput: 4,
  section: 9,
  text: 10,
  thumbnail: 11,
  gallery: 12,
  file: 13,
  separator: 14,
  container: 17,
  label: 18,
  fileUpload: 19,
  radioGroup: 21,
  checkboxGroup: 22,
  checkbox: 23,
} as const;

const SELECTS: readonly number[] = [PART.stringSelect, 5, 6, 7, 8];
const LINK_STYLE = 5;
const V2_TOP: readonly number[] = [
  PART.row,
  PART.section,
  PART.text,
  PART.gallery,
  PART.file,
  PART.separator,
  PART.container,
];
const V2_IN_CONTAINER = V2_TOP.filter((type) => type !== PART.container);
const V2_MOST_PARTS = 40;
const V2_MOST_TEXT = 4000;

interface Tree<T> {
  components?: T[] | undefined;
  component?: T | undefined;
  accessory?: T | undefined;
}

/** All components of a tree, itself first. */
export function flatten<T extends Tree<T>>(parts: readonly T[]): T[] {
  return parts.flatMap((part) => [
    part,
    ...flatten(part.components ?? []),
    ...flatten(part.component === undefined ? [] : [part.component]),
    ...flatten(part.accessory === undefined ? [] : [part.accessory]),
  ]);
}

function checkButton(check: Checker, at: string, button: Part): void {
  const link = button.style === LINK_STYLE;
  check.text(`${at}.label`, 'button-label', button.label, 80);
  if (button.style === undefined || button.style < 1 || button.style > 6)
    check.fail(`${at}.style`, 'button-style', 'Value must be one of 1-6', 'BASE_TYPE_CHOICES');
  if ((button.label ?? '') === '' && button.emoji === undefined)
    check.fail(at, 'button-label', 'A button must have a label or an emoji', 'BUTTON_COMPONENT_INVALID');
  if (link) {
    check.text(`${at}.url`, 'button-url', button.url, 512, { least: 1, required: true });
    if (button.custom_id !== undefined)
      check.fail(
        at,
        'button-url',
        'A custom id and url cannot both be specified',
        'BUTTON_COMPONENT_INVALID',
      );
  } else {
    check.text(`${at}.custom_id`, 'custom-id', button.custom_id, 100, { least: 1, required: true });
  }
}

export function checkSelect(check: Checker, at: string, select: Part): void {
  check.text(`${at}.custom_id`, 'custom-id', select.custom_id, 100, { least: 1, required: true });
  check.text(`${at}.placeholder`, 'placeholder', select.placeholder, 150);
  if (select.type !== PART.stringSelect) return;
  const options = select.options ?? [];
  check.count(`${at}.options`, 'select-options', options, 25, 1);
  check.unique(
    `${at}.options`,
    'select-options',
    options.map(({ value }) => value),
  );
  for (const [index, option] of options.entries()) {
    check.text(`${at}.options.${index}.label`, 'select-options', option.label, 100, { least: 1 });
    check.text(`${at}.options.${index}.value`, 'select-options', option.value, 100, { least: 1 });
    check.text(`${at}.options.${index}.description`, 'select-options', option.description, 100);
  }
  if ((select.max_values ?? 1) > Math.max(1, options.length))
    check.fail(`${at}.max_values`, 'select-options', 'More values than options');
}

function checkRow(check: Checker, at: string, row: Part): void {
  const parts = row.components ?? [];
  check.count(`${at}.components`, 'row-width', parts, 5, 1);
  if (parts.some(({ type }) => SELECTS.includes(type)) && parts.length > 1)
    check.fail(`${at}.components`, 'row-width', 'A select stands alone in its row');
  for (const [index, part] of parts.entries()) {
    const place = `${at}.components.${index}`;
    if (part.type === PART.button) checkButton(check, place, part);
    else if (SELECTS.includes(part.type)) checkSelect(check, place, part);
    else check.fail(place, 'component-type', `Type ${part.type} cannot stand in a row of a message`);
  }
}

function checkV2Part(check: Checker, at: string, part: Part, allowed: readonly number[]): void {
  if (!allowed.includes(part.type)) {
    check.fail(
      `${at}.type`,
      'component-type',
      `Value must be one of {${allowed.join(', ')}}.`,
      'UNION_TYPE_CHOICES',
    );
    return;
  }
  const children = part.components ?? [];
  if (part.type === PART.row) checkRow(check, at, part);
  if (part.type === PART.text)
    check.text(`${at}.content`, 'v2-text', part.content, V2_MOST_TEXT, { least: 1, required: true });
  if (part.type === PART.gallery) check.count(`${at}.items`, 'v2-gallery', part.items, 10, 1);
  if (part.type === PART.container) {
    check.count(`${at}.components`, 'v2-container', children, V2_MOST_PARTS, 1);
    for (const [index, child] of children.entries())
      checkV2Part(check, `${at}.components.${index}`, child, V2_IN_CONTAINER);
  }
  if (part.type === PART.section) {
    check.count(`${at}.components`, 'v2-section', children, 3, 1);
    for (const [index, child] of children.entries())
      checkV2Part(check, `${at}.components.${index}`, child, [PART.text]);
    if (part.accessory === undefined)
      check.fail(`${at}.accessory`, 'v2-section', 'This field is required', 'BASE_TYPE_REQUIRED');
    else if (part.accessory.type === PART.button) checkButton(check, `${at}.accessory`, part.accessory);
    else if (part.accessory.type !== PART.thumbnail)
      check.fail(`${at}.accessory`, 'component-type', 'Must be a button or a thumbnail');
  }
}

/** The components of a message against the rules of both generations. */
export function checkComponents(parts: readonly Part[], v2: boolean) {
  const check = createChecker();
  const all = flatten(parts);
  check.unique(
    'components',
    'custom-id-unique',
    all.flatMap(({ custom_id }) => custom_id ?? []),
  );
  check.unique(
    'components',
    'component-id-unique',
    all.flatMap(({ id }) => (id === undefined || id === 0 ? [] : String(id))),
  );
  if (v2) {
    if (all.length > V2_MOST_PARTS)
      check.fail(
        'components',
        'v2-count',
        `Must be ${V2_MOST_PARTS} or fewer in total`,
        'BASE_TYPE_BAD_LENGTH',
      );
    const text = all.reduce((sum, part) => sum + (part.type === PART.text ? characters(part.content) : 0), 0);
    if (text > V2_MOST_TEXT)
      check.fail(
        'components',
        'v2-text',
        `Must be ${V2_MOST_TEXT} or fewer characters in all`,
        'BASE_TYPE_MAX_LENGTH',
      );
    for (const [index, part] of parts.entries()) checkV2Part(check, `components.${index}`, part, V2_TOP);
  } else {
    check.count('components', 'rows', parts, 5);
    for (const [index, part] of parts.entries()) {
      if (part.type === PART.row) checkRow(check, `components.${index}`, part);
      else
        check.fail(
          `components.${index}.type`,
          'component-type',
          'Value must be one of {1}.',
          'UNION_TYPE_CHOICES',
        );
    }
  }
  return check.problems;
}
