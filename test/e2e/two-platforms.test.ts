import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { createLogger } from '../../src/lib/logger.ts';
import { createFakeDriver } from '../../src/sandboxes/fake/fake-driver.ts';
import { startDiscordEmulator } from '../emulators/discord/discord-emulator.ts';
import type { DiscordEmulator, MessageView } from '../emulators/discord/types.ts';
import {
  startSlackEmulator,
  type SlackEmulator,
  type SlackMessage,
} from '../emulators/slack/slack-emulator.ts';
import { buttonsOf as buttonsOnDiscord, textOf as textOnDiscord } from '../fixtures/discord-texts.ts';
import { buttonsOf as buttonsOnSlack, textOf as textOnSlack } from '../fixtures/slack-texts.ts';
import { temporaryDirectory } from '../fixtures/temporary-directory.ts';

/** Both cards of an action show the same so soon after whatever happened. */
const IN_STEP_MS = 2000;
const SETUP_MS = 20_000;
const LOOK_AGAIN_MS = 20;
const NAMES = ['alice', 'bob', 'carol', 'dave'] as const;
type Name = (typeof NAMES)[number];

let slack: SlackEmulator;
let discord: DiscordEmulator;
let opened: AsyncDisposableStack;
let onSlack: Record<Name, string>;
let onDiscord: Record<Name, string>;
/** Has the role of approvers on the server. */
let eve = '';
let slackRoom = '';
let discordRoom = '';
/** Where approvals of the other platform are shown. */
let slackApprovals = '';
let discordApprovals = '';
const defects: string[] = [];

/**
 * One bot on a workspace and on a server, with sandboxes in memory. Alice asks; bob has an account on both and approves, carol approves
 * on Discord, dave and eve approve by roles that list no person.
 */
beforeEach(async () => {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await temporaryDirectory());
  slack = await startSlackEmulator();
  stack.defer(() => slack.close());
  discord = await startDiscordEmulator();
  stack.defer(() => discord.close());
  onSlack = forEach((name) => slack.addUser({ name }).id);
  onDiscord = forEach((name) => discord.addUser({ name }));
  const approvers = discord.addRole('approvers');
  eve = discord.addUser({ name: 'eve', roles: [approvers] });
  const members = Object.values(onSlack);
  slackRoom = slack.addChannel({ name: 'ops', members }).id;
  slackApprovals = slack.addChannel({ name: 'approvals', members }).id;
  discordRoom = discord.addChannel({ name: 'ops' });
  discordApprovals = discord.addChannel({ name: 'approvals' });
  const both = (name: Name) => `['slack:${slack.team}:${onSlack[name]}', 'discord:${onDiscord[name]}']`;
  const policyPath = join(directory.path, 'airlock.yaml');
  await writeFile(
    policyPath,
    `
people:
  - { id: alice, principals: ${both('alice')}, roles: [approver] }
  - { id: bob, principals: ${both('bob')}, roles: [approver] }
  - { id: carol, principals: ['discord:${onDiscord.carol}'], roles: [approver] }
roles:
  approver:
    - 'discord:${onDiscord.dave}'
    - 'slack:${slack.team}:${onSlack.dave}'
    - 'discord-role:${discord.guild.id}:${approvers}'
channels:
  slack: { approvals: ${slackApprovals} }
  discord: { approvals: '${discordApprovals}' }
levels: { high: { approvals: 2 } }
rules:
  - { kind: agent.exec, command: danger, level: high, reason: it says so }
`,
  );
  const config = await loadConfig({
    env: {
      AIRLOCK_DATA_DIR: join(directory.path, 'data'),
      AIRLOCK_CONFIG: policyPath,
      AIRLOCK_ON_EXIT: 'leave',
      SLACK_BOT_TOKEN: slack.botToken,
      SLACK_APP_TOKEN: slack.appToken,
      AIRLOCK_SLACK_API_URL: slack.apiUrl,
      DISCORD_BOT_TOKEN: discord.botToken,
      DISCORD_APPLICATION_ID: discord.applicationId,
      DISCORD_GUILD_ID: discord.guild.id,
      AIRLOCK_DISCORD_API_URL: discord.apiUrl,
    },
    cwd: directory.path,
  });
  const write = (line: string) => void defects.push(line);
  const log = createLogger({ level: 'error', redactor: config.redactor, write });
  const app = createApp(config, { log, drivers: [createFakeDriver()] });
  stack.defer(() => app.stop());
  await app.start();
  await slack.connected();
  await discord.until(() => discord.commands().length > 0);
  opened = stack.move();
});
afterEach(async () => {
  await opened.disposeAsync();
  expect(slack.violations).toEqual([]);
  expect(discord.violations).toEqual([]);
  expect(defects.splice(0)).toEqual([]);
});

