import { describe, expect, test } from 'vitest';
import { makeCard } from '../../../fixtures/cards.ts';
import { channelOnStage, type ChannelOnStage } from '../../../fixtures/slack-channel-on-stage.ts';

const FIRST = { maybePosted: false };
const AGAIN = { maybePosted: true };
const FILE = { name: 'output.txt', bytes: 3, content: { text: 'abc' } };

async function started(): Promise<ChannelOnStage> {
  const there = await channelOnStage();
  await there.bot.start(there.inbox);
  return there;
}

/** An agent's card with its thread. */
async function withThread(there: ChannelOnStage) {
  const message = await there.bot.post(there.room, makeCard(), 'agent', FIRST);
  there.nextPost();
  return there.bot.openThread(message, makeCard(), 'agent');
}

describe('a post whose answer was lost', () => {
  test('is found in the room, and not made twice', async () => {
    await using there = await started();
    there.slack.faults.next('chat.postMessage', { kind: 'drop-after' });

    const first = there.bot.post(there.room, makeCard(), 'card-1', FIRST);
    await expect(first).rejects.toMatchObject({ code: 'CHANNEL_TRANSIENT' });
    const again = await there.bot.post(there.room, makeCard(), 'card-1', AGAIN);

    const messages = there.slack.messages(there.channel);
    expect(messages).toHaveLength(1);
    expect(again.messageId).toBe(messages[0]?.ts);
  });

  test('is found in its thread, and not made twice', async () => {
    await using there = await started();
    const thread = await withThread(there);
    there.slack.faults.next('chat.postMessage', { kind: 'drop-after' });

    const first = there.bot.post(thread, makeCard(), 'card-1', FIRST);
    await expect(first).rejects.toMatchObject({ code: 'CHANNEL_TRANSIENT' });
    const again = await there.bot.post(thread, makeCard(), 'card-1', AGAIN);

    const replies = there.slack.messages(there.channel).filter(({ metadata }) => metadata !== undefined);
    expect(replies.map(({ metadata }) => metadata?.event_payload['key'])).toEqual(['agent', 'card-1']);
    expect(again).toEqual({ thread, messageId: replies[1]?.ts });
  });

  test('that never landed is made', async () => {
    await using there = await started();
    there.slack.faults.next('chat.postMessage', { kind: 'drop-before' });

    const first = there.bot.post(there.room, makeCard(), 'card-1', FIRST);
    await expect(first).rejects.toMatchObject({ code: 'CHANNEL_TRANSIENT' });
    there.nextPost();
    await there.bot.post(there.room, makeCard(), 'card-1', AGAIN);

    expect(there.slack.messages(there.channel)).toHaveLength(1);
  });

  test('is found on a later page, behind what others said since', async () => {
    await using there = await started();
    const posted = await there.bot.post(there.room, makeCard(), 'card-1', FIRST);
    for (let said = 0; said < 450; said += 1) {
      there.slack.say({ user: there.ann, channel: there.channel, text: `talk ${said}` });
    }

    await expect(there.bot.post(there.room, makeCard(), 'card-1', AGAIN)).resolves.toEqual(posted);
    expect(there.slack.calls.filter(({ method }) => method === 'conversations.history')).toHaveLength(3);
  });

  test('is not repeated by the library', async () => {
    await using there = await started();
    there.slack.faults.next('chat.postMessage', { kind: 'status', status: 502 });

    await expect(there.bot.post(there.room, makeCard(), 'card-1', FIRST)).rejects.toThrow('502');

    expect(there.slack.calls.filter(({ method }) => method === 'chat.postMessage')).toHaveLength(1);
  });
});

