import { z } from 'zod';
import { FORM_INPUTS, type Form, type FormInput } from '../../../src/conversation/card.ts';
import { AppError } from '../../../src/errors.ts';
import type { InputBlock, KnownBlock, ModalView } from './block-kit.ts';
import { plain, plainLines } from './elements.ts';
import { fitsSelect } from '../../shared/choices.ts';
import { fitText } from '../../shared/fit.ts';
import { SLACK_LIMITS } from './limits.ts';

/** The callback_id of every form. */
export const FORM_CALLBACK = 'airlock:form';

const ACTION = 'value';
/** Paragraphs above the inputs; no form has as many. */
const MAX_PARAGRAPHS = 10;
const MAX_INPUTS = 20;

/** What a select of Slack can offer. */
const SELECT = { options: SLACK_LIMITS.optionsPerSelect, characters: SLACK_LIMITS.optionCharacters };

const inputSchema = z.object({
  value: z.string().nullish(),
  selected_option: z.object({ value: z.string() }).nullish(),
});
const valuesSchema = z.record(z.string(), z.record(z.string(), z.unknown()));

/** A form as a modal. Throws INTERNAL when `privateMetadata` is longer than Slack keeps (3,000 characters). */
export function renderForm(form: Form, privateMetadata: string): ModalView {
  return {
    type: 'modal',
    callback_id: FORM_CALLBACK,
    private_metadata: checkedMetadata(privateMetadata),
    title: plain(form.title, SLACK_LIMITS.viewTitleCharacters),
    submit: plain(form.submitLabel, SLACK_LIMITS.viewTitleCharacters),
    close: plain('Close', SLACK_LIMITS.viewTitleCharacters),
    blocks: [
      ...form.text.slice(0, MAX_PARAGRAPHS).flatMap(paragraph),
      ...form.inputs.slice(0, MAX_INPUTS).map(inputBlock),
    ],
  };
}

/**
 * What was filled in, from `view.state.values`; what was left empty is not there. Slack gives the values of inputs as they were typed:
 * they must not be decoded once more.
 */
export function readForm(values: unknown): Partial<Record<FormInput['name'], string>> {
  const blocks = valuesSchema.safeParse(values);
  const read: Partial<Record<FormInput['name'], string>> = {};
  if (!blocks.success) return read;
  for (const name of FORM_INPUTS) {
    const input = inputSchema.safeParse(blocks.data[name]?.[ACTION]);
    if (!input.success) continue;
    const value = input.data.selected_option?.value ?? input.data.value;
    if (value !== null && value !== undefined && value !== '') read[name] = value;
  }
  return read;
}

/** Throws INTERNAL where Slack would refuse the view. */
export function checkedMetadata(privateMetadata: string): string {
  if (privateMetadata.length <= SLACK_LIMITS.privateMetadataCharacters) return privateMetadata;
  throw new AppError(
    'INTERNAL',
    `a view's private metadata has ${privateMetadata.length} characters of at most ${SLACK_LIMITS.privateMetadataCharacters}`,
  );
}

function paragraph(text: string): KnownBlock[] {
  const room = { characters: SLACK_LIMITS.sectionCharacters - 1, bytes: Number.POSITIVE_INFINITY };
  const shown = fitText(text, room);
  if (shown.text.trim() === '') return [];
  return [{ type: 'section', text: plainLines(shown.missing === 0 ? shown.text : `${shown.text}…`) }];
}

function inputBlock(input: FormInput): InputBlock {
  return {
    type: 'input',
    block_id: input.name,
    label: plain(input.label, SLACK_LIMITS.inputLabelCharacters),
    optional: input.optional,
    element: fitsSelect(input.choices, SELECT)
      ? select(input.choices)
      : {
          type: 'plain_text_input',
          action_id: ACTION,
          multiline: input.multiline,
          max_length: Math.max(1, Math.min(input.maxLength, SLACK_LIMITS.inputCharacters)),
        },
  };
}

function select(choices: NonNullable<FormInput['choices']>): InputBlock['element'] {
  const options = choices.map(({ value, label }) => ({
    text: plain(label, SLACK_LIMITS.optionCharacters),
    value,
  }));
  const [first] = options;
  return {
    type: 'static_select',
    action_id: ACTION,
    options,
    ...(first === undefined ? {} : { initial_option: first }),
  };
}
