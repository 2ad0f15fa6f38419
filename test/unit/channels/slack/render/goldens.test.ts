import { describe, expect, test } from 'vitest';
import { renderForm } from '../../../../../channels/slack/render/form.ts';
import { renderHome } from '../../../../../channels/slack/render/home.ts';
import { renderMessage } from '../../../../../channels/slack/render/message.ts';
import { renderTextModal } from '../../../../../channels/slack/render/text-modal.ts';
import { readGoldenCards } from '../../../../fixtures/golden-cards.ts';
import { brokenMessageRules, brokenViewRules } from '../../../../fixtures/slack-limits.ts';

const { all, forms } = await readGoldenCards();

async function golden(value: unknown, name: string): Promise<void> {
  await expect(`${JSON.stringify(value, null, 2)}\n`).toMatchFileSnapshot(`golden/${name}.json`);
}

describe('every card in every state', () => {
  test.each(all)('$name is a message within the limits, nothing of it cut', async ({ name, card }) => {
    const message = renderMessage(card);

    expect(brokenMessageRules(message)).toEqual([]);
    expect(message.cut).toEqual({ code: false, output: false, rest: false });
    await golden(message, name);
  });

  test.each(all)('$name has a full text within the limits', ({ card }) => {
    expect(brokenViewRules({ ...renderTextModal({ card, page: 1, privateMetadata: '' }) })).toEqual([]);
  });

  test('all together are a home tab within the limits', async () => {
    const home = renderHome(all.map(({ card }) => card));

    expect(brokenViewRules({ ...home })).toEqual([]);
    await golden(home, 'home');
  });

  test('each form is a modal within the limits', async () => {
    const views = forms.map((form) => renderForm(form, '{}'));

    expect(views.length).toBeGreaterThan(2);
    expect(views.flatMap((view) => brokenViewRules({ ...view }))).toEqual([]);
    await golden(views, 'forms');
  });
});
