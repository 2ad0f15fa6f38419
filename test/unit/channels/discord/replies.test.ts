import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Form, Reply } from '../../../../src/conversation/channel.ts';
import { createRecordingInbox } from '../../../fakes/recording-inbox.ts';
import { makeButton, makeCard } from '../../../fixtures/cards.ts';
import { type InboundWorld, openInboundWorld } from './inbound-world.ts';

const CALLBACK = 'POST /interactions/:interaction/:token/callback';
const ORIGINAL = 'DELETE /webhooks/:application/:token/messages/:message';
const FORM: Form = { title: 'Run in box', text: ['Sure?'], inputs: [], submitLabel: 'Run' };
const DONE = { ok: true, waiting: false, actionId: null };

let world: InboundWorld;

/** Every request is accepted at once, and worked on until `answer` has given its answers, or the test says that it ends. */
async function open(answer?: (reply: Reply) => Promise<void>) {
  const replies: Reply[] = [];
  const ended = Promise.withResolvers<void>();
  const inbox = createRecordingInbox({
    async work(_, reply) {
      replies.push(reply);
      await (answer?.(reply) ?? ended.promise);
      return DONE;
    },
  });
  world = await openInboundWorld({ inbox });
  return { inbox, replies, end: ended.resolve, ...world };
}

function list() {
  const { discord, room, user } = world;
  return discord.command({ user, channel: room, path: ['list'] });
}

const told = () => {
  const { discord, user } = world;
  return discord.until(() => {
    const messages = discord.ephemerals(user);
    return messages.length > 0 && messages;
  });
};

afterEach(async () => {
  const tokens = world.discord.calls.flatMap(({ path }) =>
    path.split('/').filter((part) => part.length > 60),
  );
  await world[Symbol.asyncDispose]();
  expect(tokens.filter((token) => world.logged.join().includes(token))).toEqual([]);
});

describe('the first answer', () => {
  test('that was lost on its way is given again', async () => {
    const { discord, inbox } = await open((reply) => reply.private(makeCard({ title: 'Your agents' })));
    discord.faults.rest(CALLBACK, { kind: 'drop', landed: false });

    const outcome = await list();

    expect(JSON.stringify(await outcome.reply())).toContain('Your agents');
    expect(inbox.requests).toHaveLength(1);
    expect(discord.violations).toEqual([]);
  });

  test('whose receipt was lost counts: the request is worked on once, and answered', async () => {
    const { discord, inbox } = await open((reply) => reply.private(makeCard({ title: 'Your agents' })));
    discord.faults.rest(CALLBACK, { kind: 'drop', landed: true });

    const outcome = await list();

    expect(JSON.stringify(await outcome.reply())).toContain('Your agents');
    expect(inbox.requests).toHaveLength(1);
    // Only by asking again can a client know; Discord answers that it has one.
    await discord.until(() => discord.violations.length > 0);
    expect(discord.violations.map(({ rule }) => rule)).toEqual(['answered-twice']);
  });

  test('of a form that was lost on its way is given again', async () => {
    const { discord, post, user } = await open((reply) => reply.form(FORM));
    const message = await post(makeCard({ buttons: [makeButton({ id: 'run', label: 'Run' })] }));
    discord.faults.rest(CALLBACK, { kind: 'drop', landed: false });

    const { modal } = await discord.press({ user, message, label: 'Run' });

    expect(modal?.title).toBe(FORM.title);
    expect(discord.violations).toEqual([]);
  });

  test('of a form that Discord does not take says so, and what to do instead', async () => {
    const { discord, post, user } = await open((reply) => reply.form(FORM));
    const message = await post(makeCard({ buttons: [makeButton({ id: 'run', label: 'Run' })] }));
    discord.faults.rest(CALLBACK, { kind: 'error', status: 400, code: 50035 });

    const outcome = await discord.press({ user, message, label: 'Run' });

    expect(outcome.ephemeral).toBe(true);
    expect(JSON.stringify(await outcome.reply())).toContain('use the slash command');
  });

  test.each([
    ['comes too late', 10062],
    ['was given by somebody else', 40060],
  ])('that %s does not end the work, but the asker cannot be answered', async (_, code) => {
    const { discord, inbox, replies, end } = await open();
    discord.faults.rest(CALLBACK, { kind: 'error', status: 400, code });

    const asking = list();
    await vi.waitUntil(() => world.logged.some((line) => line.includes('did not reach Discord')));
    discord.clock.advance(3000);

    expect((await asking).answered).toBe(false);
    expect(inbox.requests).toHaveLength(1);
    await expect(replies[0]?.private(makeCard())).rejects.toMatchObject({ code: 'CHANNEL_TRANSIENT' });
    end();
    expect(discord.violations).toEqual([]);
  });
});