function forEach(make: (name: Name) => string): Record<Name, string> {
  return { alice: make('alice'), bob: make('bob'), carol: make('carol'), dave: make('dave') };
}

async function within<T>(
  timeout: number,
  what: string,
  look: () => T | null | undefined | false,
): Promise<T> {
  return vi.waitFor(
    () => {
      const found = look();
      if (found === null || found === undefined || found === false) throw new Error(`no ${what}`);
      return found;
    },
    { timeout, interval: LOOK_AGAIN_MS },
  );
}

const hasAll = (text: string, parts: readonly string[]) => parts.every((part) => text.includes(part));

/** The bot's message of a Slack channel, threads included, with all these texts. */
function slackCard(room: string, ...texts: string[]): SlackMessage | undefined {
  return slack
    .messages(room)
    .find((message) => message.user === slack.botUser && hasAll(textOnSlack(message), texts));
}

/** The same of a Discord channel. */
function discordCard(room: string, ...texts: string[]): MessageView | undefined {
  return [room, ...discord.threads(room).map(({ id }) => id)]
    .flatMap((channel) => discord.messages(channel))
    .find((message) => hasAll(textOnDiscord(message), texts));
}

/** Waits until a card shows these texts, and then as long as the other may differ. */
async function inStep(rooms: { slack: string; discord: string }, ...texts: string[]) {
  await within(
    SETUP_MS,
    `card with ${texts.join(' + ')}`,
    () => slackCard(rooms.slack, ...texts) ?? discordCard(rooms.discord, ...texts),
  );
  return within(IN_STEP_MS, `both cards with ${texts.join(' + ')}`, () => {
    const there = slackCard(rooms.slack, ...texts);
    const here = discordCard(rooms.discord, ...texts);
    return there !== undefined && here !== undefined && { slack: there, discord: here };
  });
}

function toldOnSlack(name: Name, text: string) {
  return within(SETUP_MS, `${text} to ${name}`, () =>
    slack.ephemerals(onSlack[name]).find((seen) => textOnSlack(seen).includes(text)),
  );
}

function toldOnDiscord(name: Name, text: string) {
  return within(SETUP_MS, `${text} to ${name}`, () =>
    discord.ephemerals(onDiscord[name]).find((seen) => textOnDiscord(seen).includes(text)),
  );
}

/** Alice's agent; its thread. */
async function createOnSlack(): Promise<string> {
  await slack.slash({ user: onSlack.alice, channel: slackRoom, text: 'create box' });
  return (await within(SETUP_MS, 'agent', () => slackCard(slackRoom, 'Agent box', 'RUNNING'))).ts;
}

