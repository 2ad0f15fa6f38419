import type { Form, FormInput } from '../../src/conversation/card.ts';
import { AppError } from '../../src/errors.ts';
import { escapeLine } from '../../src/lib/escape-text.ts';
import type { Screen } from './screen.ts';

export type FormValues = Partial<Record<FormInput['name'], string>>;

/**
 * Asks a form line by line. An empty line skips an optional input; a required one left empty or a value that is too long throws
 * INVALID_INPUT. Null = cancelled.
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
    const line = await ask(`${label}${input.optional ? ' (optional)' : ''}: `);
    if (line === null) return null;
    const value = line.trim();
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
