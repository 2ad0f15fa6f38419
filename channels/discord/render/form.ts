import {
  type APIComponentInLabel,
  type APILabelComponent,
  type APIModalInteractionResponseCallbackData,
  type APITextDisplayComponent,
  ComponentType,
  TextInputStyle,
} from 'discord.js';
import { z } from 'zod';
import { FORM_INPUTS, type Form, type FormInput } from '../../../src/conversation/card.ts';
import { AppError } from '../../../src/errors.ts';
import { fitsSelect } from '../../shared/choices.ts';
import { shortLine } from '../../shared/fit.ts';
import { DISCORD_LIMITS } from './limits.ts';
import { paragraph } from './markdown.ts';

/** What a select of Discord can offer. */
const SELECT = { options: DISCORD_LIMITS.optionsPerSelect, characters: DISCORD_LIMITS.optionCharacters };

const fieldSchema = z.object({
  customId: z.enum(FORM_INPUTS),
  value: z.string().nullish(),
  values: z.array(z.string()).nullish(),
});

/** A form as a modal. Throws INTERNAL where Discord would refuse it: too many parts, or a custom id of more than 100 characters. */
export function renderForm(form: Form, customId: string): APIModalInteractionResponseCallbackData {
  const text = textOf(form);
  const components = [...text, ...form.inputs.map(inputOf)];
  if (
    customId.length > DISCORD_LIMITS.customIdCharacters ||
    components.length > DISCORD_LIMITS.modalComponents
  ) {
    throw new AppError('INTERNAL', `the form ${form.title} does not fit into a modal of Discord`);
  }
  return {
    custom_id: customId,
    title: shortLine(form.title, DISCORD_LIMITS.modalTitleCharacters),
    components,
  };
}

/** What was filled in, from the fields of a submitted modal (`interaction.fields.fields.values()`); what was left empty is not there. */
export function readForm(fields: Iterable<unknown>): Partial<Record<FormInput['name'], string>> {
  const read: Partial<Record<FormInput['name'], string>> = {};
  for (const field of fields) {
    const parsed = fieldSchema.safeParse(field);
    if (!parsed.success) continue;
    const value = parsed.data.values?.[0] ?? parsed.data.value;
    if (value !== null && value !== undefined && value !== '') read[parsed.data.customId] = value;
  }
  return read;
}

/** All paragraphs in one element: a modal has five in all. */
function textOf({ text }: Form): APITextDisplayComponent[] {
  const shown = paragraph(text.join('\n'), DISCORD_LIMITS.modalTextCharacters);
  if (shown.text.trim() === '') return [];
  return [{ type: ComponentType.TextDisplay, content: shown.missing === 0 ? shown.text : `${shown.text}…` }];
}

function inputOf(input: FormInput): APILabelComponent {
  const label = shortLine(input.label, DISCORD_LIMITS.inputLabelCharacters);
  const whole = shortLine(input.label, DISCORD_LIMITS.inputDescriptionCharacters);
  return {
    type: ComponentType.Label,
    label,
    ...(label === whole ? {} : { description: whole }),
    component: elementOf(input),
  };
}

function elementOf({ name, choices, multiline, optional, maxLength }: FormInput): APIComponentInLabel {
  if (fitsSelect(choices, SELECT)) {
    return {
      type: ComponentType.StringSelect,
      custom_id: name,
      required: !optional,
      options: choices.map(({ value, label }, at) => ({
        value,
        label: shortLine(label, DISCORD_LIMITS.optionCharacters),
        ...(at === 0 ? { default: true } : {}),
      })),
    };
  }
  return {
    type: ComponentType.TextInput,
    custom_id: name,
    style: multiline ? TextInputStyle.Paragraph : TextInputStyle.Short,
    required: !optional,
    max_length: Math.max(1, Math.min(maxLength, DISCORD_LIMITS.inputCharacters)),
  };
}
