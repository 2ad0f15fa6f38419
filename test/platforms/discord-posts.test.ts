import { describe, expect, test } from 'vitest';
import { approvalCard, makeCard } from '../fixtures/cards.ts';
import { setDiscordStage, type StageOptions } from '../fixtures/discord-stage.ts';

const FIRST = { maybePosted: false };
const AGAIN = { maybePosted: true };
const CREATE = 'POST /channels/:channel/messages';
const EDIT = 'PATCH /channels/:channel/messages/:message';

async function started(options: StageOptions = {}) {
  const stage = await setDiscordStage(options);
  await stage.start();
  await stage.discord.until(() => stage.discord.commands().length > 0);
  return stage;
}

describe('posts on Discord', () => {
  test('mention nobody, whatever they and their edits say', async () => {
    await using stage = await started();
    const { discord, channel, room, place } = stage;

    const message = await channel.post(place, approvalCard({ title: '@everyone' }), 'key', FIRST);
    await channel.update(message, makeCard({ text: ['@here <@1>'] }));

    expect(discord.messages(room)).toHaveLength(1);
    expect(discord.messages(room)[0]).toMatchObject({ id: message.messageId, mention_everyone: false });
    expect(discord.pings).toEqual([]);
    expect(discord.calls.filter(({ route }) => route === CREATE || route === EDIT)).toEqual([
      expect.objectContaining({ body: expect.objectContaining({ allowed_mentions: { parse: [] } }) }),
      expect.objectContaining({ body: expect.objectContaining({ allowed_mentions: { parse: [] } }) }),
    ]);
  });

  test('that may have landed are found when Discord has forgotten their nonce', async () => {
    await using stage = await started({ limits: { nonceMs: 0 } });
    const { discord, channel, room, place } = stage;

    const first = await channel.post(place, makeCard(), 'key-1', FIRST);
    const again = await channel.post(place, makeCard(), 'key-1', AGAIN);
    const other = await channel.post(place, makeCard(), 'key-2', AGAIN);

    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
    expect(discord.messages(room)).toHaveLength(2);
  });

  test('that are repeated within minutes are one message, by their nonce', async () => {
    await using stage = await started();
    const { discord, channel, room, place } = stage;

    const first = await channel.post(place, makeCard(), 'key', FIRST);
    const again = await channel.post(place, makeCard(), 'key', FIRST);

    expect(again).toEqual(first);
    expect(discord.messages(room)).toHaveLength(1);
    expect(discord.violations).toEqual([]);
  });

  test('whose answer was lost are one message', async () => {
    await using stage = await started();
    const { discord, channel, room, place } = stage;
    discord.faults.rest(CREATE, { kind: 'drop', landed: true });

    const lost = channel.post(place, makeCard(), 'key', FIRST);
    await expect(lost).rejects.toMatchObject({ code: 'CHANNEL_TRANSIENT' });
    const found = await channel.post(place, makeCard(), 'key', AGAIN);

    expect(discord.messages(room).map(({ id }) => id)).toEqual([found.messageId]);
  });

  test('wait where Discord is soon ready, in turn, and stay within its limits', async () => {
    await using stage = await started();
    const { discord, channel, room, place } = stage;

    const posts = Array.from({ length: 7 }, (_, at) => channel.post(place, makeCard(), `key-${at}`, FIRST));
    await Promise.all(posts);

    expect(discord.messages(room)).toHaveLength(7);
    expect(discord.violations).toEqual([]);
  }, 15_000);

  test.each([
    ['a limit of the room', { kind: 'rate-limit', retryAfterMs: 60_000 }, 'room'],
    ['a limit of the whole bot', { kind: 'rate-limit', retryAfterMs: 60_000, global: true }, 'channel'],
  ] as const)('give back %s with the time to wait', async (_, fault, scope) => {
    await using stage = await started();
    stage.discord.faults.rest(CREATE, fault);

    const posting = stage.channel.post(stage.place, makeCard(), 'key', FIRST);

    await expect(posting).rejects.toMatchObject({
      code: 'CHANNEL_TRANSIENT',
      context: { scope, retryAfterMs: expect.any(Number) },
    });
  });

  test('that are old are edited again when Discord takes more edits of old messages', async () => {
    await using stage = await started({ limits: { oldEdits: 1 } });
    const { discord, channel, place } = stage;
    const message = await channel.post(place, makeCard(), 'key', FIRST);
    discord.clock.advance(2 * 3_600_000);

    await channel.update(message, makeCard({ text: ['one'] }));
    const second = channel.update(message, makeCard({ text: ['two'] }));

    await expect(second).rejects.toMatchObject({
      code: 'CHANNEL_TRANSIENT',
      context: { scope: 'room', retryAfterMs: expect.any(Number) },
    });
  });

  test('to a place without permission, and edits of what was deleted, are given up with a hint', async () => {
    await using stage = await started();
    const { discord, channel, room, place } = stage;
    const message = await channel.post(place, makeCard(), 'key', FIRST);
    discord.removeMessage(message.messageId);
    discord.setPermissions(room, ['ViewChannel']);

    const calls = await Promise.allSettled([
      channel.update(message, makeCard()),
      channel.post(place, makeCard(), 'other', FIRST),
      channel.post({ ...place, room: '../../users/@me' }, makeCard(), 'third', FIRST),
    ]);

    for (const call of calls) {
      expect(call).toMatchObject({
        status: 'rejected',
        reason: { code: 'CHANNEL_PERMANENT', hint: expect.any(String) },
      });
    }
    expect(discord.calls.some(({ path }) => path.includes('users/@me/messages'))).toBe(false);
  });

  test('are tried again later when Discord has trouble, an answer is none, or it says nothing', async () => {
    await using stage = await started();
    const { discord, channel, place } = stage;
    discord.faults.rest(CREATE, { kind: 'error', status: 502 });
    discord.faults.rest(CREATE, { kind: 'error', status: 400, code: 0 });
    discord.faults.rest(CREATE, { kind: 'hang', landed: false });

    const first = channel.post(place, makeCard(), 'key', FIRST);
    await expect(first).rejects.toMatchObject({ code: 'CHANNEL_TRANSIENT' });
    const second = channel.post(place, makeCard(), 'key', FIRST);
    await expect(second).rejects.toMatchObject({ code: 'CHANNEL_TRANSIENT' });
    const third = channel.post(place, makeCard(), 'key', FIRST);
    await discord.until(() => discord.calls.filter(({ route }) => route === CREATE).length === 3);
    discord.clock.advance(15_000);

    await expect(third).rejects.toMatchObject({ code: 'CHANNEL_TRANSIENT' });
  });

  test('with a token that is refused make the channel down, ask no more for a while, and are up again', async () => {
    await using stage = await started();
    const { discord, channel, place } = stage;
    const asked = () => discord.calls.filter(({ route }) => route === CREATE).length;
    discord.faults.rest(CREATE, { kind: 'error', status: 401 });

    const refused = channel.post(place, makeCard(), 'key', FIRST);
    await expect(refused).rejects.toMatchObject({
      code: 'CHANNEL_TRANSIENT',
      hint: expect.stringContaining('DISCORD_BOT_TOKEN'),
    });
    const down = channel.health();
    const soon = channel.post(place, makeCard(), 'key', FIRST);
    await expect(soon).rejects.toMatchObject({ context: { retryAfterMs: expect.any(Number) } });
    const before = asked();
    discord.clock.advance(60_000);
    await channel.post(place, makeCard(), 'key', FIRST);

    expect(down).toMatchObject({ state: 'down' });
    expect(before).toBe(1);
    await expect(stage.healthy('up')).resolves.toMatchObject({ detail: null });
  });
});

