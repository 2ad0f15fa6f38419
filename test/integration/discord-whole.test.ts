import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { createLogger } from '../../src/lib/logger.ts';
import { createFakeDriver } from '../../src/sandboxes/fake/fake-driver.ts';
import { startDiscordEmulator } from '../emulators/discord/discord-emulator.ts';
import type { DiscordEmulator, MessageView } from '../emulators/discord/types.ts';
import { textOf } from '../fixtures/discord-texts.ts';
import { temporaryDirectory } from '../fixtures/temporary-directory.ts';

vi.setConfig({ testTimeout: 60_000 });
/** What is waited for comes within a second or two; a busy machine takes longer. */
const WAIT_MS = 30_000;

let discord: DiscordEmulator;
let opened: AsyncDisposableStack;
let [alice, bob, room, operators] = ['', '', '', ''];
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
  operators = discord.addRole('operators');
  const policyPath = join(directory.path, 'airlock.yaml');
  await writeFile(
    policyPath,
    `
roles:
  admin: ['discord:${bob}']
  operator: ['discord-role:${discord.guild.id}:${operators}']
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
  const skills = [{ id: 'filesystem', summary: 'Work with files', requires: {} }];
  const app = createApp(config, { log, drivers: [createFakeDriver()], skills });
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
});

test('agents with their state, approvals, images and skills are completed while somebody types', async () => {
  const thread = await createAgent();
  await exec(thread, 'echo danger');
  await shown(thread, 'danger', 'waiting for approval');
  const suggested = async (user: string, command: string, focused: string, typed = '') => {
    const options = typed === '' ? {} : { [focused]: typed };
    const { choices } = await discord.autocomplete({
      user,
      channel: room,
      path: [command],
      options,
      focused,
    });
    return choices.map(({ name }) => name);
  };

  expect(await suggested(alice, 'stop', 'agent', 'bo')).toEqual([expect.stringMatching(/^box .*RUNNING/)]);
  expect(await suggested(bob, 'approve', 'id')).toEqual([expect.stringContaining('agent.exec by alice')]);
  expect(await suggested(alice, 'approve', 'id')).toEqual([]);
  expect(await suggested(alice, 'create', 'image', 'busy')).toEqual(['busybox']);
  expect(await suggested(alice, 'create', 'skill')).toEqual([expect.stringContaining('filesystem')]);
});

test('a stranger may do nothing, and a role of the server counts as long as somebody has it', async () => {
  const eve = discord.addUser({ name: 'eve' });
  const elsewhere = discord.addChannel({ name: 'elsewhere' });
  const create = (name: string) =>
    discord.command({ user: eve, channel: elsewhere, path: ['create'], options: { name } });

  await create('one');
  await told(eve, 'NOT_ALLOWED');
  expect(
    (await discord.autocomplete({ user: eve, channel: elsewhere, path: ['stop'], focused: 'agent' })).choices,
  ).toEqual([]);
  discord.setRoles(eve, [operators]);
  await create('two');
  await shown(elsewhere, 'Agent two', 'RUNNING');
  discord.setRoles(eve, []);
  await create('three');

  await until(() => discord.ephemerals(eve).length === 2);
  expect(discord.messages(elsewhere)).toHaveLength(1);
});

test('a hundred people who ask at the same instant are all answered in time', async () => {
  const people = Array.from({ length: 100 }, (_, at) => discord.addUser({ name: `user-${at}` }));

  const outcomes = await Promise.all(
    people.map((user) => discord.command({ user, channel: room, path: ['list'] })),
  );

  expect(outcomes.filter(({ answered }) => !answered)).toEqual([]);
  await until(() =>
    people.every((user) => discord.ephemerals(user).some((seen) => textOf(seen).includes('agents'))),
  );
});

test('what was typed while the connection was cut off is done when it is back, and who can be answered no more is told so alone', async () => {
  const thread = await createAgent();
  discord.gateway.close(1006);
  await until(() => discord.gateway.connections === 0);

  const typed = [
    exec(thread, 'echo hello there'),
    discord.command({ user: alice, channel: thread, path: ['list'] }),
  ];
  discord.clock.advance(3000);

  expect((await Promise.all(typed)).map(({ answered }) => answered)).toEqual([false, false]);
  await shown(thread, 'hello there', 'exit code 0');
  // For nobody else to see what was asked.
  await until(() => discord.directMessages(alice).some((seen) => textOf(seen).includes('was not answered')));
  expect(discord.messages(thread)).toHaveLength(1);
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

test('what commands print side by side is shown while they run, and leaves room for a decision in their thread', async () => {
  const thread = await createAgent();
  await exec(thread, 'echo danger');
  const asked = await shown(thread, 'danger', 'waiting for approval');
  const tick = 'for i in 1 2 3 4 5 6 7 8; do echo tick $i; sleep 0.5; done';
  await Promise.all([1, 2, 3].map((at) => exec(thread, `echo ${at}; ${tick}`)));
  await shown(thread, 'tick 3', 'so far');

  await discord.press({ user: bob, message: asked, label: 'Approve' });
  await shown(thread, 'echo danger', 'done, exit code 0');
  const running = discord.messages(thread).filter((message) => textOf(message).includes('running'));

  expect(running.length).toBeGreaterThan(0);
  await Promise.all([1, 2, 3].map((at) => shown(thread, `echo ${at}`, 'tick 8', 'done, exit code 0')));
  expect(discord.calls.filter(({ status }) => status === 429)).toEqual([]);
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
