import type { FormChoice, FormInput } from '../../src/conversation/card.ts';

/** True for choices that a platform can offer. What it cannot is typed: a value that was cut would choose something else. */
export function fitsSelect(
  choices: FormInput['choices'],
  { options, characters }: { options: number; characters: number },
): choices is readonly FormChoice[] {
  return (
    choices !== null &&
    choices.length > 0 &&
    choices.length <= options &&
    new Set(choices.map(({ value }) => value)).size === choices.length &&
    choices.every(({ value }) => value !== '' && value.length <= characters)
  );
}