describe('files on Discord', () => {
  test('have names that Discord leaves as they are, and are found by them', async () => {
    await using stage = await started({ limits: { nonceMs: 0 } });
    const { discord, channel, place } = stage;
    const file = { name: 'out put/\u202e1.txt', bytes: 3, content: { text: 'abc' } };

    const first = await channel.upload(place, file, 'key', FIRST);
    const again = await channel.upload(place, file, 'key', AGAIN);

    expect(again).toEqual(first);
    expect(discord.attachments.map(({ name }) => name)).toEqual(['out_put__u_202e_1.txt']);
    expect(discord.attachments[0]?.text()).toBe('abc');
  });

  test('arrive where the libraries of Slack are loaded too', async () => {
    await import('@slack/bolt');
    await using stage = await started();
    const { discord, channel, place } = stage;

    await channel.upload(place, { name: 'a.txt', bytes: 3, content: { text: 'abc' } }, 'key', FIRST);

    expect(discord.attachments[0]?.text()).toBe('abc');
  });

  test('that are too long end with a whole line and say so', async () => {
    await using stage = await started();
    const { discord, channel, place } = stage;
    const text = `${'x'.repeat(99)}\n`.repeat(120_000);

    await channel.upload(place, { name: 'a.txt', bytes: text.length, content: { text } }, 'a', FIRST);

    expect(discord.attachments[0]?.bytes.length).toBeGreaterThan(10_000_000);
    expect(discord.attachments[0]?.text().slice(-200)).toMatch(/x{99}\n\(cut here: .*12000000 bytes\)\n$/);
    expect(discord.violations).toEqual([]);
  });

  test('that are gone or too large are given up', async () => {
    await using stage = await started();
    const { channel, place } = stage;

    const calls = await Promise.allSettled([
      channel.upload(place, { name: 'a', bytes: 3, content: { path: '/nowhere/a' } }, 'a', FIRST),
      channel.upload(place, { name: 'b', bytes: 2 ** 30, content: { path: '/nowhere/b' } }, 'b', FIRST),
    ]);

    for (const call of calls) {
      expect(call).toMatchObject({ status: 'rejected', reason: { code: 'CHANNEL_PERMANENT' } });
    }
  });
});
