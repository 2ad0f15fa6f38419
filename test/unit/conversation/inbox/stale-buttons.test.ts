import { expect, test } from 'vitest';
import type { ButtonId } from '../../../../src/conversation/card.ts';
import { policyOf } from '../../orchestrator/workbench.ts';
import { type Answered, type Desk, openDesk, refusal } from './desk.ts';

const HOUR_MS = 3_600_000;

async function waiting(desk: Desk): Promise<string> {
  await desk.ask('create box');
  const { actionId } = await desk.ask('exec box -- danger');
  return actionId ?? '';
}

async function agentId(desk: Desk): Promise<string> {
  return (await desk.bench.store.liveAgentByName('box'))?.id ?? '';
}

/** Every way to decide from an old card: all are answered in private, and none opens a form. */
async function everyWay(desk: Desk, id: string): Promise<Answered[]> {
  return [
    await desk.press('approve', id, 'carol'),
    await desk.press('deny', id, 'carol'),
    await desk.send('deny', id, { reason: 'no' }, 'carol'),
    await desk.press('cancel', id, 'alice'),
    await desk.ask(`approve ${id}`, 'carol'),
  ];
}

test('a decided one says what became of it', async () => {
  await using desk = await openDesk();
  const id = await waiting(desk);
  await desk.send('deny', id, { reason: 'not today' }, 'dave');
  for (const answer of await everyWay(desk, id)) {
    expect(refusal(answer)).toBe('ACTION_SETTLED');
    expect(answer.cards[0]?.title).toContain('is REJECTED already (denied by dave: not today)');
    expect(answer.forms).toEqual([]);
  }
});

test('a cancelled one says who cancelled it', async () => {
  await using desk = await openDesk();
  const id = await waiting(desk);
  await desk.press('cancel', id);
  for (const answer of await everyWay(desk, id)) {
    expect(refusal(answer)).toBe('ACTION_SETTLED');
    expect(answer.cards[0]?.title).toContain('CANCELLED already (cancelled by the requester)');
  }
});

test('an expired one says so, whether it was moved already or not', async () => {
  await using desk = await openDesk();
  const id = await waiting(desk);
  desk.bench.tamper('UPDATE actions SET expiresAt = ? WHERE id = ?', '1', id);
  expect(refusal(await desk.press('deny', id, 'carol'))).toBe('ACTION_EXPIRED');
  expect(refusal(await desk.press('approve', id, 'carol'))).toBe('ACTION_EXPIRED');
  expect((await desk.bench.store.action(id))?.status).toBe('EXPIRED');
  for (const answer of await everyWay(desk, id)) expect(refusal(answer)).toBe('ACTION_EXPIRED');
});

test('one whose agent was stopped is cancelled, its card loses its buttons, and a press says why', async () => {
  await using desk = await openDesk();
  const id = await waiting(desk);
  const agent = await agentId(desk);
  await desk.press('stop', agent);
  await desk.bench.orchestrator.settled(id);
  await desk.conversation.drained();
  expect(desk.channel.messages.at(-1)?.card).toMatchObject({ state: { label: 'cancelled' }, buttons: [] });
  for (const answer of await everyWay(desk, id)) {
    expect(refusal(answer)).toBe('ACTION_SETTLED');
    expect(answer.cards[0]?.title).toContain('agent box ended before it was decided');
  }
});

test.each(['run', 'pause', 'resume', 'extend'] as const)(
  '%s of a stopped agent says that it is',
  async (button) => {
    await using desk = await openDesk();
    await desk.ask('create box');
    const agent = await agentId(desk);
    await desk.press('stop', agent);
    const pressed = await desk.press(button, agent);
    expect(refusal(pressed)).toBe('WRONG_STATE');
    expect(pressed.cards[0]?.title).toContain('STOPPED');
    expect(pressed.forms).toEqual([]);
    expect(await desk.press('stop', agent)).toMatchObject({ ok: true });
  },
);

test.each([
  ['approve', 'ACTION_NOT_FOUND'],
  ['deny', 'ACTION_NOT_FOUND'],
  ['cancel', 'ACTION_NOT_FOUND'],
  ['view', 'ACTION_NOT_FOUND'],
  ['run', 'AGENT_NOT_FOUND'],
  ['pause', 'AGENT_NOT_FOUND'],
  ['resume', 'AGENT_NOT_FOUND'],
  ['stop', 'AGENT_NOT_FOUND'],
  ['logs', 'AGENT_NOT_FOUND'],
  ['extend', 'AGENT_NOT_FOUND'],
] as const satisfies readonly (readonly [ButtonId, string])[])(
  '%s of what never was says that there is no such thing',
  async (button, code) => {
    await using desk = await openDesk();
    for (const subject of ['zzzzzzzzzzzz', 'z\u202e"<!channel>']) {
      expect(refusal(await desk.press(button, subject, 'erin'))).toBe(code);
    }
  },
);

test('a critical one that expired opens no form for its hash', async () => {
  const rule = { kind: 'agent.exec', command: 'danger', level: 'critical', reason: 'a test' };
  await using desk = await openDesk({ policy: policyOf({ rules: [rule] }) });
  const id = await waiting(desk);
  desk.bench.clock.advance(HOUR_MS);
  const pressed = await desk.press('approve', id, 'erin');
  expect(refusal(pressed)).toBe('ACTION_EXPIRED');
  expect(pressed.forms).toEqual([]);
});
