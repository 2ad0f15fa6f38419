import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { renderForm } from '../../../../../channels/slack/render/form.ts';
import { renderHome } from '../../../../../channels/slack/render/home.ts';
import { renderMessage } from '../../../../../channels/slack/render/message.ts';
import { renderTextModal } from '../../../../../channels/slack/render/text-modal.ts';
import type { Card, Form } from '../../../../../src/conversation/card.ts';
import { approvalCard } from '../../../../fixtures/cards.ts';
import { brokenMessageRules, brokenViewRules } from '../../../../fixtures/slack-limits.ts';

const CARDS = path.resolve(import.meta.dirname, '../../../conversation/cards/golden');

/** The goldens are cards and forms by construction: the test that writes them is typed. */
const cardSchema = z.custom<Card>((value) => z.object({ kind: z.string() }).safeParse(value).success);
const formSchema = z.custom<Form>(
  (value) => z.object({ inputs: z.array(z.unknown()) }).safeParse(value).success,
);

const names = (await readdir(CARDS)).filter((name) => name.endsWith('.json')).toSorted();
const read = await Promise.all(
  names.map(async (name) => ({
    name: path.basename(name, '.json'),
    value: z.unknown().parse(JSON.parse(await readFile(path.join(CARDS, name), 'utf8'))),
  })),
);
const all = [
  ...read.flatMap(({ name, value }) => {
    const card = cardSchema.safeParse(value);
    return card.success ? [{ name, card: card.data }] : [];
  }),
  { name: 'fixture-approval', card: approvalCard() },
];
const alone = read.flatMap(({ value }) => {
  const form = formSchema.safeParse(value);
  return form.success ? [form.data] : [];
});

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
    const opened = all.flatMap(({ card }) => card.buttons.flatMap(({ opens }) => opens ?? []));
    const forms = new Map([...opened, ...alone].map((form) => [form.title, form]));

    const views = [...forms.values()].map((form) => renderForm(form, '{}'));

    expect(views.length).toBeGreaterThan(2);
    expect(views.flatMap((view) => brokenViewRules({ ...view }))).toEqual([]);
    await golden(views, 'forms');
  });
});
