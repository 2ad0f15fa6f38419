import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { createLogger } from '../../src/lib/logger.ts';
import { createFakeDriver } from '../../src/sandboxes/fake/fake-driver.ts';
import { startDiscordEmulator } from '../emulators/discord/discord-emulator.ts';
import type { DiscordEmulator, MessageView } from '../emulators/discord/types.ts';
import { temporaryDirectory } from '../fixtures/temporary-directory.ts';

vi.setConfig({ testTimeout: 60_000 });
/** What is waited for comes within a second or two; a busy machine takes longer. */
const WAIT_MS = 30_000;

let discord: DiscordEmulator;
let opened: AsyncDisposableStack;
let [alice, bob, room] = ['', '', ''];
const defects: string[] = [];

/** The whole bot on a server, with sandboxes in memory: alice asks, bob approves. */
beforeEach(async () => {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await temporaryDirectory());
  discord = await startDiscordEmulator();
  stack.defer(() => discord.close());
  alice = discord.addUser({ name: 'alice' });
  bob = discord.addUser({ name: 'bob' });
  room = discord.addChannel({ name: 'ops' });
  const policyPath = join(directory.path, 'airlock.yaml');
  await writeFile(
    policyPath,
    `
roles: { admin: ['discord:${bob}'] }
levels: { critical: { approvals: 1 } }
rules:
  - { kind: agent.exec, command: danger, level: high, reason: it says so }
  - { kind: agent.exec, command: disaster, level: critical, reason: it says so }
`,
  );
  const config = await loadConfig({
    env: {
      AIRLOCK_DATA_DIR: join(directory.path, 'data'),
      AIRLOCK_CONFIG: policyPath,
      AIRLOCK_ON_EXIT: 'leave',
      DISCORD_BOT_TOKEN: discord.botToken,
      DISCORD_APPLICATION_ID: discord.applicationId,
      DISCORD_GUILD_ID: discord.guild.id,
      AIRLOCK_DISCORD_CHANNEL: room,
      AIRLOCK_DISCORD_API_URL: discord.apiUrl,
    },
    cwd: directory.path,
  });
  const write = (line: string) => void defects.push(line);
  const log = createLogger({ level: 'error', redactor: config.redactor, write });
  const app = createApp(config, { log, drivers: [createFakeDriver()] });
  stack.defer(() => app.stop());
  await app.start();
  await until(() => discord.commands().length > 0);
  opened = stack.move();
});
afterEach(async () => {
  await opened.disposeAsync();
  expect(discord.violations).toEqual([]);
  expect(defects.splice(0)).toEqual([]);
});

function until<T>(find: () => T | undefined | null | false): Promise<T> {
  return discord.until(find, WAIT_MS);
}

const textOf = (message: MessageView) =>
  [
    message.content,
    ...message.embeds.flatMap(({ title, description, footer }) => [title, description, footer?.text]),
  ].join('\n');

/** What stands in the channel or thread with all these texts. */
function shown(channel: string, ...texts: string[]): Promise<MessageView> {
  return until(() =>
    discord.messages(channel).find((message) => texts.every((text) => textOf(message).includes(text))),
  );
}

/** What only that person sees. */
function told(user: string, ...texts: string[]): Promise<MessageView> {
  return until(() =>
    discord.ephemerals(user).find((message) => texts.every((text) => textOf(message).includes(text))),
  );
}

/** An agent of alice's; its thread. */
async function createAgent(): Promise<string> {
  await discord.command({ user: alice, channel: room, path: ['create'], options: { name: 'box' } });
  const { id } = await until(() => discord.threads(room)[0]);
  await until(() => discord.messages(room).some((message) => textOf(message).includes('RUNNING')));
  return id;
}

const exec = (channel: string, command: string) =>
  discord.command({ user: alice, channel, path: ['exec'], options: { command } });

test('an agent has a thread, and a command in it runs in its agent', async () => {
  const thread = await createAgent();

  await exec(thread, 'echo hello there');

  await shown(thread, 'hello there', 'exit code 0');
  const { choices } = await discord.autocomplete({
    user: alice,
    channel: room,
    path: ['stop'],
    options: { agent: 'bo' },
    focused: 'agent',
  });
  expect(choices).toMatchObject([{ value: 'box' }]);
});

test('what is risky waits for a press, and a denial is given with its reason in a form', async () => {
  const thread = await createAgent();
  await exec(thread, 'echo danger one');
  const first = await shown(thread, 'danger one', 'waiting for approval');
  await exec(thread, 'echo danger two');
  const second = await shown(thread, 'danger two', 'waiting for approval');

  await discord.press({ user: bob, message: first, label: 'Approve' });
  await told(bob, 'on record');
  const { modal } = await discord.press({ user: bob, message: second, label: 'Deny…' });
  await discord.submit({ user: bob, values: { reason: 'not on a Friday' } });

  expect(modal?.title).toContain('Deny');
  await shown(thread, 'danger one', 'exit code 0');
  await shown(thread, 'danger two', 'not on a Friday');
});

test('what is critical is approved by typing its hash into the form of the button', async () => {
  const thread = await createAgent();
  await exec(thread, 'echo disaster');
  const card = await shown(thread, 'disaster', 'waiting for approval');
  const [hash = ''] = /[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}/.exec(textOf(card)) ?? [];

  await discord.press({ user: bob, message: card, label: 'Approve' });
  await discord.submit({ user: bob, values: { hash: '0000-0000-0000' } });
  await told(bob, 'hash');
  await discord.press({ user: bob, message: card, label: 'Approve' });
  await discord.submit({ user: bob, values: { hash } });

  await shown(thread, 'disaster', 'exit code 0');
});

test('what is too long for a card is approved by who has seen all of it', async () => {
  const thread = await createAgent();
  await exec(thread, `echo danger ${'x'.repeat(5000)} end`);
  const card = await shown(thread, 'danger', 'waiting for approval');

  await discord.press({ user: bob, message: card, label: 'Approve' });
  await told(bob, 'whole');
  await discord.command({ user: bob, channel: thread, path: ['view'], options: { id: idOf(card) } });
  await told(bob, 'in the file');
  await discord.press({ user: bob, message: card, label: 'Approve' });

  await shown(thread, 'danger', 'exit code 0');
  expect(discord.attachments.some((file) => file.text().includes('xxx end'))).toBe(true);
});

test('the menu opens the form for an agent, and tells what waits', async () => {
  await discord.command({ user: alice, channel: room, path: ['menu'] });
  const menu = await until(() => discord.ephemerals(alice).find(({ components }) => components.length > 0));
  const create = buttonsOf(menu).find(({ label }) => label?.startsWith('Create'));

  const { modal } = await discord.press({ user: alice, message: menu, customId: create?.custom_id ?? '' });
  await discord.submit({ user: alice, values: { name: 'box', image: ['busybox'], network: ['no'] } });

  expect(modal?.title).toBe('Create an agent');
  await until(() => discord.messages(room).some((message) => textOf(message).includes('RUNNING')));
});

function buttonsOf({ components }: MessageView) {
  return components.flatMap((row) => row.components ?? []);
}

function idOf(card: MessageView): string {
  return /\b[a-z0-9]{12}\b/.exec(textOf(card))?.[0] ?? '';
}
