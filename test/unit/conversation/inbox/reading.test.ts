import { expect, test } from 'vitest';
import { policyOf } from '../../orchestrator/workbench.ts';
import { type Desk, openDesk, refusal } from './desk.ts';

const LONG = `danger ${'x'.repeat(200)}`;
const CUT = { codeCharacters: 100, outputCharacters: 50 };

async function asked(desk: Desk, command = LONG): Promise<string> {
  await desk.ask('create box');
  const { actionId } = await desk.ask(`exec box -- ${command}`);
  if (actionId === null) throw new Error('it was refused');
  return actionId;
}

const statusOf = async (desk: Desk, id: string) => (await desk.bench.store.action(id))?.status;

test('what the card cannot show whole is approved only by somebody who opened the whole', async () => {
  await using desk = await openDesk({ limits: CUT });
  const id = await asked(desk);
  const card = desk.channel.messages.at(-1)?.card;
  expect(card?.buttons.map((button) => button.id)).toEqual(['approve', 'deny', 'view', 'cancel']);

  const pressed = await desk.press('approve', id, 'carol', { hash: card?.buttons[0]?.hash ?? null });
  expect(refusal(pressed)).toBe('PAYLOAD_NOT_READ');
  expect(pressed.cards[0]?.text[0]).toContain('View full');
  expect(refusal(await desk.ask(`approve ${id}`, 'carol'))).toBe('PAYLOAD_NOT_READ');
  expect(refusal(await desk.send('approve', id, { note: 'fine' }, 'carol'))).toBe('PAYLOAD_NOT_READ');
  expect(await statusOf(desk, id)).toBe('PENDING');

  const viewed = await desk.press('view', id, 'carol');
  expect(viewed).toMatchObject({ ok: true, cards: [{ code: { text: LONG } }] });
  expect(viewed.cards[0]?.buttons.map((button) => button.id)).not.toContain('view');
  expect(refusal(await desk.press('approve', id, 'dave'))).toBe('PAYLOAD_NOT_READ');
  expect(await desk.press('approve', id, 'carol')).toMatchObject({ ok: true });
  expect(await statusOf(desk, id)).toBe('COMPLETED');
});

test('the command view counts as opening it, and lasts over a restart', async () => {
  await using desk = await openDesk({ limits: CUT });
  const id = await asked(desk);
  expect(await desk.ask(`view ${id.slice(0, 5)}`, 'carol')).toMatchObject({ ok: true });
  await desk.bench.restart();
  expect(
    await desk.bench.approve({ ...(await recordOf(desk, id)) }, desk.bench.who('carol'), {
      mustRead: () => true,
    }),
  ).toMatchObject({ status: 'APPROVED' });
});

test('a view that did not reach the person does not count', async () => {
  await using desk = await openDesk({ limits: CUT });
  const id = await asked(desk);
  await desk.ask(`view ${id}`, 'carol', { private: () => Promise.reject(new Error('trigger_expired')) });
  expect(refusal(await desk.press('approve', id, 'carol'))).toBe('PAYLOAD_NOT_READ');
});

test('a denial needs no reading', async () => {
  await using desk = await openDesk({ limits: CUT });
  const id = await asked(desk);
  expect(await desk.send('deny', id, { reason: 'too long' }, 'carol')).toMatchObject({ ok: true });
  expect(await statusOf(desk, id)).toBe('REJECTED');
});

test('what the card shows whole is approved as it is', async () => {
  await using desk = await openDesk({ limits: CUT });
  const id = await asked(desk, 'danger');
  expect(await desk.press('approve', id, 'carol')).toMatchObject({ ok: true });
});

test('a critical one asks to be read before it asks for its hash', async () => {
  const rule = { kind: 'agent.exec', command: 'danger', level: 'critical', reason: 'a test' };
  await using desk = await openDesk({ limits: CUT, policy: policyOf({ rules: [rule] }) });
  const id = await asked(desk);
  const { payloadHash: hash } = await recordOf(desk, id);
  const pressed = await desk.press('approve', id, 'erin');
  expect(refusal(pressed)).toBe('PAYLOAD_NOT_READ');
  expect(pressed.forms).toEqual([]);
  expect(refusal(await desk.send('approve', id, { hash }, 'erin'))).toBe('PAYLOAD_NOT_READ');

  await desk.press('view', id, 'erin');
  expect((await desk.press('approve', id, 'erin')).forms).toHaveLength(1);
  expect(await desk.send('approve', id, { hash }, 'erin')).toMatchObject({ ok: true, waiting: true });
});

test('who may not decide or see it opens nothing', async () => {
  await using desk = await openDesk({ limits: CUT });
  const id = await asked(desk);
  expect(refusal(await desk.press('view', id, 'bob'))).toBe('NOT_ALLOWED');
  expect(refusal(await desk.press('view', id, 'nobody'))).toBe('NOT_ALLOWED');
});

test('of many votes at once none passes that was not preceded by a reading', async () => {
  await using desk = await openDesk({ limits: CUT });
  const id = await asked(desk);
  const votes = await Promise.all(Array.from({ length: 20 }, () => desk.press('approve', id, 'carol')));
  expect(votes.map(refusal)).toEqual(Array.from({ length: 20 }, () => 'PAYLOAD_NOT_READ'));
  expect(await desk.bench.store.votes(id)).toEqual([]);
});

test('the full text of a finished one has all the output that is kept', async () => {
  await using desk = await openDesk({ limits: CUT });
  await desk.ask('create box');
  const text = 'y'.repeat(5000);
  const { agents } = desk.bench;
  agents.onExec = async () => ({
    exitCode: 0,
    stdoutBytes: text.length,
    outputFile: 'outputs/x.json',
    outputSha256: 'd'.repeat(64),
  });
  agents.keptOutput = async () => ({ text, truncated: false, totalBytes: text.length, path: 'x' });
  const { actionId } = await desk.ask('exec box -- yes');
  const card = desk.channel.messages.at(-1)?.card;
  expect(card?.output?.text.length).toBeLessThan(200);
  expect(card?.buttons.map((button) => button.id)).toEqual(['view']);
  const viewed = await desk.press('view', actionId ?? '');
  expect(viewed.cards[0]?.output?.text).toBe(text);
});

async function recordOf(desk: Desk, id: string) {
  const action = await desk.bench.store.action(id);
  if (action === null) throw new Error(`no action ${id}`);
  return action;
}