test('asked on Slack: a vote there and one on Discord decide, the same human has one vote, both cards show the same', async () => {
  const threadTs = await createOnSlack();
  await slack.mention({ user: onSlack.alice, channel: slackRoom, threadTs, text: 'echo danger' });
  const rooms = { slack: slackRoom, discord: discordApprovals };
  await within(SETUP_MS, 'question', () => slackCard(slackRoom, 'echo danger', 'waiting for approval'));
  const asked = await inStep(rooms, 'echo danger', 'waiting for approval', '0 of 2');
  const pressOnSlack = (name: Name) =>
    slack.press({
      user: onSlack[name],
      channel: slackRoom,
      ts: asked.slack.ts,
      actionId: 'airlock:approve',
    });
  const pressOnDiscord = (name: Name) =>
    discord.press({ user: onDiscord[name], message: asked.discord, label: 'Approve' });

  await pressOnSlack('bob');
  await inStep(rooms, 'echo danger', '1 of 2');
  await toldOnSlack('bob', 'on record');
  // Bob again, dave whom no person is listed for, and alice who asked: none of them is a second vote.
  await pressOnDiscord('bob');
  await toldOnDiscord('bob', 'ALREADY_VOTED');
  await pressOnDiscord('dave');
  await toldOnDiscord('dave', 'NOT_ALLOWED');
  await pressOnDiscord('alice');
  await toldOnDiscord('alice', 'SELF_APPROVAL');
  expect(slackCard(slackRoom, 'echo danger', '1 of 2')).toBeDefined();
  expect(discordCard(discordApprovals, 'echo danger', '1 of 2')).toBeDefined();
  await pressOnDiscord('carol');

  const done = await inStep(rooms, 'echo danger', 'done, exit code 0');
  await toldOnDiscord('carol', 'on record');
  for (const shown of [textOnSlack(done.slack), textOnDiscord(done.discord)]) {
    expect(shown).toMatch(/bob .*approved/);
    expect(shown).toMatch(/carol .*approved/);
  }
  expect([done.slack.ts, done.discord.id]).toEqual([asked.slack.ts, asked.discord.id]);
  expect(buttonsOnSlack(done.slack)).not.toContain('airlock:approve');
  expect(buttonsOnDiscord(done.discord)).not.toContain('Approve');
});

test('two votes at the same instant, one on each platform, decide; both cards show it in time', async () => {
  const threadTs = await createOnSlack();
  await slack.mention({ user: onSlack.alice, channel: slackRoom, threadTs, text: 'echo danger' });
  const rooms = { slack: slackRoom, discord: discordApprovals };
  await within(SETUP_MS, 'question', () => slackCard(slackRoom, 'echo danger', 'waiting for approval'));
  const asked = await inStep(rooms, 'echo danger', '0 of 2');

  const message = { channel: slackRoom, ts: asked.slack.ts };
  await Promise.all([
    slack.press({ user: onSlack.bob, ...message, actionId: 'airlock:approve' }),
    discord.press({ user: onDiscord.carol, message: asked.discord, label: 'Approve' }),
  ]);

  const done = await inStep(rooms, 'echo danger', 'done, exit code 0');
  for (const shown of [textOnSlack(done.slack), textOnDiscord(done.discord)]) {
    expect(shown.match(/(bob|carol) .*approved/g)).toHaveLength(2);
  }
});

test('votes typed on Discord count on Slack too: one for each person who is listed, whatever role others hold', async () => {
  const threadTs = await createOnSlack();
  await slack.mention({ user: onSlack.alice, channel: slackRoom, threadTs, text: 'echo danger' });
  const asked = await within(SETUP_MS, 'question', () => slackCard(slackRoom, 'echo danger', '0 of 2'));
  const [id = ''] = /\b[a-z0-9]{12}\b/.exec(textOnSlack(asked)) ?? [];
  async function approve(user: string): Promise<string> {
    const path = ['approve'];
    const asking = await discord.command({ user, channel: discordApprovals, path, options: { id } });
    return JSON.stringify(await asking.reply());
  }

  expect(await approve(eve)).toContain('only listed people vote');
  expect(await approve(onDiscord.bob)).toContain('1 more approval needed');
  const message = { channel: slackRoom, ts: asked.ts };
  await slack.press({ user: onSlack.bob, ...message, actionId: 'airlock:approve' });
  await toldOnSlack('bob', 'ALREADY_VOTED');
  expect(await approve(onDiscord.bob)).toContain('votes are final');
  expect(slackCard(slackRoom, 'echo danger', 'waiting for approval')).toBeDefined();
  expect(await approve(onDiscord.carol)).toContain('no more are needed');

  await inStep({ slack: slackRoom, discord: discordApprovals }, 'echo danger', 'done, exit code 0');
});

