import { expect, test } from 'vitest';
import { MAX_HOME_CARDS } from '../../../../src/conversation/inbox/home.ts';
import { policyOf } from '../../orchestrator/workbench.ts';
import { openDesk } from './desk.ts';

const danger = { kind: 'agent.exec', command: 'danger', level: 'high', reason: 'a test' };

test('a stranger finds the menu only', async () => {
  await using desk = await openDesk();
  await desk.ask('create box');
  await desk.ask('exec box -- danger');
  expect(await desk.home('nobody')).toMatchObject([{ title: 'Airlock', buttons: [{ id: 'help' }] }]);
});

test('somebody new finds the menu of their role', async () => {
  await using desk = await openDesk();
  const [menu, ...others] = await desk.home('alice');
  expect(others).toEqual([]);
  expect(menu?.buttons.map(({ id }) => id)).toEqual(['create', 'list', 'approvals', 'help']);
});

test('who decides finds what waits for them with buttons that work, and not what is not theirs', async () => {
  await using desk = await openDesk();
  await desk.ask('create box');
  await desk.ask('exec box -- danger 1');
  await desk.ask('exec box -- danger 2', 'carol');
  const titles = (await desk.home('carol')).map(({ title, code }) => code?.text ?? title);
  expect(titles).toEqual(['danger 1', 'The team has 1 live agent', 'Your last requests', 'Airlock']);
  const [first] = await desk.home('carol');
  const approve = first?.buttons.find(({ id }) => id === 'approve');
  expect(
    await desk.press('approve', approve?.subject ?? '', 'carol', { hash: approve?.hash ?? null }),
  ).toMatchObject({ ok: true });
  expect((await desk.home('carol'))[0]?.title).toBe('The team has 1 live agent');
});

test('what lapses first stands first, at most ten, and the rest is counted', async () => {
  const policy = policyOf({ rules: [danger], limits: { pendingPerPerson: 50 } });
  await using desk = await openDesk({ policy });
  await desk.ask('create box');
  for (let index = 0; index < MAX_HOME_CARDS + 2; index += 1) {
    await desk.ask(`exec box -- danger ${index}`);
    desk.bench.clock.advance(1000);
  }
  const cards = await desk.home('carol');
  expect(cards.slice(0, MAX_HOME_CARDS).map(({ code }) => code?.text)).toEqual(
    Array.from({ length: MAX_HOME_CARDS }, (_, index) => `danger ${index}`),
  );
  expect(cards[MAX_HOME_CARDS]?.title).toBe('and 2 more wait for you');
});

test('an owner finds their live agents and their own requests, and nothing of others, output least of all', async () => {
  await using desk = await openDesk();
  await desk.ask('create box');
  await desk.ask('create boat', 'bob');
  await desk.ask('create gone');
  await desk.ask('stop gone');
  await desk.ask('exec box -- echo secret');
  const cards = await desk.home('alice');
  expect(cards.map(({ title }) => title)).toEqual(['Agent box', 'Your last requests', 'Airlock']);
  expect(cards[0]?.buttons.map(({ id }) => id)).toEqual(['run', 'pause', 'logs', 'extend', 'stop']);
  expect(cards[0]?.timeline).toEqual([]);
  expect(cards[1]?.table?.slice(1).map((row) => row.slice(1, 3))).toEqual([
    ['exec box', 'COMPLETED'],
    ['stop gone', 'COMPLETED'],
    ['create gone', 'COMPLETED'],
    ['create box', 'COMPLETED'],
  ]);
  expect(cards.every(({ output }) => output === null)).toBe(true);
  const others = JSON.stringify(await desk.home('carol'));
  expect(others).not.toMatch(/box|secret/);
});

test('approvers and admins find how many agents the team has, others only their own', async () => {
  await using desk = await openDesk();
  const titlesOf = async (who: string) => (await desk.home(who)).map(({ title }) => title);
  expect(await titlesOf('erin')).toEqual(['Airlock']);
  await desk.ask('create box');
  await desk.ask('create boat', 'bob');
  await desk.ask('create gone', 'bob');
  await desk.ask('stop gone', 'bob');
  const team = 'The team has 2 live agents';
  expect([await titlesOf('carol'), await titlesOf('erin')]).toEqual([
    [team, 'Airlock'],
    [team, 'Airlock'],
  ]);
  expect([...(await titlesOf('vera')), ...(await titlesOf('bob'))]).not.toContain(team);
});

test('of a long payload the card offers the full text', async () => {
  await using desk = await openDesk({ limits: { codeCharacters: 10 } });
  await desk.ask('create box');
  await desk.ask(`exec box -- danger ${'x'.repeat(50)}`);
  const [card] = await desk.home('carol');
  expect(card?.buttons.map(({ id }) => id)).toEqual(['approve', 'deny', 'view', 'cancel']);
});

test('counts as a query, and says so when there were too many', async () => {
  const policy = policyOf({ limits: { requestsPerMinute: 2 } });
  await using desk = await openDesk({ policy });
  await desk.home('alice');
  await desk.home('alice');
  expect(await desk.home('alice')).toMatchObject([{ state: { label: 'RATE_LIMITED' } }]);
});

test('brought up to date by the channel itself counts as nothing', async () => {
  const policy = policyOf({ limits: { requestsPerMinute: 2 } });
  await using desk = await openDesk({ policy });
  const who = { principal: 'slack:T1:alice', displayName: 'alice', groups: [] };
  for (let time = 0; time < 5; time += 1) {
    const [menu] = await desk.conversation.inbox.home({ ...who, refresh: true });
    expect(menu?.title).toBe('Airlock');
  }
  expect(await desk.ask('list')).toMatchObject({ ok: true });
});

test('never throws, and keeps to itself what broke', async () => {
  await using desk = await openDesk();
  desk.bench.store.agents = () => Promise.reject(new Error('/secret/path is broken'));
  const cards = await desk.home('alice');
  expect(cards).toMatchObject([{ state: { label: 'INTERNAL' }, title: 'this page could not be made' }]);
  expect(JSON.stringify(cards)).not.toContain('secret');
});