describe('a post to a person', () => {
  test('is edited, and looked for, in the conversation with them', async () => {
    await using there = await started();
    const person = { ...there.room, room: there.ann };

    const message = await there.bot.post(person, makeCard(), 'card-1', FIRST);
    await there.bot.update(message, makeCard({ title: 'changed' }));
    const again = await there.bot.post(person, makeCard(), 'card-1', AGAIN);
    await there.bot.upload(person, FILE, 'file-1', FIRST);

    expect(message.thread.room).toMatch(/^D/);
    expect(again).toEqual(message);
    expect(there.slack.messages(message.thread.room)).toHaveLength(2);
  });
});

describe('a platform in trouble', () => {
  test.each([
    ['a server error', { kind: 'status', status: 500 }],
    ['an answer that is none', { kind: 'garbage' }],
    ['a broken connection', { kind: 'drop-before' }],
    ['trouble of its own', { kind: 'error', error: 'internal_error' }],
  ] as const)('%s is transient', async (_, fault) => {
    await using there = await started();
    const message = await there.bot.post(there.room, makeCard(), 'card-1', FIRST);
    there.slack.faults.next('chat.update', fault);

    await expect(there.bot.update(message, makeCard())).rejects.toMatchObject({ code: 'CHANNEL_TRANSIENT' });
    await expect(there.bot.update(message, makeCard())).resolves.toBeUndefined();
  });

  test('a call that hangs ends after ten seconds', async () => {
    await using there = await started();
    there.slack.faults.next('chat.postMessage', { kind: 'hang' });

    const posting = there.bot.post(there.room, makeCard(), 'card-1', FIRST);
    posting.catch(() => {});
    await there.asked('chat.postMessage', 1);
    there.clock.advance(10_000);

    await expect(posting).rejects.toMatchObject({
      code: 'CHANNEL_TRANSIENT',
      message: expect.stringContaining('no answer in time'),
    });
  });

  test('a rate limit says how long, and nothing of that kind is asked before', async () => {
    await using there = await started();
    const message = await there.bot.post(there.room, makeCard(), 'card-1', FIRST);
    there.slack.faults.next('chat.update', { kind: 'ratelimited', retryAfterSeconds: 30 });

    await expect(there.bot.update(message, makeCard())).rejects.toMatchObject({
      code: 'CHANNEL_TRANSIENT',
      context: { retryAfterMs: 30_000 },
    });
    const next = there.bot.update(message, makeCard());
    next.catch(() => {});
    there.clock.advance(20_000);

    await expect(next).rejects.toMatchObject({
      code: 'CHANNEL_TRANSIENT',
      context: { retryAfterMs: 10_000 },
    });
    expect(there.slack.calls.filter(({ method }) => method === 'chat.update')).toHaveLength(1);
    there.clock.advance(10_000);
    await expect(there.bot.update(message, makeCard())).resolves.toBeUndefined();
  });

  test('a token revoked while it runs is down with what to do, nothing is given up, and up again when it is mended', async () => {
    await using there = await started();
    there.slack.revoke('bot', 'token_revoked');

    const posting = there.bot.post(there.room, makeCard(), 'card-1', FIRST);
    await expect(posting).rejects.toMatchObject({ code: 'CHANNEL_TRANSIENT' });
    expect(there.bot.health()).toMatchObject({
      state: 'down',
      detail: expect.stringMatching(/token_revoked.*restart/),
    });
    there.slack.restore();
    there.nextPost();
    await there.bot.post(there.room, makeCard(), 'card-1', AGAIN);

    expect(there.bot.health().state).toBe('up');
    expect(there.slack.messages(there.channel)).toHaveLength(1);
  });

  test('a missing scope leaves it degraded with what to do, until the app has it', async () => {
    await using there = await started();
    there.slack.faults.next('chat.postMessage', { kind: 'error', error: 'missing_scope' });

    const posting = there.bot.post(there.room, makeCard(), 'card-1', FIRST);

    await expect(posting).rejects.toMatchObject({ code: 'CHANNEL_TRANSIENT' });
    expect(there.bot.health()).toMatchObject({
      state: 'degraded',
      detail: expect.stringContaining('manifest.yaml'),
    });
    there.nextPost();
    await there.bot.post(there.room, makeCard(), 'card-1', AGAIN);
    expect(there.bot.health().state).toBe('up');
  });
});

