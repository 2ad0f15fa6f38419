import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { renderForm } from '../../../../../channels/discord/render/form.ts';
import { renderMessage } from '../../../../../channels/discord/render/message.ts';
import type { Card, Form } from '../../../../../src/conversation/card.ts';
import { approvalCard } from '../../../../fixtures/cards.ts';
import { brokenMessageRules, brokenModalRules } from '../../../../fixtures/discord-limits.ts';

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
    const opened = all.flatMap(({ card }) => card.buttons.flatMap(({ opens }) => opens ?? []));
    const forms = new Map([...opened, ...alone].map((form) => [form.title, form]));

    const modals = [...forms.values()].map((form) => renderForm(form, 'airlock-form'));

    expect(modals.length).toBeGreaterThan(2);
    expect(modals.flatMap((modal) => brokenModalRules(modal))).toEqual([]);
    await golden(modals, 'forms');
  });
});
