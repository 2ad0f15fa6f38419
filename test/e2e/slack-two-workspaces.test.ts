import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { SlackDelivery } from '../emulators/slack/slack-emulator.ts';
import { startSlackBotInside, type SlackBotInside } from '../fixtures/slack-bot.ts';
import { buttonsOf, textOf } from '../fixtures/slack-texts.ts';

const OTHER = 'T0OTHERS';

/** A channel shared with another workspace: alice and bob are ours, eve and a namesake of bob with bob's very user id are not. */
interface SharedChannel {
  bot: SlackBotInside;
  shared: string;
  elsewhere: string;
  alice: string;
  bob: string;
  eve: string;
  mallory: string;
  /** Of alice's agent, on which a command of hers waits for approval. */
  threadTs: string;
  /** The message that asks for it, and its action. */
  askedTs: string;
  actionId: string;
  hash: string;
}

let world: SharedChannel;

beforeEach(async () => {
  world = await createWorld();
});

async function createWorld(): Promise<SharedChannel> {
  const id = { alice: '', bob: '', eve: '', mallory: '', shared: '', elsewhere: '' };
  const bot = await startSlackBotInside({
    policy(slack) {
      for (const name of ['alice', 'bob', 'mallory'] as const) id[name] = slack.addUser({ name }).id;
      id.eve = slack.addUser({ name: 'eve', team: OTHER }).id;
      const members = [id.alice, id.bob, id.eve];
      id.shared = slack.addChannel({ name: 'partners', members, shared: true }).id;
      id.elsewhere = slack.addChannel({ name: 'elsewhere', members: [id.mallory] }).id;
      return `
channels: { slack: { operators: [${id.shared}] } }
people:
  - { id: bob, principals: ['slack:${slack.team}:${id.bob}'], roles: [approver] }
rules:
  - { kind: agent.exec, command: danger, level: high, reason: it says so }
`;
    },
    env: (slack) => ({ AIRLOCK_ADMINS: `slack:${slack.team}:${id.bob}` }),
  });
  onTestFinished(() => bot[Symbol.asyncDispose]());
  const { slack } = bot;
  await slack.slash({ user: id.alice, channel: id.shared, text: 'create box' });
  await bot.finish();
  const threadTs = slack.messages(id.shared).at(-1)?.ts ?? '';
  await slack.mention({ user: id.alice, channel: id.shared, threadTs, text: 'echo danger' });
  await bot.finish();
  const askedTs = slack.messages(id.shared, threadTs).at(-1)?.ts ?? '';
  const [action] = await bot.store.actions({ statuses: ['PENDING'] });
  if (action === undefined) throw new Error('nothing waits for approval');
  return { bot, ...id, threadTs, askedTs, actionId: action.id, hash: action.payloadHash };
}

/** The same id in another workspace is another person. */
function asNamesakeOf<T>(name: 'alice' | 'bob', act: () => T): T {
  const { slack } = world.bot;
  const { [name]: id } = world;
  slack.addUser({ id, team: OTHER, name });
  try {
    return act();
  } finally {
    slack.addUser({ id, name });
  }
}

/** Everything that people can try on somebody else's agent, by who tries it where. */
const ATTEMPTS = {
  slash: ({ bot: { slack }, actionId, hash }: SharedChannel, user: string, channel: string) =>
    [
      'create evil',
      'exec box -- echo stolen',
      'list',
      'status box',
      'logs box',
      'stop box',
      'stop-all 1',
      'approvals',
      `view ${actionId}`,
      `approve ${actionId} ${hash.slice(0, 8)}`,
      `deny ${actionId} because`,
      `cancel ${actionId}`,
      'reload',
      'audit',
      'runtimes',
    ].map((text) => () => slack.slash({ user, channel, text })),
  mention: ({ bot: { slack }, shared: channel, threadTs }: SharedChannel, user: string) =>
    ['echo stolen', 'exec echo stolen', 'stop', 'logs', 'status'].map(
      (text) => () => slack.mention({ user, channel, threadTs, text }),
    ),
  button: ({ bot: { slack }, shared: channel, threadTs, askedTs }: SharedChannel, user: string) =>
    [threadTs, askedTs].flatMap((ts) => {
      const message = slack.messages(channel).find((each) => each.ts === ts);
      const buttons = message === undefined ? [] : buttonsOf(message);
      return buttons.map((actionId) => () => slack.press({ user, channel, ts, actionId }));
    }),
};

