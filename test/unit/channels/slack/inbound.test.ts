import { describe, expect, test } from 'vitest';
import type { Form, HomeRequest, Inbox, Reply } from '../../../../src/conversation/channel.ts';
import { hangingInbox } from '../../../fakes/hanging-inbox.ts';
import { createRecordingInbox, type RecordedRequest } from '../../../fakes/recording-inbox.ts';
import { makeCard } from '../../../fixtures/cards.ts';
import {
  BOT,
  createInboundWorld,
  homePayload,
  type InboundWorld,
  mentionPayload,
  pressPayload,
  ROOM,
  slackError,
  slashPayload,
  submitPayload,
  TEAM,
} from './inbound-world.ts';

const SPACE = { channel: 'slack', space: TEAM };
const DONE = { ok: true, waiting: false, actionId: null };
const AGENT_THREAD = '1700000001.000100';
const FORM: Form = {
  title: 'Run in box',
  text: ['It is given to sh -c.'],
  inputs: [
    { name: 'command', label: 'Command', choices: null, multiline: true, optional: false, maxLength: 3000 },
    { name: 'note', label: 'Note', choices: null, multiline: true, optional: true, maxLength: 500 },
  ],
  submitLabel: 'Run',
};

function open(
  answer?: (recorded: RecordedRequest, reply: Reply) => Promise<void>,
  groups: readonly string[] = [],
) {
  const inbox = createRecordingInbox({
    async answer(recorded, reply) {
      await answer?.(recorded, reply);
      return DONE;
    },
  });
  return { inbox, ...worldOf(inbox, groups) };
}

