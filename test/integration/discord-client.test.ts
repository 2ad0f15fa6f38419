import { describe, expect, test } from 'vitest';
import { makeButton, makeCard } from '../fixtures/cards.ts';
import { setDiscordStage } from '../fixtures/discord-stage.ts';

/** The gateway's own pauses are in real time. */
const SLOW_MS = 20_000;
/** Discord's code for an answer after three seconds. */
const TOO_LATE = 10062;

describe('the connection to Discord', () => {
  test('needs no privileged intent and registers the commands once', async () => {
    await using stage = await setDiscordStage();
    const { discord } = stage;

    await stage.start();
    await discord.until(() => discord.commands().length > 0);

    expect(discord.gateway.sessions.map(({ intents }) => intents)).toEqual([1]);
    expect(discord.commands().map(({ name }) => name)).toEqual(['agent']);
    expect(discord.violations).toEqual([]);
  });

  test('is there again after Discord asks to reconnect', async () => {
    await using stage = await setDiscordStage();
    const { discord, inbox } = stage;
    const press = await cardOn(stage);

    discord.gateway.reconnect();
    await discord.until(() => discord.gateway.resumes === 1, SLOW_MS);
    await press();

    await inbox.received(1);
    expect(stage.changes.map(({ state }) => state)).not.toContain('down');
    expect(discord.violations).toEqual([]);
  });

  test(
    'hands over once what was pressed while it was cut off, though its asker cannot be answered any more',
    async () => {
      await using stage = await setDiscordStage();
      const { discord, inbox } = stage;
      const press = await cardOn(stage);
      discord.gateway.close(1006);
      await discord.until(() => discord.gateway.connections === 0);

      const pressing = press();
      discord.clock.advance(3000);
      const { answered, interactionId } = await pressing;
      await discord.until(() => discord.gateway.resumes === 1, SLOW_MS);
      await discord.until(() => discord.calls.some(({ code }) => code === TOO_LATE));
      const again = await press();

      await inbox.received(2);
      const ids = inbox.requests.map(({ request }) => request.deliveryId);
      expect(answered).toBe(false);
      expect(ids).toEqual([interactionId, again.interactionId]);
      expect(again.answered).toBe(true);
      expect(stage.changes.map(({ state }) => state)).not.toContain('down');
      expect(discord.violations).toEqual([]);
    },
    SLOW_MS,
  );

  test(
    'never hears of a press after its session was ended, and the button works with the next one',
    async () => {
      await using stage = await setDiscordStage();
      const { discord, inbox } = stage;
      const press = await cardOn(stage);
      const { identifies } = discord.gateway;
      discord.gateway.invalidSession(false);

      const pressing = press();
      await discord.until(() => discord.gateway.identifies > identifies, SLOW_MS);
      const lost = await pressing;
      const again = await press();

      await inbox.received(1);
      expect(lost.answered).toBe(false);
      expect(inbox.requests.map(({ request }) => request.deliveryId)).toEqual([again.interactionId]);
      expect(again.answered).toBe(true);
      expect(stage.changes.map(({ state }) => state)).not.toContain('down');
      expect(discord.violations).toEqual([]);
    },
    SLOW_MS,
  );

  test(
    'survives that Discord is away, says so, and is there again',
    async () => {
      await using stage = await setDiscordStage();
      const { discord, inbox, room } = stage;
      await stage.start();
      await discord.until(() => discord.commands().length > 0);
      const user = discord.addUser({ name: 'alice' });

      discord.gateway.accepting = false;
      discord.gateway.close(1006);
      await discord.until(() => discord.gateway.connections === 0);
      discord.clock.advance(8000);
      const away = await stage.healthy('down');
      await stage.logs('a socket to Discord failed', 3);
      discord.gateway.accepting = true;
      await stage.healthy('up');
      await discord.command({ user, channel: room, path: ['list'] });
      await inbox.received(1);

      expect(away.detail).toContain('lost');
      expect(inbox.requests).toHaveLength(1);
    },
    SLOW_MS,
  );

  test(
    'starts while Discord is away, and connects when it is back',
    async () => {
      await using stage = await setDiscordStage();
      const { discord } = stage;
      discord.gateway.accepting = false;

      await stage.start();
      const away = stage.channel.health();
      discord.gateway.accepting = true;
      discord.clock.advance(2000);
      await stage.healthy('up');

      expect(away).toMatchObject({ state: 'down' });
      expect(away.detail).toContain('trying again');
    },
    SLOW_MS,
  );

  test(
    'is replaced by a new client when it was away for long',
    async () => {
      await using stage = await setDiscordStage();
      const { discord, inbox, room } = stage;
      await stage.start();
      await discord.until(() => discord.commands().length > 0);
      const user = discord.addUser({ name: 'alice' });
      discord.gateway.accepting = false;
      discord.gateway.close(1006);
      await stage.logs('a socket to Discord failed');

      const replaced = stage.logs('no connection for a minute');
      discord.clock.advance(60_000);
      await replaced;
      discord.gateway.accepting = true;
      discord.clock.advance(2000);
      await stage.healthy('up');
      await discord.command({ user, channel: room, path: ['list'] });
      await inbox.received(1);

      expect(inbox.requests).toHaveLength(1);
      expect(discord.gateway.sessions.filter(({ connected }) => connected)).toHaveLength(1);
    },
    SLOW_MS,
  );

  test(
    'waits when the sign-ins of a day are used up, says until when, and signs in the next day',
    async () => {
      await using stage = await setDiscordStage({ limits: { identifies: 1 } });
      const { discord } = stage;
      await stage.start();
      await discord.until(() => discord.gateway.identifies === 1);
      await stage.channel.stop();
      const environment = {
        DISCORD_BOT_TOKEN: discord.botToken,
        DISCORD_APPLICATION_ID: discord.applicationId,
        AIRLOCK_DISCORD_API_URL: discord.apiUrl,
      };
      await using later = await setDiscordStage({ environment });

      await later.start();
      const spent = later.channel.health();
      discord.clock.advance(24 * 3_600_000);
      later.discord.clock.advance(24 * 3_600_000);
      await later.healthy('up');

      expect(spent.detail).toMatch(/sessions remaining.*resets at/);
      expect(discord.gateway.identifies).toBe(2);
      expect(discord.violations).toEqual([]);
    },
    SLOW_MS,
  );

  test('stays away when it was stopped while the library was about to connect again', async () => {
    await using stage = await setDiscordStage();
    const { discord } = stage;
    await stage.start();
    discord.gateway.close(1006);
    await discord.until(() => discord.gateway.connections === 0);

    await stage.channel.stop();

    const back = discord.until(() => discord.gateway.connections > 0, 1500);
    await expect(back).rejects.toThrow('not within');
  });

  test('stops while Discord is away', async () => {
    await using stage = await setDiscordStage();
    stage.discord.gateway.accepting = false;
    await stage.start();

    await stage.channel.stop();

    expect(stage.channel.health()).toMatchObject({ state: 'down' });
  });

  test('does not start with a token that Discord refuses, and says what mends it', async () => {
    await using stage = await setDiscordStage({ environment: { DISCORD_BOT_TOKEN: 'MTIz.wrong.token' } });

    await expect(stage.start()).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      hint: expect.stringContaining('DISCORD_BOT_TOKEN'),
    });
  });

  test('says so when the token is taken back while it runs', async () => {
    await using stage = await setDiscordStage();
    const { discord } = stage;
    await stage.start();

    discord.gateway.close(4004);
    const ended = await stage.healthy('down');

    expect(ended.detail).toContain('DISCORD_BOT_TOKEN');
  });
});

/** Started, with a card on it; presses its button. */
async function cardOn(stage: Stage) {
  const { channel, discord, place } = stage;
  await stage.start();
  await discord.until(() => discord.commands().length > 0);
  const user = discord.addUser({ name: 'alice' });
  const card = makeCard({ buttons: [makeButton({ id: 'cancel', label: 'Cancel' })] });
  const { messageId } = await channel.post(place, card, 'card', { maybePosted: false });
  return () => discord.press({ user, message: messageId, label: 'Cancel' });
}

type Stage = Awaited<ReturnType<typeof setDiscordStage>>;
