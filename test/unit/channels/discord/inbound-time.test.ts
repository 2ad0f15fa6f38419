import { afterEach, describe, expect, test, vi } from 'vitest';
import { hangingInbox } from '../../../fakes/hanging-inbox.ts';
import { createRecordingInbox } from '../../../fakes/recording-inbox.ts';
import { makeCard } from '../../../fixtures/cards.ts';
import { type InboundWorld, openInboundWorld } from './inbound-world.ts';

const CALLBACK = 'POST /interactions/:interaction/:token/callback';

let world: InboundWorld;

afterEach(async () => {
  await world[Symbol.asyncDispose]();
  expect(world.discord.violations).toEqual([]);
});

describe('in time', () => {
  async function ask() {
    const { inbox, answer } = hangingInbox();
    world = await openInboundWorld({ inbox });
    const { discord, room, user } = world;
    const asking = discord.command({ user, channel: room, path: ['create'] });
    return { discord, asking, settle: answer.settle, asked: answer.asked };
  }
  const callbacks = () => world.discord.calls.filter(({ path }) => path.endsWith('/callback'));

  test('a command is acknowledged once it is on disk, not before', async () => {
    const { discord, asking, asked, settle } = await ask();
    await asked;
    discord.clock.advance(1900);
    expect(callbacks()).toEqual([]);

    settle();

    expect(await asking).toMatchObject({ answer: 'deferred', ephemeral: false });
  });

  test('what became of a command that the store did not take is the first answer, for its asker alone', async () => {
    const { discord, asking, asked, settle } = await ask();
    const { patience, reply } = await asked;

    discord.clock.advance(2000);
    expect(patience.aborted).toBe(true);
    await reply.private(makeCard({ title: 'It could not be saved' }));
    settle();

    const outcome = await asking;
    expect(outcome).toMatchObject({ answer: 'message', ephemeral: true });
    expect(JSON.stringify(await outcome.reply())).toContain('could not be saved');
    expect(callbacks()).toHaveLength(1);
  });

  test('a command is acknowledged where nobody can say yet what becomes of it', async () => {
    const { discord, asking, asked, settle } = await ask();
    await asked;

    discord.clock.advance(2250);

    const { answer, answerMs } = await asking;
    expect(answer).toBe('deferred');
    expect(answerMs).toBeLessThan(3000);
    settle();
  });

  test('the time that a command took to arrive is counted', async () => {
    const { discord, asking, asked, settle } = await ask();
    // Before it is read from the socket.
    discord.clock.advance(1400);
    const { patience } = await asked;

    discord.clock.advance(550);
    expect(patience.aborted).toBe(false);
    discord.clock.advance(60);

    expect(patience.aborted).toBe(true);
    settle();
    await asking;
  });
});

describe('too late', () => {
  test('suggestions that Discord does not take any more are no defect', async () => {
    world = await openInboundWorld({ inbox: createRecordingInbox() });
    const { discord, logged, room, user } = world;
    discord.faults.rest(CALLBACK, { kind: 'error', status: 404, code: 10062 });

    const completing = discord.autocomplete({ user, channel: room, path: ['stop'], focused: 'agent' });
    await vi.waitUntil(() => logged.some((line) => line.includes('suggestions were not taken')));
    discord.clock.advance(3000);

    expect(await completing).toMatchObject({ answered: false });
    expect(logged.filter((line) => line.includes('"level":50'))).toEqual([]);
  });
});
