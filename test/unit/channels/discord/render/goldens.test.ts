import { describe, expect, test } from 'vitest';
import { renderForm } from '../../../../../channels/discord/render/form.ts';
import { renderMessage } from '../../../../../channels/discord/render/message.ts';
import { brokenMessageRules, brokenModalRules } from '../../../../fixtures/discord-limits.ts';
import { readGoldenCards } from '../../../../fixtures/golden-cards.ts';

const { all, forms } = await readGoldenCards();

async function golden(value: unknown, name: string): Promise<void> {
  await expect(`${JSON.stringify(value, null, 2)}\n`).toMatchFileSnapshot(`golden/${name}.json`);
}

describe('every card in every state', () => {
  test.each(all)('$name is a message within the limits', async ({ name, card }) => {
    const message = renderMessage(card);

    expect(brokenMessageRules(message)).toEqual([]);
    expect(message.cut.rest).toBe(false);
    await golden(message, name);
  });

  test('nothing of a card that is made for these limits is cut', () => {
    const cut = all.filter(({ card }) => Object.values(renderMessage(card).cut).some(Boolean));

    expect(cut.map(({ name }) => name)).toEqual([]);
  });

  test('each form is a modal within the limits', async () => {
    const modals = forms.map((form) => renderForm(form, 'airlock-form'));

    expect(modals.length).toBeGreaterThan(2);
    expect(modals.flatMap((modal) => brokenModalRules(modal))).toEqual([]);
    await golden(modals, 'forms');
  });
});