function worldOf(inbox: Inbox, groups: readonly string[] = []): { world: InboundWorld } {
  return { world: createInboundWorld({ inbox, groups }) };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('a slash command', () => {
  test('reaches the inbox as typed, with who, where and the id of the delivery', async () => {
    const { inbox, world } = open();

    const { acked } = await world.deliver(
      slashPayload({ text: 'exec box -- echo a &amp;&amp; echo &lt;b&gt;', trigger_id: 'trigger-x' }),
    );

    expect(acked).toBe(true);
    expect(inbox.requests).toEqual([
      {
        type: 'command',
        request: {
          deliveryId: 'trigger-x',
          principal: 'slack:T1:U1',
          displayName: 'alice',
          groups: [],
          thread: { ...SPACE, room: ROOM, thread: null },
          text: 'exec box -- echo a && echo <b>',
          via: 'command',
        },
      },
    ]);
  });

  test('alone is the business of the registry', async () => {
    const { inbox, world } = open();

    await world.deliver(slashPayload({ text: '' }));

    expect(inbox.requests[0]?.request).toMatchObject({ text: '' });
  });

  test('under another name is heard all the same', async () => {
    const { inbox, world } = open();

    const { acked } = await world.deliver(slashPayload({ command: '/airlock' }));

    expect(acked).toBe(true);
    expect(inbox.requests).toHaveLength(1);
  });

  test('delivered twice is acknowledged twice and passed on, for the inbox recognises it', async () => {
    const { inbox, world } = open();
    const payload = slashPayload();

    const first = await world.deliver(payload);
    const second = await world.deliver(payload);

    expect([first.acked, second.acked]).toEqual([true, true]);
    expect(inbox.requests).toHaveLength(1);
  });

  test('is not acknowledged before it is on disk', async () => {
    const { inbox, answer } = hangingInbox();
    const { world } = worldOf(inbox);

    const delivering = world.deliver(slashPayload());
    const early = await Promise.race([delivering, turn()]);
    answer.settle();

    expect(early).toBeUndefined();
    expect((await delivering).acked).toBe(true);
  });

  test('is acknowledged within the time of the platform when the store hangs, and given up by then', async () => {
    const { inbox, answer } = hangingInbox();
    const { world } = worldOf(inbox);

    const delivering = world.deliver(slashPayload());
    const { patience } = await answer.asked;
    const early = patience.aborted;
    world.clock.advance(2500);
    const { acked } = await delivering;
    answer.settle();

    expect(acked).toBe(true);
    expect([early, patience.aborted]).toEqual([false, true]);
  });

  test('that the inbox throws on is acknowledged, and the person is told', async () => {
    const { inbox, world } = open(async () => {
      throw new Error('boom with secrets');
    });

    const { acked } = await world.deliver(slashPayload());

    expect(acked).toBe(true);
    expect(inbox.requests).toHaveLength(1);
    expect(JSON.stringify(world.responses)).toContain('could not be taken');
    expect(JSON.stringify(world.responses)).not.toContain('boom');
  });

  test('in a channel without the bot is refused before anything is done, with what to do', async () => {
    const { inbox, world } = open();
    world.web.answer('conversations.info', slackError('channel_not_found'));

    const { acked } = await world.deliver(slashPayload({ channel_name: 'privategroup' }));

    expect(acked).toBe(true);
    expect(inbox.requests).toEqual([]);
    expect(JSON.stringify(world.responses)).toContain('/invite');
  });

  test('in a public channel that the bot has not joined is refused too, and heard soon after the invitation', async () => {
    const { inbox, world } = open();
    world.web.answer('conversations.info', { channel: { is_member: false } });

    await world.deliver(slashPayload());
    world.web.answer('conversations.info', { channel: { is_member: true } });
    world.clock.advance(5000);
    await world.deliver(slashPayload());

    expect(inbox.requests).toHaveLength(1);
  });

  test('is heard where Slack does not say whether the bot is in the channel', async () => {
    const { inbox, world } = open();
    world.web.answer('conversations.info', slackError('ratelimited', 'CHANNEL_TRANSIENT'));

    await world.deliver(slashPayload());

    expect(inbox.requests).toHaveLength(1);
  });

  test('looks at each channel once, however many commands come', async () => {
    const { inbox, world } = open();

    await Promise.all(Array.from({ length: 50 }, () => world.deliver(slashPayload())));

    expect(inbox.requests).toHaveLength(50);
    expect(world.web.calls.filter(({ method }) => method === 'conversations.info')).toHaveLength(1);
  });

  test('is heard in the direct messages with the bot and refused in those between others', async () => {
    const { inbox, world } = open();

    await world.deliver(slashPayload({ channel_id: 'D1', channel_name: 'directmessage' }));
    await world.deliver(slashPayload({ channel_id: 'D7', channel_name: 'directmessage' }));
    await world.deliver(slashPayload({ channel_id: 'G7', channel_name: 'mpdm-alice--bob-1' }));

    expect(inbox.requests.map(({ request }) => request.thread.room)).toEqual(['D1']);
    expect(world.responses).toHaveLength(2);
  });

  test('with a dash that the desktop made of two is passed on as typed, and the writer is told', async () => {
    const { inbox, world } = open();

    await world.deliver(slashPayload({ text: 'exec box \u2014 ls' }));
    const [told] = await world.answered(1);

    expect(inbox.requests[0]?.request).toMatchObject({ text: 'exec box \u2014 ls' });
    expect(JSON.stringify(told?.body)).toContain('long dash');
  });

  test('that cannot be read is acknowledged and logged without its content', async () => {
    const { inbox, world } = open();

    const { acked } = await world.deliver(slashPayload({ user_id: 7, text: 'exec box -- secret words' }));

    expect(acked).toBe(true);
    expect(inbox.requests).toEqual([]);
    expect(world.logged.join('\n')).toContain('user_id');
    expect(world.logged.join('\n')).not.toContain('secret words');
  });
});

describe('a mention', () => {
  test('in a thread is a command for that thread, without the mention', async () => {
    const { inbox, world } = open();

    const { acked } = await world.deliver(
      mentionPayload({ text: `<@${BOT}> ls -la &gt; out`, thread_ts: AGENT_THREAD }),
    );

    expect(acked).toBe(true);
    expect(inbox.requests).toMatchObject([
      {
        type: 'command',
        request: {
          principal: 'slack:T1:U1',
          displayName: 'someone',
          text: 'ls -la > out',
          via: 'mention',
          thread: { ...SPACE, room: ROOM, thread: AGENT_THREAD },
        },
      },
    ]);
  });

  test('outside a thread belongs to the room', async () => {
    const { inbox, world } = open();

    await world.deliver(mentionPayload());

    expect(inbox.requests[0]?.request.thread.thread).toBeNull();
  });

  test('is acknowledged only when it is on disk, unlike the library does by itself', async () => {
    const { inbox, answer } = hangingInbox();
    const { world } = worldOf(inbox);

    const delivering = world.deliver(mentionPayload());
    const early = await Promise.race([delivering, turn()]);
    answer.settle();

    expect(early).toBeUndefined();
    expect((await delivering).acks).toBe(1);
  });

  test('that Slack sends again has the id of the first one', async () => {
    const { inbox, world } = open();
    const payload = mentionPayload();

    await world.deliver(payload);
    await world.deliver({ ...payload, retry_num: 1 });
    await world.deliver(mentionPayload({}, { event_id: 'EvOther' }));

    expect(inbox.requests.map(({ request }) => request.deliveryId)).toEqual([payload['event_id'], 'EvOther']);
  });

  test('does not run again when it is edited, and not for bots or ourselves', async () => {
    const { inbox, world } = open();

    await world.deliver(mentionPayload({ edited: { user: 'U1', ts: '1' } }));
    await world.deliver(mentionPayload({ bot_id: 'B9' }));
    await world.deliver(mentionPayload({ subtype: 'bot_message', user: undefined }));
    await world.deliver(mentionPayload({ user: BOT }));

    expect(inbox.requests).toEqual([]);
    expect(world.web.calls).toEqual([]);
  });

  test('later in a message is talk: nothing runs and the writer alone is told', async () => {
    const { inbox, world } = open();

    await world.deliver(
      mentionPayload({ text: `rm -rf / would be bad, <@${BOT}>`, thread_ts: AGENT_THREAD }),
    );

    expect(inbox.requests).toEqual([]);
    expect(world.web.calls).toMatchObject([
      {
        method: 'chat.postEphemeral',
        args: { channel: ROOM, user: 'U1', thread_ts: AGENT_THREAD },
      },
    ]);
  });

  test('is answered in its thread, for its writer alone', async () => {
    const { world } = open(async (_, reply) =>
      reply.private(makeCard({ kind: 'error', title: 'no such agent' })),
    );

    await world.deliver(mentionPayload({ thread_ts: AGENT_THREAD }));

    expect(world.web.calls.at(-1)).toMatchObject({
      method: 'chat.postEphemeral',
      args: {
        channel: ROOM,
        user: 'U1',
        thread_ts: AGENT_THREAD,
        text: expect.stringContaining('no such agent'),
      },
    });
  });

  test('with quotes that a shell does not read as quotes runs as typed, and the writer is warned', async () => {
    const { inbox, world } = open();

    await world.deliver(mentionPayload({ text: `<@${BOT}> echo “a b”`, thread_ts: AGENT_THREAD }));
    await world.web.called('chat.postEphemeral');

    expect(inbox.requests[0]?.request).toMatchObject({ text: 'echo “a b”' });
    expect(JSON.stringify(world.web.calls)).toContain('curly quotes');
  });

  test('shows the id of a writer whose name Slack does not tell', async () => {
    const { inbox, world } = open();
    world.web.answer('users.info', slackError('missing_scope', 'CHANNEL_TRANSIENT'));

    await world.deliver(mentionPayload());

    expect(inbox.requests[0]?.request.displayName).toBe('U1');
  });
});

describe('a button', () => {
  test('reaches the inbox with subject, the hash that was seen, and the thread of its card', async () => {
    const { inbox, world } = open();

    const { acked } = await world.deliver(
      pressPayload({ id: 'approve', subject: 'action7', hash: 'f'.repeat(64) }, { trigger_id: 'trigger-y' }),
    );

    expect(acked).toBe(true);
    expect(inbox.requests).toEqual([
      {
        type: 'button',
        request: {
          deliveryId: 'trigger-y',
          principal: 'slack:T1:U1',
          displayName: 'alice',
          groups: [],
          thread: { ...SPACE, room: ROOM, thread: AGENT_THREAD },
          button: 'approve',
          subject: 'action7',
          hash: 'f'.repeat(64),
        },
      },
    ]);
  });

  test('of a reply belongs to its thread and is answered there; of the first message, in the channel', async () => {
    const { inbox, world } = open(async (_, reply) => reply.private(makeCard()));
    const inThread = { ts: '1700000002.000100', thread_ts: AGENT_THREAD };

    await world.deliver(
      pressPayload(
        {},
        { message: inThread, container: { message_ts: inThread.ts, thread_ts: AGENT_THREAD } },
      ),
    );
    await world.deliver(pressPayload({}, { message: { ts: AGENT_THREAD, thread_ts: AGENT_THREAD } }));

    expect(inbox.requests.map(({ request }) => request.thread.thread)).toEqual([AGENT_THREAD, AGENT_THREAD]);
    expect(world.responses.map(({ body }) => body['thread_ts'])).toEqual([AGENT_THREAD, undefined]);
  });

  test('of an ephemeral message never begins a thread', async () => {
    const { inbox, world } = open();
    const container = {
      type: 'message',
      message_ts: '1700000003.000100',
      channel_id: ROOM,
      is_ephemeral: true,
    };

    await world.deliver(pressPayload({ id: 'list', subject: '' }, { container, message: undefined }));
    await world.deliver(
      pressPayload({ id: 'list', subject: '' }, { container: { ...container, thread_ts: AGENT_THREAD } }),
    );

    expect(inbox.requests.map(({ request }) => request.thread.thread)).toEqual([null, AGENT_THREAD]);
  });

  test('is answered to the one who pressed it, and the card is not replaced', async () => {
    const { world } = open(async (_, reply) => reply.private(makeCard({ title: 'your vote is on record' })));

    await world.deliver(pressPayload());

    expect(world.responses).toMatchObject([
      {
        body: {
          response_type: 'ephemeral',
          replace_original: false,
          text: expect.stringContaining('your vote is on record'),
        },
      },
    ]);
  });

  test('that nobody knows any more is acknowledged, and the person is told', async () => {
    const { inbox, world } = open();
    const actions = [{ type: 'button', action_id: 'airlock:launch', block_id: 'b', value: '{}' }];

    const { acked } = await world.deliver(pressPayload({}, { actions }));

    expect(acked).toBe(true);
    expect(inbox.requests).toEqual([]);
    expect(JSON.stringify(world.responses)).toContain('not known any more');
  });

  test('pressed twenty times at once by one person and by two persons is answered every time', async () => {
    const { inbox, world } = open(async (_, reply) => reply.private(makeCard({ title: 'noted' })));
    const bob = { user: { id: 'U2', username: 'bob', team_id: TEAM } };

    const deliveries = await Promise.all([
      ...Array.from({ length: 20 }, () => world.deliver(pressPayload({ id: 'approve' }))),
      ...Array.from({ length: 20 }, () => world.deliver(pressPayload({ id: 'approve' }, bob))),
    ]);

    expect(deliveries.every(({ acks }) => acks === 1)).toBe(true);
    expect(inbox.requests).toHaveLength(40);
    expect(new Set(world.responses.map(({ url }) => url)).size).toBe(40);
  });

  test('in App Home belongs to the direct messages with that person, and is answered there', async () => {
    const { inbox, world } = open(async (_, reply) => reply.private(makeCard({ title: 'noted' })));
    const inHome = {
      channel: undefined,
      message: undefined,
      response_url: undefined,
      container: { type: 'view', view_id: 'V9' },
      view: { id: 'V9', type: 'home' },
    };

    await world.deliver(pressPayload({}, inHome));

    expect(inbox.requests[0]?.request.thread).toEqual({ ...SPACE, room: 'D1', thread: null });
    expect(world.web.calls.at(-1)).toMatchObject({ method: 'chat.postMessage', args: { channel: 'U1' } });
  });
});

describe('a form', () => {
  test('opens at the press and comes back with what was filled in, as a request of the same card', async () => {
    const { inbox, world } = open(async (recorded, reply) => {
      if (recorded.type === 'button') await reply.form(FORM);
    });

    await world.deliver(
      pressPayload({ id: 'run', subject: 'agent1', hash: null }, { trigger_id: 'trigger-z' }),
    );
    const [opened] = await world.web.called('views.open');
    const view = opened?.args['view'];
    const { acked } = await world.deliver(
      submitPayload({
        ...(view !== null && typeof view === 'object' ? view : {}),
        state: {
          values: {
            command: { value: { type: 'plain_text_input', value: 'ls &amp; "x"' } },
            note: { value: { type: 'plain_text_input', value: null } },
          },
        },
      }),
    );

    expect(opened?.args).toMatchObject({ trigger_id: 'trigger-z', view: { title: { text: 'Run in box' } } });
    expect(acked).toBe(true);
    expect(inbox.requests[1]).toMatchObject({
      type: 'form',
      request: {
        principal: 'slack:T1:U1',
        button: 'run',
        subject: 'agent1',
        hash: null,
        thread: { ...SPACE, room: ROOM, thread: AGENT_THREAD },
        values: { command: 'ls &amp; "x"' },
      },
    });
    expect(inbox.requests[1]?.request).toHaveProperty('values', { command: 'ls &amp; "x"' });
  });

  const memory = (parts: object = {}) =>
    JSON.stringify({
      button: 'run',
      subject: 'agent1',
      hash: null,
      room: ROOM,
      thread: AGENT_THREAD,
      shownIn: null,
      ...parts,
    });
  const filledIn = (command: string, parts: object = {}) => ({
    private_metadata: memory(parts),
    state: { values: { command: { value: { value: command } } } },
  });

  test('submitted again after a lost acknowledgement is the same request; with other words it is another', async () => {
    const { inbox, world } = open();

    await world.deliver(submitPayload(filledIn('ls')));
    await world.deliver(submitPayload(filledIn('ls')));
    await world.deliver(submitPayload(filledIn('ls -la')));
    await world.deliver(submitPayload({ ...filledIn('ls'), id: 'V2' }));

    expect(inbox.requests).toHaveLength(3);
  });

  test('is answered in the thread where it was asked for, else by direct message', async () => {
    const { world } = open(async (_, reply) => reply.private(makeCard({ title: 'refused' })));

    await world.deliver(submitPayload(filledIn('ls', { shownIn: AGENT_THREAD })));
    world.web.answer('chat.postEphemeral', slackError('user_not_in_channel'));
    await world.deliver(submitPayload(filledIn('pwd')));

    expect(world.web.calls.filter(({ method }) => method.startsWith('chat.'))).toMatchObject([
      { method: 'chat.postEphemeral', args: { channel: ROOM, user: 'U1', thread_ts: AGENT_THREAD } },
      { method: 'chat.postEphemeral', args: { channel: ROOM, user: 'U1' } },
      { method: 'chat.postMessage', args: { channel: 'U1' } },
    ]);
  });

  test('from App Home belongs to the direct messages', async () => {
    const { inbox, world } = open();

    await world.deliver(submitPayload(filledIn('ls', { room: 'U1', thread: null })));

    expect(inbox.requests[0]?.request.thread).toEqual({ ...SPACE, room: 'D1', thread: null });
  });

  test('of another version, or another window, is closed and does nothing', async () => {
    const { inbox, world } = open();

    const deliveries = [
      await world.deliver(submitPayload({ private_metadata: '{"v":1}', state: { values: {} } })),
      await world.deliver(submitPayload({ private_metadata: 'no json', state: { values: {} } })),
      await world.deliver(submitPayload({ ...filledIn('ls', { button: 'launch' }) })),
      await world.deliver(submitPayload({ ...filledIn('ls'), callback_id: 'airlock:text' })),
    ];

    expect(deliveries.every(({ acks }) => acks === 1)).toBe(true);
    expect(inbox.requests).toEqual([]);
  });
});

describe('a user of another workspace', () => {
  const foreign = { id: 'U1', username: 'alice', name: 'alice', team_id: 'T2' };
  const doors: readonly (readonly [string, Record<string, unknown>])[] = [
    ['a slash command', slashPayload({ team_id: 'T2' })],
    [
      'a mention that names the team of the user',
      mentionPayload({ team: 'T2' }, { is_ext_shared_channel: true }),
    ],
    ['a mention with user_team', mentionPayload({ user_team: 'T2' }, { is_ext_shared_channel: true })],
    ['a mention with source_team', mentionPayload({ team: TEAM, source_team: 'T2' })],
    ['a mention with a profile', mentionPayload({ team: undefined, user_profile: { team: 'T2' } })],
    [
      'a mention in a shared channel that names none',
      mentionPayload({ team: undefined }, { is_ext_shared_channel: true }),
    ],
    ['a button', pressPayload({}, { user: foreign })],
    ['a button that names no team', pressPayload({}, { user: { id: 'U1', username: 'alice' } })],
    [
      'a form',
      submitPayload(
        {
          private_metadata: JSON.stringify({
            button: 'run',
            subject: 'a',
            hash: null,
            room: ROOM,
            thread: null,
            shownIn: null,
          }),
          state: { values: { command: { value: { value: 'ls' } } } },
        },
        { user: foreign },
      ),
    ],
  ];

  test.each(doors)('is never taken for one of ours by %s', async (_, payload) => {
    const { inbox, world } = open(undefined, ['slack-group:T1:S9']);
    world.web.answer('usergroups.users.list', { users: ['U1'] });

    await world.deliver(payload);

    expect(inbox.requests).toHaveLength(1);
    expect(inbox.requests[0]?.request.principal).toMatch(/^slack:(T2|unknown):U1$/);
    expect(inbox.requests[0]?.request.groups).toEqual([]);
  });

  test('has no App Home of ours', async () => {
    const { world } = open();

    const { acked } = await world.deliver(homePayload({}, { team_id: 'T2' }));

    expect(acked).toBe(true);
    expect(world.web.calls).toEqual([]);
  });

  test('is told apart from one of ours who has the same id and is in a group', async () => {
    const { inbox, world } = open(undefined, ['slack-group:T1:S9', 'slack-group:T2:S9', 'discord-role:G1:7']);
    world.web.answer('usergroups.users.list', { users: ['U1'] });

    await world.deliver(slashPayload());
    await world.deliver(slashPayload({ team_id: 'T2' }));

    expect(inbox.requests.map(({ request }) => [request.principal, request.groups])).toEqual([
      ['slack:T1:U1', ['slack-group:T1:S9']],
      ['slack:T2:U1', []],
    ]);
  });
});

describe('App Home', () => {
  test('shows what the inbox says about that person', async () => {
    const inbox = createRecordingInbox({ home: [makeCard({ title: 'box is yours' })] });
    const { world } = worldOf(inbox);

    const { acked } = await world.deliver(homePayload());
    const [published] = await world.web.called('views.publish');

    expect(acked).toBe(true);
    expect(published?.args['user_id']).toBe('U1');
    expect(JSON.stringify(published?.args['view'])).toContain('box is yours');
  });

  test('follows what the person does, several things at once as one', async () => {
    let title = 'box is yours';
    const { world } = worldOf({ ...createRecordingInbox(), home: async () => [makeCard({ title })] });
    await world.deliver(homePayload());
    await world.web.called('views.publish');

    title = 'box has stopped';
    await world.deliver(slashPayload());
    await world.deliver(pressPayload());
    await turn();
    world.clock.advance(1000);
    await world.web.called('views.publish', 2);
    await turn();
    world.clock.advance(60_000);
    await turn();

    expect(world.web.calls.filter(({ method }) => method === 'views.publish')).toHaveLength(2);
  });

  test('is not published for people who never opened it, nor for the messages tab', async () => {
    const { world } = open();

    await world.deliver(slashPayload());
    await world.deliver(homePayload({ tab: 'messages' }));
    await turn();
    world.clock.advance(60_000);

    expect(world.web.calls.filter(({ method }) => method === 'views.publish')).toEqual([]);
  });

  test('asked by the person counts as their request, brought up to date by the bot it does not', async () => {
    const asked: HomeRequest[] = [];
    const { world } = worldOf({
      ...createRecordingInbox(),
      home: async (request) => {
        asked.push(request);
        return [makeCard({ title: `state ${asked.length}` })];
      },
    });

    await world.deliver(homePayload());
    await world.web.called('views.publish');
    await world.deliver(slashPayload());
    await turn();
    world.clock.advance(1000);
    await world.web.called('views.publish', 2);

    expect(asked.map(({ refresh }) => refresh)).toEqual([false, true]);
  });

  test('follows what others do, at most every 30 s, and only where it shows', async () => {
    let title = 'waits for you';
    const { world } = worldOf({ ...createRecordingInbox(), home: async () => [makeCard({ title })] });
    const published = () => world.web.calls.filter(({ method }) => method === 'views.publish').length;
    await world.deliver(homePayload());
    await turn();

    title = 'decided';
    for (let second = 0; second < 60; second += 1) {
      world.inbound.stirHomes();
      world.clock.advance(1000);
      await turn();
    }

    expect(published()).toBe(2);
    title = 'and another';
    world.inbound.stirHomes();
    world.clock.advance(30_000);
    await turn();
    expect(published()).toBe(3);
  });

  test('is left alone a quarter of an hour after it was opened', async () => {
    let title = 'waits for you';
    const { world } = worldOf({ ...createRecordingInbox(), home: async () => [makeCard({ title })] });
    await world.deliver(homePayload());
    await turn();

    world.clock.advance(15 * 60_000 + 1);
    title = 'decided';
    world.inbound.stirHomes();
    world.clock.advance(60_000);
    await turn();

    expect(world.web.calls.filter(({ method }) => method === 'views.publish')).toHaveLength(1);
  });

  test('of more people than Slack takes publications of, follows for those who opened theirs last', async () => {
    let title = 'waits for you';
    const { world } = worldOf({ ...createRecordingInbox(), home: async () => [makeCard({ title })] });
    for (let at = 0; at < 100; at += 1) await world.deliver(homePayload({ user: `U${at}` }));
    await world.web.called('views.publish', 100);

    title = 'decided';
    world.inbound.stirHomes();
    world.clock.advance(60_000);
    await turn();

    const followed = world.web.calls.filter(({ method }) => method === 'views.publish').slice(100);
    expect(followed.map(({ args }) => args['user_id'])).toEqual(
      Array.from({ length: 25 }, (_, at) => `U${75 + at}`),
    );
  });

  test('and direct messages are asked as a member of the rooms that give roles, a room as what it is', async () => {
    const asked: HomeRequest[] = [];
    const recording = createRecordingInbox();
    const inbox: Inbox = {
      ...recording,
      home: async (request) => {
        asked.push(request);
        return [];
      },
    };
    const { world } = worldOf(inbox, ['slack-channel::C7']);
    world.web.answer('conversations.members', { members: ['U1'] });
    world.web.answer('users.info', { user: { name: 'alice', team_id: TEAM } });
    const inHome = {
      channel: undefined,
      message: undefined,
      container: { type: 'view', view_id: 'V9' },
      view: { id: 'V9', type: 'home' },
    };

    await world.deliver(homePayload());
    await world.web.called('views.publish');
    await world.deliver(pressPayload({}, inHome));
    await world.deliver(slashPayload({ channel_id: 'D1', channel_name: 'directmessage' }));
    await world.deliver(slashPayload());
    await world.deliver(slashPayload({ channel_id: 'D1', user_id: 'U2' }));

    expect(asked[0]?.groups).toEqual(['slack-channel:T1:C7']);
    expect(recording.requests.map(({ request }) => request.groups)).toEqual([
      ['slack-channel:T1:C7'],
      ['slack-channel:T1:C7'],
      [],
      [],
    ]);
  });

  test('that cannot be published hurts nobody', async () => {
    const { world } = open();
    world.web.answer('views.publish', slackError('internal_error', 'CHANNEL_TRANSIENT'));

    const { acked } = await world.deliver(homePayload());
    await world.web.called('views.publish');
    await turn();

    expect(acked).toBe(true);
    expect(world.logged.join('\n')).toContain('app home was not published');
  });
});

describe('what nobody listens to', () => {
  test('is acknowledged, for it would be the same the next time', async () => {
    const { inbox, world } = open();

    const shortcut = await world.deliver({
      type: 'message_action',
      callback_id: 'x',
      team: { id: TEAM },
      user: { id: 'U1' },
    });
    const event = await world.deliver({
      type: 'event_callback',
      team_id: TEAM,
      event: { type: 'message', text: 'hi' },
    });
    const nothing = await world.deliver({});

    expect([shortcut.acks, event.acks, nothing.acks]).toEqual([1, 1, 1]);
    expect(inbox.requests).toEqual([]);
  });
});

describe('whether somebody still is in their groups', () => {
  const OPS = 'slack-group:T1:S9';
  const TEAM_ROOM = 'slack-channel:T1:C1';

  function asked() {
    const { world } = open(undefined, [OPS, 'slack-channel::C1']);
    world.web.answer('usergroups.users.list', { users: ['U1'] });
    world.web.answer('conversations.members', { members: ['U1'] });
    return world;
  }

  test('is told of user groups and rooms alike', async () => {
    const world = asked();

    const held = [OPS, TEAM_ROOM, 'slack-group:T1:S1'];

    expect(await world.inbound.stillIn('slack:T1:U1', held)).toEqual([OPS, TEAM_ROOM]);
    expect(await world.inbound.stillIn('slack:T1:U2', held)).toEqual([]);
    expect(await world.inbound.stillIn('slack:T2:U1', held)).toEqual([]);
  });

  test('is not known when one of them is not', async () => {
    const world = asked();
    world.web.answer('conversations.members', slackError('internal_error', 'CHANNEL_TRANSIENT'));

    expect(await world.inbound.stillIn('slack:T1:U1', [OPS, TEAM_ROOM])).toBeNull();
    expect(await world.inbound.stillIn('slack:T1:U1', [OPS])).toEqual([OPS]);
  });
});
