import { describe, expect, test } from 'vitest';
import { policyOf } from '../../orchestrator/workbench.ts';
import { type Answered, type Desk, openDesk, refusal } from './desk.ts';

const rule = (level: string) => ({ kind: 'agent.exec', command: 'danger', level, reason: 'a test' });
const HIGH = policyOf({ rules: [rule('high')], levels: { high: { approvals: 2 } } });
const CRITICAL = policyOf({ rules: [rule('critical')] });

async function waiting(desk: Desk, command = 'danger', who = 'alice'): Promise<string> {
  await desk.ask('create box');
  const { actionId } = await desk.ask(`exec box -- ${command}`, who);
  return actionId ?? '';
}

async function expectSame(desk: Desk, id: string, pressed: Answered, sent: Answered): Promise<void> {
  expect(pressed.forms).toEqual([]);
  expect(pressed.cards).toEqual(sent.cards);
  expect(await desk.bench.store.votes(id)).toHaveLength(0);
}

describe('a form is not opened for somebody whose vote would be refused:', () => {
  test('the one who asked', async () => {
    await using desk = await openDesk({ policy: HIGH });
    const id = await waiting(desk, 'danger', 'carol');

    const pressed = await desk.press('deny', id, 'carol');

    expect(refusal(pressed)).toBe('SELF_APPROVAL');
    await expectSame(desk, id, pressed, await desk.send('deny', id, { reason: 'no' }, 'carol'));
  });

  test('who has not the role', async () => {
    await using desk = await openDesk({ policy: CRITICAL });
    const id = await waiting(desk);

    for (const button of ['deny', 'approve'] as const) {
      const pressed = await desk.press(button, id, 'carol');
      expect(refusal(pressed)).toBe('NOT_ALLOWED');
      await expectSame(desk, id, pressed, await desk.send(button, id, { reason: 'no', hash: 'x' }, 'carol'));
    }
  });

  test('who has voted', async () => {
    await using desk = await openDesk({ policy: HIGH });
    const id = await waiting(desk);
    expect(await desk.ask(`approve ${id}`, 'carol')).toMatchObject({ ok: true });

    const pressed = await desk.press('deny', id, 'carol');

    expect(refusal(pressed)).toBe('ALREADY_VOTED');
    expect(pressed.forms).toEqual([]);
  });

  test('who has not read what the card could not show, to approve it; to deny it takes no reading', async () => {
    await using desk = await openDesk({ policy: CRITICAL, limits: { codeCharacters: 10 } });
    const id = await waiting(desk, `danger ${'x'.repeat(50)}`);

    const approve = await desk.press('approve', id, 'erin');
    const deny = await desk.press('deny', id, 'erin');

    expect(refusal(approve)).toBe('PAYLOAD_NOT_READ');
    expect(approve.forms).toEqual([]);
    expect(deny.forms).toMatchObject([{ inputs: [{ name: 'reason' }] }]);
  });
});

test('for somebody who may vote the form opens, and nothing is written down', async () => {
  await using desk = await openDesk({ policy: CRITICAL });
  const id = await waiting(desk);

  expect((await desk.press('approve', id, 'erin')).forms).toMatchObject([{ inputs: [{ name: 'hash' }, {}] }]);
  expect((await desk.press('deny', id, 'erin')).forms).toMatchObject([{ inputs: [{ name: 'reason' }] }]);
  expect(await desk.bench.store.votes(id)).toEqual([]);
});