describe('a place that is gone', () => {
  test('an archived channel is permanent, with what to do', async () => {
    await using there = await started();
    there.slack.archive(there.channel);

    await expect(there.bot.post(there.room, makeCard(), 'card-1', FIRST)).rejects.toMatchObject({
      code: 'CHANNEL_PERMANENT',
      hint: expect.stringContaining('unarchive'),
    });
  });

  test('a channel that the bot was removed from is permanent, with what to do', async () => {
    await using there = await started();
    there.slack.removeBot(there.channel);

    await expect(there.bot.post(there.room, makeCard(), 'card-1', FIRST)).rejects.toMatchObject({
      code: 'CHANNEL_PERMANENT',
      hint: expect.stringContaining('/invite'),
    });
  });

  test('a message that was deleted is permanent', async () => {
    await using there = await started();
    const message = await there.bot.post(there.room, makeCard(), 'card-1', FIRST);
    there.slack.deleteMessage(there.channel, message.messageId);

    await expect(there.bot.update(message, makeCard())).rejects.toMatchObject({ code: 'CHANNEL_PERMANENT' });
  });

  test('a thread whose first message was deleted is permanent, and its reply does not stay in the room', async () => {
    await using there = await started();
    const thread = await withThread(there);
    there.slack.deleteMessage(there.channel, thread.thread ?? '');

    await expect(there.bot.post(thread, makeCard(), 'card-1', FIRST)).rejects.toMatchObject({
      code: 'CHANNEL_PERMANENT',
      message: expect.stringContaining('is gone'),
    });
    expect(there.slack.messages(there.channel)).toEqual([]);
  });

  test('a reply that went astray and could not be taken back, or whose answer was lost, is taken back by the next try', async () => {
    await using there = await started();
    for (const [method, kind] of [
      ['chat.delete', 'drop-before'],
      ['chat.postMessage', 'drop-after'],
    ] as const) {
      const thread = await withThread(there);
      there.slack.deleteMessage(there.channel, thread.thread ?? '');
      there.slack.faults.next(method, { kind });

      const first = there.bot.post(thread, makeCard(), method, FIRST);
      await expect(first).rejects.toMatchObject({ code: 'CHANNEL_TRANSIENT' });
      expect(there.slack.messages(there.channel)).toHaveLength(1);
      const again = there.bot.post(thread, makeCard(), method, AGAIN);

      await expect(again).rejects.toMatchObject({ code: 'CHANNEL_PERMANENT' });
      expect(there.slack.messages(there.channel)).toEqual([]);
      there.nextPost();
    }
  });

  test('a thread that kept its replies when its first message was deleted goes on', async () => {
    await using there = await started();
    const thread = await withThread(there);
    await there.bot.post(thread, makeCard(), 'card-1', FIRST);
    there.slack.deleteMessage(there.channel, thread.thread ?? '');
    there.nextPost();

    await there.bot.post(thread, makeCard(), 'card-2', FIRST);
    await there.bot.upload(thread, FILE, 'file-1', FIRST);

    expect(there.slack.messages(there.channel, thread.thread ?? '')).toHaveLength(3);
  });

  test('a file for a thread that is gone is permanent, and not put into the room', async () => {
    await using there = await started();
    const thread = await withThread(there);
    there.slack.deleteMessage(there.channel, thread.thread ?? '');

    await expect(there.bot.upload(thread, FILE, 'file-1', FIRST)).rejects.toMatchObject({
      code: 'CHANNEL_PERMANENT',
      message: expect.stringContaining('is gone'),
    });
    expect(there.slack.messages(there.channel)).toEqual([]);
  });

  test('another workspace is permanent, and nothing is asked', async () => {
    await using there = await started();

    const posting = there.bot.post({ ...there.room, space: 'T0OTHER' }, makeCard(), 'card-1', FIRST);

    await expect(posting).rejects.toMatchObject({ code: 'CHANNEL_PERMANENT' });
    expect(there.slack.calls.filter(({ method }) => method === 'chat.postMessage')).toEqual([]);
  });

  test("a place without a workspace, as the team's room is configured, is of ours", async () => {
    await using there = await started();

    await there.bot.post({ ...there.room, space: '' }, makeCard(), 'card-1', FIRST);

    expect(there.slack.messages(there.channel)).toHaveLength(1);
  });
});

