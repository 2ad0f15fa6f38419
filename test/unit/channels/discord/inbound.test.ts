import { afterEach, describe, expect, test } from 'vitest';
import type { Inbox } from '../../../../src/conversation/channel.ts';
import { createRecordingInbox } from '../../../fakes/recording-inbox.ts';
import { makeCard } from '../../../fixtures/cards.ts';
import { type InboundWorld, openInboundWorld, openRecordedWorld } from './inbound-world.ts';

let world: InboundWorld;

async function open(...options: Parameters<typeof openRecordedWorld>) {
  const opened = await openRecordedWorld(...options);
  world = opened;
  return opened;
}

afterEach(async () => {
  await world[Symbol.asyncDispose]();
  expect(world.discord.violations).toEqual([]);
});

describe('a slash command', () => {
  test('reaches the inbox as a command line, with who, where and the id of the delivery', async () => {
    const { discord, inbox, room, user } = await open();

    const { answer, ephemeral, interactionId } = await discord.command({
      user,
      channel: room,
      path: ['exec'],
      options: { agent: 'box', command: 'echo a && echo "b c"', timeout: '5m' },
    });

    expect({ answer, ephemeral }).toEqual({ answer: 'deferred', ephemeral: false });
    const [request] = await inbox.received(1);
    expect(request).toEqual({
      type: 'command',
      request: {
        deliveryId: interactionId,
        principal: `discord:${user}`,
        displayName: 'alice',
        groups: [],
        thread: { channel: 'discord', space: discord.guild.id, room, thread: null },
        text: 'exec --timeout=5m box -- echo a && echo "b c"',
        via: 'command',
      },
    });
  });

  test('that only looks is answered for the asker alone', async () => {
    const { discord, room, user } = await open((_, reply) =>
      reply.private(makeCard({ title: 'Your agents' })),
    );

    const outcome = await discord.command({ user, channel: room, path: ['list'] });

    expect(outcome.ephemeral).toBe(true);
    expect(JSON.stringify(await outcome.reply())).toContain('Your agents');
    expect(discord.messages(room)).toEqual([]);
  });

  test('leaves nothing behind where its cards are posted', async () => {
    const { discord, inbox, room, user } = await open();

    await discord.command({ user, channel: room, path: ['create'] });
    await inbox.received(1);

    await discord.until(() => discord.messages(room).length === 0);
  });

  test('that is refused is answered for the asker alone, though its cards are for all', async () => {
    const { discord, room, user } = await open((_, reply) =>
      reply.private(makeCard({ title: 'Not allowed' })),
    );

    await discord.command({ user, channel: room, path: ['create'] });

    expect(JSON.stringify(await world.told())).toContain('Not allowed');
    expect(discord.messages(room)).toEqual([]);
  });
});

describe('in a thread', () => {
  async function openThread() {
    const opened = await open();
    const message = await opened.post(makeCard());
    return { ...opened, thread: await opened.startThread(message) };
  }

  test('the agent may be left out, and the inbox finds it', async () => {
    const { discord, inbox, room, thread, user } = await openThread();

    await discord.command({ user, channel: thread, path: ['exec'], options: { command: 'box -- ls' } });

    const [request] = await inbox.received(1);
    expect(request?.request).toMatchObject({
      text: 'exec -- box -- ls',
      via: 'mention',
      thread: { space: discord.guild.id, room, thread },
    });
  });

  test('another agent may be named', async () => {
    const { discord, inbox, thread, user } = await openThread();

    await discord.command({ user, channel: thread, path: ['status'], options: { agent: 'other' } });

    const [request] = await inbox.received(1);
    expect(request?.request).toMatchObject({ text: 'status other', via: 'command' });
  });

  test('that the library does not know is asked for', async () => {
    const { client, discord, inbox, room, thread, user } = await openThread();
    client.channels.cache.delete(thread);

    await discord.command({ user, channel: thread, path: ['status'] });

    const [request] = await inbox.received(1);
    expect(request?.request.thread).toEqual({ channel: 'discord', space: discord.guild.id, room, thread });
  });

  test('that the bot may not look at nothing is done, and its asker is told', async () => {
    const { client, discord, inbox, thread, user } = await openThread();
    client.channels.cache.delete(thread);
    discord.faults.rest('GET /channels/:channel', { kind: 'error', status: 403, code: 50001 });

    const outcome = await discord.command({ user, channel: thread, path: ['status'] });

    expect(JSON.stringify(await outcome.reply())).toContain('could not find out where');
    expect(inbox.requests).toEqual([]);
  });

  test('outside of one the agent is asked for', async () => {
    const { discord, inbox, room, user } = await openThread();

    const outcome = await discord.command({ user, channel: room, path: ['status'] });

    expect(JSON.stringify(await outcome.reply())).toContain('not the thread of an agent');
    expect(inbox.requests).toEqual([]);
  });
});

