import { expect, onTestFinished, test } from 'vitest';
import { startSlackBotInside } from '../fixtures/slack-bot.ts';
import { textOf } from '../fixtures/slack-texts.ts';

const GROUP = 'S0APPROVERS';

/** alice asks; bob and carol approve as members of a user group, and both are needed. */
async function createWorld() {
  const id = { alice: '', bob: '', carol: '', ops: '' };
  const bot = await startSlackBotInside({
    policy(slack) {
      for (const name of ['alice', 'bob', 'carol'] as const) id[name] = slack.addUser({ name }).id;
      id.ops = slack.addChannel({ name: 'ops', members: [id.alice, id.bob, id.carol] }).id;
      slack.addUserGroup(GROUP, [id.bob, id.carol]);
      return `
channels: { slack: { operators: [${id.ops}] } }
roles: { approver: ['slack-group:${slack.team}:${GROUP}'] }
levels: { high: { approvals: 2, roles: [approver], selfApproval: false, expiresIn: 1h } }
rules:
  - { kind: agent.create, level: high, reason: it says so }
`;
    },
  });
  onTestFinished(() => bot[Symbol.asyncDispose]());
  const { slack, clock } = bot;
  await slack.slash({ user: id.alice, channel: id.ops, text: 'create box' });
  await bot.finish();
  const { ts = '' } = slack.messages(id.ops).find((message) => textOf(message).includes('waiting')) ?? {};
  const approve = async (user: string) => {
    await slack.press({ user, channel: id.ops, ts, actionId: 'airlock:approve' });
    await bot.finish();
  };
  return { bot, slack, clock, ...id, approve };
}

test('an approver who is taken out of the user group before the action runs approves nothing', async () => {
  const { bot, slack, clock, bob, carol, approve } = await createWorld();
  await approve(bob);
  slack.addUserGroup(GROUP, [carol]);
  clock.advance(5 * 60_000);
  await approve(carol);

  const [action] = await bot.store.actions({ kinds: ['agent.create'] });

  expect(action).toMatchObject({ status: 'REJECTED', error: { code: 'RECHECK_FAILED' } });
  expect(action?.error?.message).toContain('1 of 2 approvals count now; no longer entitled: bob');
  expect(slack.violations).toEqual([]);
});

test('two who still are in it approve together', async () => {
  const { bot, clock, bob, carol, approve } = await createWorld();
  await approve(bob);
  clock.advance(40 * 60_000);
  await approve(carol);

  const [action] = await bot.store.actions({ kinds: ['agent.create'] });

  expect(action).toMatchObject({ status: 'COMPLETED' });
});
