import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { startSlackBotInside, type SlackBotInside } from '../fixtures/slack-bot.ts';
import { buttonsOf, textOf } from '../fixtures/slack-texts.ts';

/** Longer than a card has room for. */
const LONG = `echo danger ${'x'.repeat(9000)} end`;

/** A whole bot under another command; alice asks, bob and carol decide. */
let bot: SlackBotInside;
let room: string;
let alice: string;
let bob: string;
let carol: string;
let threadTs: string;

beforeEach(async () => {
  bot = await startSlackBotInside({
    command: '/airlock',
    policy(slack) {
      [alice = '', bob = '', carol = ''] = ['alice', 'bob', 'carol'].map(
        (name) => slack.addUser({ name }).id,
      );
      room = slack.addChannel({ name: 'agents', members: [alice, bob, carol] }).id;
      return `
channels: { slack: { operators: [${room}] } }
levels: { critical: { approvals: 1 } }
rules:
  - { kind: agent.exec, command: danger, level: high, reason: it says so }
  - { kind: agent.exec, command: launch, level: critical, reason: it flies }
`;
    },
    env: (slack) => ({
      AIRLOCK_ADMINS: `slack:${slack.team}:${bob},slack:${slack.team}:${carol}`,
      AIRLOCK_SLACK_COMMAND: '/airlock',
    }),
  });
  onTestFinished(() => bot[Symbol.asyncDispose]());
  await bot.slack.slash({ user: alice, channel: room, text: 'create box' });
  await bot.finish();
  threadTs = bot.slack.messages(room).at(-1)?.ts ?? '';
});

/** Asks in the agent's thread; the message that waits for a decision. */
async function asked(command: string): Promise<string> {
  await bot.slack.mention({ user: alice, channel: room, threadTs, text: command });
  await bot.finish();
  return (
    bot.slack.messages(room, threadTs).findLast((each) => buttonsOf(each).includes('airlock:approve'))?.ts ??
    ''
  );
}

async function press(user: string, ts: string, button: string): Promise<void> {
  const { acked } = await bot.slack.press({ user, channel: room, ts, actionId: `airlock:${button}` });
  expect(acked).toBe(true);
  await bot.finish();
}

const shownOf = (ts: string) => {
  const message = bot.slack.messages(room, threadTs).find((each) => each.ts === ts);
  return {
    text: message === undefined ? '' : textOf(message),
    buttons: message === undefined ? [] : buttonsOf(message),
  };
};
const lastAnswer = (user: string) => {
  const answer = bot.slack.ephemerals(user).at(-1);
  return answer === undefined ? '' : textOf(answer);
};

function expectRulesKept(): void {
  expect(bot.slack.violations).toEqual([]);
  expect(bot.slack.mentions()).toEqual([]);
  expect(bot.errors).toEqual([]);
}

test('CRITICAL is approved by the hash that is typed in the window, by no press and no other hash', async () => {
  const { slack } = bot;
  const ts = await asked('echo launch');
  const hash = /Hash\s+([0-9a-f-]{14})/.exec(shownOf(ts).text)?.[1] ?? '';

  await press(bob, ts, 'approve');
  expect(slack.views(bob)).toHaveLength(1);
  await slack.submit({ user: bob, values: { hash: '0000-0000-0000' } });
  await bot.finish();
  expect(lastAnswer(bob)).toContain('HASH_MISMATCH');
  expect(shownOf(ts).text).toContain('waiting for approval');

  await press(bob, ts, 'approve');
  await slack.submit({ user: bob, values: { hash, note: 'looked twice' } });
  await bot.finish();

  expect(shownOf(ts).text).toContain('done, exit code 0');
  expect(shownOf(ts).text).toMatch(/\d\d:\d\d:\d\d bob \(slack:.*\) approved: looked twice/);
  expect(shownOf(ts).buttons).not.toContain('airlock:approve');
  expect(slack.ephemerals(alice).map(textOf).join()).not.toContain('on record');
  expectRulesKept();
});

test('Deny asks for the reason in a window, the card says who, when and why, and a stale Approve is answered', async () => {
  const { slack } = bot;
  const ts = await asked('echo danger');

  await press(bob, ts, 'deny');
  slack.faults.always('chat.update', { kind: 'status', status: 503 });
  await slack.submit({ user: bob, values: { reason: 'not *today* <!channel>' } });
  await bot.pass('the receipt', () => lastAnswer(bob).includes('on record'));
  // The card still looks as it did before.
  await slack.press({ user: carol, channel: room, ts, actionId: 'airlock:approve' });
  await bot.pass('an answer', () => lastAnswer(carol).includes('REJECTED already'));
  slack.faults.clear();
  await bot.finish();

  expect(shownOf(ts).text).toMatch(/\d\d:\d\d:\d\d bob \(slack:.*\) denied: not \*today\* <!channel>/);
  expect(shownOf(ts).buttons).toEqual([]);
  expectRulesKept();
});

test('a long command hangs in the thread as a file, and is approved only by who opened the whole of it in its window', async () => {
  const { slack } = bot;
  const ts = await asked(LONG);
  expect(shownOf(ts).text).toContain('characters are not shown');
  expect(slack.files(room, threadTs).map(({ content }) => content)).toEqual([LONG]);

  await press(bob, ts, 'approve');
  expect(lastAnswer(bob)).toContain('PAYLOAD_NOT_READ');
  await press(bob, ts, 'view');
  const [first] = slack.views(bob);
  await slack.pressInView({ user: bob, actionId: 'airlock-page:next' });
  await bot.pass('the next page', () => textOf(slack.views(bob)[0] ?? { blocks: [] }).includes(' end'));
  expect(first === undefined ? '' : textOf(first)).toContain('page 1 of 2');
  await press(carol, ts, 'approve');
  expect(lastAnswer(carol)).toContain('PAYLOAD_NOT_READ');
  slack.closeView(bob);
  await press(bob, ts, 'approve');

  expect(shownOf(ts).text).toContain('done, exit code 0');
  expectRulesKept();
});

test('a renamed command is named by the menu and by errors, and an approval is given in the App Home', async () => {
  const { slack } = bot;
  await slack.slash({ user: alice, channel: room, text: '' });
  await bot.finish();
  expect(lastAnswer(alice)).toContain('/airlock help');
  await slack.slash({ user: alice, channel: room, text: 'no-such' });
  await bot.finish();
  expect(lastAnswer(alice)).toContain('/airlock');
  const ts = await asked('echo danger');

  await slack.openHome(bob);
  await bot.pass('the page', () => slack.home(bob) !== null);
  expect(textOf(slack.home(bob) ?? { blocks: [] })).toContain('echo danger');
  await slack.pressInView({ user: bob, viewId: 'home', actionId: 'airlock:approve' });
  await bot.finish();

  expect(shownOf(ts).text).toContain('done, exit code 0');
  await bot.pass(
    'the page without it',
    () => !textOf(slack.home(bob) ?? { blocks: [] }).includes('echo danger'),
  );
  expect(slack.messages(room, threadTs).map(textOf).join()).not.toContain('on record');
  expectRulesKept();
});