describe('budgets', () => {
  test('a burst of posts into one room goes out one a second, and Slack refuses none', async () => {
    await using there = await started();

    const posting = Array.from({ length: 6 }, (_, post) =>
      there.bot.post(there.room, makeCard(), `card-${post}`, FIRST),
    );
    for (const posted of posting) {
      await posted;
      there.nextPost();
    }

    const times = there.slack.calls.filter(({ method }) => method === 'chat.postMessage').map(({ at }) => at);
    for (const [index, at] of times.entries()) {
      expect(at - (times[index - 1] ?? Number.NEGATIVE_INFINITY)).toBeGreaterThanOrEqual(1000);
    }
    expect(there.slack.violations).toEqual([]);
  });
});

describe('an upload', () => {
  test('whose last answer was lost is found by its name and the bot that put it there, and not made twice', async () => {
    await using there = await started();
    const thread = await withThread(there);
    there.slack.faults.next('files.completeUploadExternal', { kind: 'drop-after' });

    const first = there.bot.upload(thread, FILE, 'file-1', FIRST);
    await expect(first).rejects.toMatchObject({ code: 'CHANNEL_TRANSIENT' });
    const again = await there.bot.upload(thread, FILE, 'file-1', AGAIN);

    const files = there.slack.files(there.channel, thread.thread ?? '');
    expect(files.map(({ name, content }) => [name, content])).toEqual([['output.txt', 'abc']]);
    expect(again.messageId).toBe(files[0]?.id);
  });

  test('is made where a file of that name was put there by somebody else', async () => {
    await using there = await started();
    const thread = await withThread(there);
    const threadTs = thread.thread ?? '';
    there.slack.say({ user: there.ann, channel: there.channel, text: 'mine', threadTs, file: FILE.name });

    const made = await there.bot.upload(thread, FILE, 'file-1', AGAIN);

    expect(there.slack.files(there.channel, threadTs)).toMatchObject([
      { id: made.messageId, content: 'abc' },
    ]);
  });

  test.each(['files.getUploadURLExternal', 'files.completeUploadExternal'])(
    'that failed at %s is made by the next try',
    async (method) => {
      await using there = await started();
      const thread = await withThread(there);
      there.slack.faults.next(method, { kind: 'status', status: 500 });

      const first = there.bot.upload(thread, FILE, 'file-1', FIRST);
      await expect(first).rejects.toMatchObject({ code: 'CHANNEL_TRANSIENT' });
      await there.bot.upload(thread, FILE, 'file-1', AGAIN);

      expect(there.slack.files(there.channel, thread.thread ?? '')).toHaveLength(1);
    },
  );

  test('of a file that is not on disk any more is permanent', async () => {
    await using there = await started();
    const file = { name: 'output.txt', bytes: 3, content: { path: '/nonexistent/output.txt' } };

    await expect(there.bot.upload(there.room, file, 'file-1', FIRST)).rejects.toMatchObject({
      code: 'CHANNEL_PERMANENT',
    });
  });

  test('sends no token to the address of the upload, and keeps the token off errors', async () => {
    await using there = await started();
    there.slack.revoke('bot', 'invalid_auth');

    const failure: unknown = await there.bot
      .upload(there.room, FILE, 'file-1', FIRST)
      .catch((error: unknown) => error);

    expect(JSON.stringify(failure)).not.toContain(there.slack.botToken);
    expect(String(failure)).not.toContain(there.slack.botToken);
  });
});