/** Acknowledged, and answered with a refusal in private. */
async function expectRefused(user: string, act: () => Promise<SlackDelivery>): Promise<void> {
  const { bot } = world;
  const earlier = bot.slack.ephemerals(user).length;
  const { acked, request } = await act();
  await bot.finish();
  const answers = bot.slack.ephemerals(user).slice(earlier).map(textOf);
  const what = JSON.stringify(request.payload['text'] ?? request.payload['actions'] ?? request.payload);
  expect(acked, `${what} is acknowledged`).toBe(true);
  expect(answers, `the answer to ${what}`).toEqual([expect.stringContaining('NOT_ALLOWED')]);
}

/** What alice asked for is all there is, nobody has voted, and nothing else ran. */
async function expectUntouched(): Promise<void> {
  const { bot, actionId, alice } = world;
  const { store } = bot;
  expect(bot.errors).toEqual([]);
  const actions = await store.actions();
  const requester = `slack:${bot.slack.team}:${alice}`;
  expect(actions.map((action) => [action.kind, action.status, action.requester])).toEqual([
    ['agent.exec', 'PENDING', requester],
    ['agent.create', 'COMPLETED', requester],
  ]);
  expect(await store.votes(actionId)).toEqual([]);
  expect((await store.agents({ live: true })).map(({ name, status }) => [name, status])).toEqual([
    ['box', 'RUNNING'],
  ]);
  expect(bot.host.calls.filter((call) => call.startsWith('exec '))).toEqual([]);
}

describe.each(['slash', 'mention', 'button'] as const)('by %s', (way) => {
  test('somebody of another workspace in a shared channel has no rights here', async () => {
    const { eve, shared } = world;
    const attempts = ATTEMPTS[way](world, eve, shared);
    expect(attempts.length).toBeGreaterThan(3);

    for (const attempt of attempts) await expectRefused(eve, attempt);

    await expectUntouched();
    expect(world.bot.slack.views(eve)).toEqual([]);
    expect(world.bot.slack.violations).toEqual([]);
  });

  test('somebody there with the very user id of one of ours has none of the rights of that one', async () => {
    const { bob, shared } = world;
    const attempts = ATTEMPTS[way](world, bob, shared);

    for (const attempt of attempts) await expectRefused(bob, () => asNamesakeOf('bob', attempt));

    await expectUntouched();
    expect(world.bot.slack.views(bob)).toEqual([]);
    expect(world.bot.slack.violations).toEqual([]);
  });
});

test('a form that one of ours has open is not taken from a namesake, and what our own fills in is', async () => {
  const { bot, shared: channel, threadTs, alice } = world;
  const { slack } = bot;
  const open = async () => {
    await slack.press({ user: alice, channel, ts: threadTs, actionId: 'airlock:run' });
    await bot.pass('the form', () => slack.views(alice).length === 1);
  };
  await open();
  await expectRefused(alice, () =>
    asNamesakeOf('alice', () => slack.submit({ user: alice, values: { command: 'echo stolen' } })),
  );
  await expectUntouched();

  await open();
  await slack.submit({ user: alice, values: { command: 'echo own' } });
  await bot.finish();

  const shown = slack.messages(channel, threadTs).map(textOf);
  expect(shown).toContainEqual(expect.stringMatching(/done, exit code 0[^]*echo own/));
});

test('our own still decides after all that', async () => {
  const { bot, shared: channel, askedTs, bob, eve } = world;
  const { slack } = bot;
  const approve = (user: string) => slack.press({ user, channel, ts: askedTs, actionId: 'airlock:approve' });
  await expectRefused(eve, () => approve(eve));
  await expectRefused(bob, () => asNamesakeOf('bob', () => approve(bob)));

  await approve(bob);
  await bot.finish();

  const decided = slack.messages(channel).find(({ ts }) => ts === askedTs);
  expect(decided === undefined ? '' : textOf(decided)).toContain('done, exit code 0');
  const votes = await bot.store.votes(world.actionId);
  expect(votes.map(({ principal }) => principal)).toEqual([`slack:${slack.team}:${bob}`]);
});

test.each(['mallory', 'eve'] as const)(
  '%s, who is nobody here, may ask for help and do nothing else',
  async (name) => {
    const { bot, [name]: user } = world;
    const channel = name === 'mallory' ? world.elsewhere : world.shared;

    for (const attempt of ATTEMPTS.slash(world, user, channel)) await expectRefused(user, attempt);
    const earlier = bot.slack.ephemerals(user).length;
    await bot.slack.slash({ user, channel, text: 'help create' });
    await bot.slack.slash({ user, channel, text: '' });
    await bot.finish();

    const answers = bot.slack.ephemerals(user).slice(earlier).map(textOf);
    expect(answers).toHaveLength(2);
    expect(answers.join('\n')).not.toContain('NOT_ALLOWED');
    expect(answers.join('\n')).toContain('/agent create');
    await expectUntouched();
  },
);
