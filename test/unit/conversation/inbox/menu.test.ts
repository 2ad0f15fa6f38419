import { expect, test } from 'vitest';
import { readStoredRequest } from '../../../../src/conversation/inbox/stored-request.ts';
import { openDesk, refusal, ROOM } from './desk.ts';

const buttons = (card: { buttons: readonly { id: string }[] } | undefined) =>
  card?.buttons.map(({ id }) => id);

test.each([
  ['nobody', ['help']],
  ['vera', ['list', 'approvals', 'help']],
  ['alice', ['create', 'list', 'approvals', 'help']],
])('the menu of %s has %j', async (who, expected) => {
  await using desk = await openDesk();
  const { ok, cards } = await desk.ask('', who);
  expect(ok).toBe(true);
  expect(cards.map(buttons)).toEqual([expected]);
  expect(cards[0]?.text).toHaveLength(1);
});

test('every button of the menu answers the one who pressed it', async () => {
  await using desk = await openDesk();
  await desk.ask('create box');
  await desk.ask('create boat', 'bob');
  expect((await desk.press('list', '')).cards).toMatchObject([{ title: '1 live agent of yours' }]);
  expect((await desk.press('approvals', '')).cards).toMatchObject([
    { title: 'Nothing waits for an approval' },
  ]);
  expect((await desk.press('help', '', 'nobody')).cards).toMatchObject([{ kind: 'help' }]);
  expect(refusal(await desk.press('list', '', 'nobody'))).toBe('NOT_ALLOWED');
  expect(desk.channel.messages.map(({ card }) => card.title)).toEqual(['Agent box', 'Agent boat']);
});

test('create asks for name, image and network with choices, and its form makes the agent', async () => {
  await using desk = await openDesk();
  const { forms } = await desk.press('create', '');
  expect(forms).toMatchObject([
    {
      inputs: [
        { name: 'name', choices: null, optional: true },
        { name: 'image', choices: [{ value: 'busybox' }, { value: 'node' }] },
        { name: 'network', choices: [{ value: 'no' }, { value: 'yes' }] },
      ],
    },
  ]);
  const values = { name: 'box', image: 'busybox', network: 'no' };
  expect(await desk.send('create', '', values)).toMatchObject({ ok: true, waiting: false });
  expect(await desk.bench.store.liveAgentByName('box')).toMatchObject({
    status: 'RUNNING',
    limits: { networkEnabled: false },
  });
  const asked = await desk.send('create', '', { image: 'busybox', network: 'yes' });
  expect(asked).toMatchObject({ ok: true, waiting: true });
});

test.each([
  [{}, 'INVALID_INPUT'],
  [{ image: 'busybox' }, 'INVALID_INPUT'],
  [{ image: ' ', network: 'no' }, 'INVALID_INPUT'],
  [{ network: 'no' }, 'INVALID_INPUT'],
  [{ image: 'busybox', network: 'maybe\u001b' }, 'INVALID_INPUT'],
  [{ image: 'busybox', network: 'no', name: 'x'.repeat(101) }, 'INVALID_INPUT'],
  [{ image: 'x'.repeat(200_000), network: 'no' }, 'TOO_LONG'],
])('a form of a create with %j is refused clearly', async (values, code) => {
  await using desk = await openDesk();
  expect(refusal(await desk.send('create', '', values))).toBe(code);
  expect(await desk.bench.store.countLiveAgents()).toBe(0);
});

test('create is for operators: others get neither form nor agent', async () => {
  await using desk = await openDesk();
  const pressed = await desk.press('create', '', 'vera');
  expect(refusal(pressed)).toBe('NOT_ALLOWED');
  expect(pressed.forms).toEqual([]);
  const values = { image: 'busybox', network: 'no' };
  expect(refusal(await desk.send('create', '', values, 'vera'))).toBe('NOT_ALLOWED');
});

test('a form that a crash left keeps what was filled in', () => {
  const form = {
    kind: 'form' as const,
    deliveryId: 'd1',
    principal: 'slack:T1:alice',
    displayName: 'alice',
    groups: [],
    thread: ROOM,
    button: 'create' as const,
    subject: '',
    hash: null,
    values: { name: 'box', image: 'busybox', network: 'yes' },
  };
  expect(readStoredRequest({ request: JSON.stringify(form) })).toEqual(form);
});

test('where the root command is renamed, menu, help, hints and errors say it', async () => {
  await using desk = await openDesk({ rootOf: (channel) => (channel === 'slack' ? '/airlock' : '/agent') });
  const texts = [
    await desk.ask(''),
    await desk.ask('help'),
    await desk.ask('help exec'),
    await desk.ask('list'),
    await desk.ask('lst'),
    await desk.ask('stop'),
    await desk.ask('audit many'),
    await desk.ask('cancel unknown'),
    await desk.ask('view unknown'),
    await desk.ask('stop nobody'),
    await desk.press('approve', 'unknown'),
    await desk.press('run', 'unknown'),
  ].map(({ cards }) => JSON.stringify(cards));
  for (const text of texts) {
    expect(text).toContain('/airlock');
    expect(text).not.toContain('/agent');
  }
});
