import type { Form, FormChoice, FormInput } from '../../src/conversation/card.ts';
import { AppError } from '../../src/errors.ts';
import { escapeLine } from '../../src/lib/escape-text.ts';
import { quote } from '../../src/lib/quote.ts';
import type { Screen } from './screen.ts';

export type FormValues = Partial<Record<FormInput['name'], string>>;

/**
 * Asks a form line by line. An empty line skips an optional input and takes the first of choices; a required one left empty, a
 * value that is too long or is none of the choices throws. Null = cancelled.
 */
export async function askForm(
  form: Form,
  screen: Screen,
  ask: (label: string) => Promise<string | null>,
): Promise<FormValues | null> {
  screen.print([form.title, ...form.text].map(escapeLine));
  const values: FormValues = {};
  for (const input of form.inputs) {
    const label = escapeLine(input.label);
    if (input.choices !== null) screen.print(input.choices.map(choiceLine));
    const [first] = input.choices ?? [];
    const note = first !== undefined ? ` [${escapeLine(first.value)}]` : input.optional ? ' (optional)' : '';
    const line = await ask(`${label}${note}: `);
    if (line === null) return null;
    const value = input.choices === null ? line.trim() : chosen(line.trim(), input.choices, label);
    if (value === '' && !input.optional) {
      throw new AppError('INVALID_INPUT', `${label} is needed`, { hint: 'press the button again' });
    }
    if (value.length > input.maxLength) {
      throw new AppError(
        'TOO_LONG',
        `${label} has ${value.length} characters; at most ${input.maxLength} are allowed`,
        { hint: 'press the button again with a shorter text' },
      );
    }
    if (value !== '') values[input.name] = value;
  }
  return values;
}

function choiceLine({ value, label }: FormChoice, index: number): string {
  return escapeLine(`  ${index + 1}  ${value === label ? value : `${value}: ${label}`}`);
}

/** By number or value; a value goes before a number, so that a choice called `2` can be meant. */
function chosen(typed: string, choices: readonly FormChoice[], label: string): string {
  if (typed === '') return choices[0]?.value ?? '';
  const byValue = choices.find(({ value }) => value === typed);
  const choice = byValue ?? (/^\d+$/.test(typed) ? choices[Number(typed) - 1] : undefined);
  if (choice !== undefined) return choice.value;
  throw new AppError('INVALID_INPUT', `${label}: ${quote(typed)} is none of the choices`, {
    hint: `press the button again and write one of ${choices.map(({ value }) => value).join(', ')}, or its number`,
  });
}
