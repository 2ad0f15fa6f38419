import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { createLogger } from '../../src/lib/logger.ts';
import { createFakeDriver } from '../../src/sandboxes/fake/fake-driver.ts';
import { startDiscordEmulator } from '../emulators/discord/discord-emulator.ts';
import type { DiscordEmulator } from '../emulators/discord/types.ts';
import { type SlackEmulator, startSlackEmulator } from '../emulators/slack/slack-emulator.ts';
import { textOf } from '../fixtures/slack-texts.ts';
import { temporaryDirectory } from '../fixtures/temporary-directory.ts';

vi.setConfig({ testTimeout: 60_000 });
/** Slack takes one post in a second; a busy machine takes longer. */
const WAIT_MS = 30_000;

let slack: SlackEmulator;
let discord: DiscordEmulator;
let opened: AsyncDisposableStack;
const onSlack = { alice: '', bob: '', dora: '', room: '' };
const onDiscord = { bob: '', carol: '', eve: '', room: '' };

/** Alice is on Slack, carol on Discord, bob on both; dora and eve hold a role by a group, and nobody lists them. */
beforeEach(async () => {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await temporaryDirectory());
  slack = await startSlackEmulator();
  stack.defer(() => slack.close());
  discord = await startDiscordEmulator();
  stack.defer(() => discord.close());
  for (const name of ['alice', 'bob', 'dora'] as const) onSlack[name] = slack.addUser({ name }).id;
  onSlack.room = slack.addChannel({ name: 'ops', members: [onSlack.alice, onSlack.bob, onSlack.dora] }).id;
  const approvers = discord.addRole('approvers');
  onDiscord.bob = discord.addUser({ name: 'bobby' });
  onDiscord.carol = discord.addUser({ name: 'carol' });
  onDiscord.eve = discord.addUser({ name: 'eve', roles: [approvers] });
  onDiscord.room = discord.addChannel({ name: 'ops' });
  const policyPath = join(directory.path, 'airlock.yaml');
  await writeFile(
    policyPath,
    `
people:
  - { id: alice, principals: [slack:${slack.team}:${onSlack.alice}], roles: [operator] }
  - { id: bob, principals: [slack:${slack.team}:${onSlack.bob}, discord:${onDiscord.bob}], roles: [approver] }
  - { id: carol, principals: [discord:${onDiscord.carol}], roles: [approver] }
roles: { approver: [discord-role:${discord.guild.id}:${approvers}] }
channels: { discord: { approvals: '${onDiscord.room}' } }
levels: { high: { approvals: 2 } }
rules:
  - { kind: agent.create, level: high, reason: it says so }
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
  const log = createLogger({ level: 'error', redactor: config.redactor, write: () => {} });
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
});

function cardWith(...texts: string[]) {
  return vi.waitUntil(
    () =>
      slack.messages(onSlack.room).find((message) => texts.every((text) => textOf(message).includes(text))),
    { timeout: WAIT_MS },
  );
}

/** Alice asks on Slack for what needs two approvals. */
async function ask() {
  await slack.slash({ user: onSlack.alice, channel: onSlack.room, text: 'create box' });
  const card = await cardWith('waiting for approval');
  const [id = ''] = /\b[a-z0-9]{12}\b/.exec(textOf(card)) ?? [];
  return { id, ts: card.ts };
}

async function approveOnDiscord(user: string, id: string): Promise<string> {
  const outcome = await discord.command({
    user,
    channel: onDiscord.room,
    path: ['approve'],
    options: { id },
  });
  return JSON.stringify(await outcome.reply());
}

test('a person of both platforms has one vote, whichever comes first, and a second person decides', async () => {
  const { id, ts } = await ask();

  await slack.press({ user: onSlack.bob, channel: onSlack.room, ts, actionId: 'airlock:approve' });
  await vi.waitUntil(() => slack.ephemerals(onSlack.bob).length > 0, { timeout: WAIT_MS });
  const again = await approveOnDiscord(onDiscord.bob, id);
  const waits = textOf(await cardWith('waiting for approval'));
  const decided = await approveOnDiscord(onDiscord.carol, id);

  expect(again).toContain('votes are final');
  expect(waits).toContain('waiting for approval');
  expect(decided).toContain('no more are needed');
  await cardWith('Agent box', 'RUNNING');
});

test('the card on the other platform takes votes too, and both cards tell the same', async () => {
  const { ts } = await ask();
  const shown = (...texts: string[]) =>
    discord.until(
      () =>
        discord
          .messages(onDiscord.room)
          .find((message) => texts.every((text) => JSON.stringify(message).includes(text))),
      WAIT_MS,
    );
  const card = await shown('waiting for approval');

  await discord.press({ user: onDiscord.bob, message: card, label: 'Approve' });
  await slack.press({ user: onSlack.bob, channel: onSlack.room, ts, actionId: 'airlock:approve' });
  await shown('1 of 2');
  await cardWith('1 of 2');
  await discord.press({ user: onDiscord.carol, message: card, label: 'Approve' });

  await shown('done');
  await cardWith('Agent box', 'RUNNING');
});

test('the vote on Discord counts for Slack too', async () => {
  const { id, ts } = await ask();

  const first = await approveOnDiscord(onDiscord.bob, id);
  await slack.press({ user: onSlack.bob, channel: onSlack.room, ts, actionId: 'airlock:approve' });
  const [refused] = await vi.waitUntil(
    () => {
      const told = slack.ephemerals(onSlack.bob);
      return told.length > 0 && told;
    },
    { timeout: WAIT_MS },
  );

  expect(first).toContain('1 more approval needed');
  expect(refused === undefined ? '' : textOf(refused)).toContain('ALREADY_VOTED');
});

test('with two platforms only listed people vote, whatever role they hold', async () => {
  const { id } = await ask();

  const refused = await approveOnDiscord(onDiscord.eve, id);

  expect(refused).toContain('only listed people vote');
});