describe('an answer', () => {
  test('that is too long for a message is whole in a file', async () => {
    const output = Array.from({ length: 2000 }, (_, at) => `line ${at}`).join('\n');
    const { discord } = await open((reply) =>
      reply.private(
        makeCard({
          kind: 'action',
          title: 'logs of box',
          output: { text: output, totalBytes: output.length, fromByte: 0, truncated: false, live: false },
        }),
      ),
    );

    const outcome = await list();
    const message = await outcome.reply();

    expect(JSON.stringify(message)).toContain('in the file');
    expect(JSON.stringify(message)).not.toContain('View full');
    const [file] = discord.attachments;
    expect(file?.name).toBe('all-of-it.txt');
    expect(file?.text()).toContain('line 0\nline 1\n');
    expect(file?.text()).toContain('line 1999');
    expect(message.attachments).toHaveLength(1);
    expect(discord.violations).toEqual([]);
  });

  test('of untrusted words mentions nobody', async () => {
    const { discord } = await open((reply) =>
      reply.private(makeCard({ title: '@everyone <@1>', text: ['@here <@&2> [a](https://example.com)'] })),
    );

    await (await list()).reply();

    expect(discord.pings).toEqual([]);
  });

  test('after another follows it', async () => {
    const { replies, end, inbox } = await open();
    const outcome = list();
    await inbox.received(1);

    await replies[0]?.private(makeCard({ title: 'first' }));
    await replies[0]?.private(makeCard({ title: 'second' }));
    end();

    await outcome;
    const shown = await told();
    expect(shown).toHaveLength(2);
    expect(JSON.stringify(shown[0])).toContain('first');
    expect(JSON.stringify(shown[1])).toContain('second');
    expect(world.discord.violations).toEqual([]);
  });

  test('after the life of the token is refused here, so that the thread can be told instead', async () => {
    const { discord, replies, end, inbox } = await open();
    await list();
    await inbox.received(1);
    const before = discord.calls.length;

    discord.clock.advance(15 * 60_000);
    const answering = replies[0]?.private(makeCard());

    await expect(answering).rejects.toMatchObject({ code: 'CHANNEL_TRANSIENT' });
    end();
    expect(discord.calls).toHaveLength(before);
    expect(discord.violations).toEqual([]);
  });

  test('that Discord refuses is not said to be given', async () => {
    const { discord, replies, end, inbox } = await open();
    await list();
    await inbox.received(1);
    discord.faults.rest('PATCH /webhooks/:application/:token/messages/:message', {
      kind: 'drop',
      landed: false,
    });

    await expect(replies[0]?.private(makeCard())).rejects.toMatchObject({ code: 'CHANNEL_TRANSIENT' });
    end();
  });

  test('for one person is given to nobody where the public "thinking" stands in its place', async () => {
    const { discord, inbox, replies, end, room, user } = await open();
    await discord.command({ user, channel: room, path: ['create'] });
    await inbox.received(1);
    discord.faults.rest(ORIGINAL, { kind: 'error', status: 500 });

    await expect(replies[0]?.private(makeCard({ title: 'secret' }))).rejects.toMatchObject({
      code: 'CHANNEL_TRANSIENT',
    });
    await replies[0]?.private(makeCard({ title: 'again' }));
    end();

    expect(JSON.stringify(discord.messages(room))).not.toContain('secret');
    expect(JSON.stringify(await told())).toContain('again');
    expect(discord.violations).toEqual([]);
  });
});

describe('"thinking"', () => {
  test('for all is taken away while long work goes on: its card stands there', async () => {
    const { client, discord, end, room, user } = await open();

    await discord.command({ user, channel: room, path: ['create'] });
    expect(discord.messages(room)).toHaveLength(1);
    // One way there and back: the client has heard that its answer was taken.
    await client.channels.fetch(room, { force: true });
    discord.clock.advance(2000);

    await discord.until(() => discord.messages(room).length === 0);
    end();
    expect(discord.violations).toEqual([]);
  });
});

test('a press whose message is gone by then is answered all the same', async () => {
  const { discord, inbox, post, user } = await open((reply) => reply.private(makeCard({ title: 'Stopped' })));
  const message = await post(makeCard({ buttons: [makeButton({ id: 'approve', label: 'Approve' })] }));

  const pressing = discord.press({ user, message, label: 'Approve' });
  discord.removeMessage(message);
  await pressing;

  expect(inbox.requests).toHaveLength(1);
  expect(JSON.stringify(await told())).toContain('Stopped');
});