test('asked on Discord: a denial on Slack closes both cards, and what nobody decides stays where it was asked', async () => {
  const { alice } = onDiscord;
  await discord.command({ user: alice, channel: discordRoom, path: ['create'], options: { name: 'box' } });
  await within(SETUP_MS, 'agent', () => discordCard(discordRoom, 'Agent box', 'RUNNING'));
  const thread = discord.threads(discordRoom)[0]?.id ?? '';
  const exec = (command: string) =>
    discord.command({ user: alice, channel: thread, path: ['exec'], options: { command } });
  await exec('echo harmless');
  await within(SETUP_MS, 'result', () => discordCard(discordRoom, 'echo harmless', 'done, exit code 0'));
  await exec('echo danger');
  const rooms = { slack: slackApprovals, discord: discordRoom };
  await within(SETUP_MS, 'question', () => discordCard(discordRoom, 'echo danger', 'waiting for approval'));
  const asked = await inStep(rooms, 'echo danger', 'waiting for approval', '0 of 2');

  await slack.press({
    user: onSlack.bob,
    channel: slackApprovals,
    ts: asked.slack.ts,
    actionId: 'airlock:deny',
  });
  await within(SETUP_MS, 'form', () => slack.views(onSlack.bob).length > 0);
  await slack.submit({ user: onSlack.bob, values: { reason: 'not on a Friday' } });

  const denied = await inStep(rooms, 'echo danger', 'rejected', 'not on a Friday');
  expect(buttonsOnSlack(denied.slack)).not.toContain('airlock:approve');
  expect(buttonsOnDiscord(denied.discord)).not.toContain('Approve');
  expect(slack.messages(slackApprovals)).toHaveLength(1);
  expect(slack.messages(slackRoom)).toEqual([]);
  expect(discord.messages(discordApprovals)).toEqual([]);
});

test('a command that is too long for the card in the other room is approved there by who has opened all of it', async () => {
  const threadTs = await createOnSlack();
  const text = `echo danger ${'x'.repeat(1500)}`;
  await slack.mention({ user: onSlack.alice, channel: slackRoom, threadTs, text });
  const asked = await within(SETUP_MS, 'question', () => discordCard(discordApprovals, '0 of 2'));
  const press = (label: string) => discord.press({ user: onDiscord.carol, message: asked, label });

  await press('Approve');
  await toldOnDiscord('carol', 'PAYLOAD_NOT_READ');
  await press('View full');
  const read = await within(SETUP_MS, 'full text', () =>
    discord.ephemerals(onDiscord.carol).find(({ attachments }) => attachments.length > 0),
  );
  const file = discord.attachments.find(({ messageId }) => messageId === read.id);
  expect(file?.text()).toContain(text);
  await press('Approve');

  await inStep({ slack: slackRoom, discord: discordApprovals }, 'danger', '1 of 2');
});

test('Discord that is away delays nothing on Slack, and is told afterwards how things stand', async () => {
  const threadTs = await createOnSlack();
  const ask = (text: string) => slack.mention({ user: onSlack.alice, channel: slackRoom, threadTs, text });
  discord.gateway.accepting = false;
  discord.gateway.close(1006);
  const back = Promise.withResolvers<void>();
  discord.faults.rest('*', { kind: 'hold', until: back.promise }, 1000);

  await ask('echo danger');
  const asked = await within(IN_STEP_MS, 'question', () => slackCard(slackRoom, 'echo danger', '0 of 2'));
  await slack.press({
    user: onSlack.bob,
    channel: slackRoom,
    ts: asked.ts,
    actionId: 'airlock:approve',
  });
  await within(IN_STEP_MS, 'vote', () => slackCard(slackRoom, 'echo danger', '1 of 2'));
  await ask('echo harmless');
  await within(IN_STEP_MS, 'result', () => slackCard(slackRoom, 'echo harmless', 'done, exit code 0'));

  expect(discord.messages(discordApprovals)).toEqual([]);
  discord.faults.clear();
  back.resolve();
  discord.gateway.accepting = true;
  await within(SETUP_MS, 'card', () => discordCard(discordApprovals, 'echo danger', '1 of 2'));
  expect(discord.messages(discordApprovals)).toHaveLength(1);
});