describe('who asks', () => {
  test('is known with the roles that the configuration names, of this server only', async () => {
    const { discord, inbox, room, groups } = await openWithRoles();
    const ada = discord.addUser({ name: 'ada', roles: [groups.held, groups.unnamed] });

    await discord.command({ user: ada, channel: room, path: ['list'] });

    const [request] = await inbox.received(1);
    expect(request?.request.groups).toEqual([`discord-role:${discord.guild.id}:${groups.held}`]);
  });

  test('loses a role at once', async () => {
    const { discord, inbox, room, groups } = await openWithRoles();
    const ada = discord.addUser({ name: 'ada', roles: [groups.held] });
    await discord.command({ user: ada, channel: room, path: ['list'] });
    discord.setRoles(ada, []);

    await discord.command({ user: ada, channel: room, path: ['list'] });

    const [, request] = await inbox.received(2);
    expect(request?.request.groups).toEqual([]);
  });

  async function openWithRoles() {
    const named: string[] = [];
    const inbox = createRecordingInbox();
    world = await openInboundWorld({ inbox, groups: () => named });
    const { discord } = world;
    const groups = {
      held: discord.addRole('ops'),
      other: discord.addRole('others'),
      unnamed: discord.addRole('unnamed'),
    };
    named.push(
      `discord-role:${discord.guild.id}:${groups.held}`,
      `discord-role:${discord.guild.id}:${groups.other}`,
      `discord-role:999:${groups.held}`,
      'slack-group:T1:S1',
    );
    return { ...world, inbox, groups };
  }
});

describe('where nothing can be shown', () => {
  test('a command that posts is refused before anything is done, with what to do', async () => {
    const { discord, inbox, user } = await open();
    const mute = discord.addChannel({ name: 'mute', permissions: ['ViewChannel'] });

    const outcome = await discord.command({ user, channel: mute, path: ['create'] });

    expect(outcome).toMatchObject({ answer: 'message', ephemeral: true });
    expect(JSON.stringify(await outcome.reply())).toContain('Send Messages');
    expect(inbox.requests).toEqual([]);
  });

  test('a command that only looks is answered', async () => {
    const { discord, inbox, user } = await open();
    const mute = discord.addChannel({ name: 'mute', permissions: ['ViewChannel'] });

    await discord.command({ user, channel: mute, path: ['list'] });

    await inbox.received(1);
  });

  test('a server that the installation is not for is told so', async () => {
    const { discord, inbox, room, user } = await open(undefined, { guildId: '999' });

    const outcome = await discord.command({ user, channel: room, path: ['list'] });

    expect(JSON.stringify(await outcome.reply())).toContain('in our server');
    expect(inbox.requests).toEqual([]);
  });
});

describe('options while they are typed', () => {
  test('are completed by place, with what people know', async () => {
    const inbox = createRecordingInbox({
      choices: [
        { value: 'calm-otter', label: 'calm-otter RUNNING busybox' },
        { value: 'k3x9', label: 'agent.exec by ada' },
        { value: 'x'.repeat(101), label: 'too long' },
      ],
    });
    world = await openInboundWorld({ inbox });
    const { discord, room, user } = world;

    const { choices } = await discord.autocomplete({
      user,
      channel: room,
      path: ['exec'],
      options: { agent: 'ca' },
      focused: 'agent',
    });

    expect(choices).toEqual([
      { name: 'calm-otter RUNNING busybox', value: 'calm-otter' },
      { name: 'k3x9 · agent.exec by ada', value: 'k3x9' },
    ]);
    expect(inbox.completions).toEqual([
      {
        principal: `discord:${user}`,
        groups: [],
        thread: { channel: 'discord', space: discord.guild.id, room, thread: null },
        text: 'exec ca',
      },
    ]);
  });

  test('that are numbers are suggested as numbers', async () => {
    const inbox = createRecordingInbox({
      choices: [
        { value: '0.5', label: '0.5' },
        { value: 'many', label: 'many' },
      ],
    });
    world = await openInboundWorld({ inbox });
    const { discord, room, user } = world;

    const { choices } = await discord.autocomplete({ user, channel: room, path: ['create'], focused: 'cpu' });

    expect(choices).toEqual([{ name: '0.5', value: 0.5 }]);
    expect(inbox.completions[0]?.text).toBe('create --cpu ');
  });

  test('are answered with nothing, and in time, when the store hangs', async () => {
    const asked = Promise.withResolvers<void>();
    const inbox: Inbox = {
      ...createRecordingInbox(),
      complete() {
        asked.resolve();
        return new Promise(() => {});
      },
    };
    world = await openInboundWorld({ inbox });
    const { discord, room, user } = world;

    const completing = discord.autocomplete({ user, channel: room, path: ['stop'], focused: 'agent' });
    await asked.promise;
    discord.clock.advance(2000);

    expect(await completing).toMatchObject({ answered: true, choices: [] });
  });
});
