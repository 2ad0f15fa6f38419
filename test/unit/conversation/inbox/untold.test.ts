import { afterEach, describe, expect, it } from 'vitest';
import type { Card } from '../../../../src/conversation/card.ts';
import type { Channel, Reply } from '../../../../src/conversation/channel.ts';
import { AppError } from '../../../../src/errors.ts';
import { permanent } from '../../../fakes/fake-channel.ts';
import { type Desk, openDesk, ROOM } from './desk.ts';

const OWN = { ...ROOM, room: 'alice' };
const SECRET = 'hunter2';
const late = new AppError('CHANNEL_TRANSIENT', 'its window did not open');
const broken: Partial<Reply> = { private: () => Promise.reject(late), form: () => Promise.reject(late) };

let desk: Desk;
afterEach(() => desk[Symbol.asyncDispose]());

const open = async (privateRoom?: Channel['privateRoom']) => {
  desk = await openDesk(privateRoom === undefined ? {} : { privateRoom });
};

async function told(): Promise<[place: string, card: Card][]> {
  await desk.conversation.drained();
  return desk.channel.messages.map(({ ref, card }) => [ref.thread.room, card]);
}

describe('an answer that cannot be given', () => {
  it('goes to the asker alone, with what was asked and why there is none, where the platform has a place for that', async () => {
    await open(() => OWN);

    await desk.ask(`logs ${SECRET}`, 'alice', broken);
    await desk.ask('list', 'alice', broken);

    expect(await told()).toMatchObject([
      [
        'alice',
        {
          title: 'A request of yours was not answered',
          text: [expect.stringContaining(`"logs ${SECRET}": AGENT_NOT_FOUND`)],
        },
      ],
      ['alice', { text: ['the answer to "list" was not given (its window did not open): please ask again'] }],
    ]);
  });

  it('shows nobody else a word of what was asked and of why, where there is no such place', async () => {
    await open();

    await desk.ask(`logs ${SECRET}`, 'alice', broken);

    const notices = await told();
    expect(notices).toMatchObject([['C1', { title: 'alice: a request was not answered' }]]);
    expect(JSON.stringify(notices)).not.toMatch(/hunter2|logs|AGENT_NOT_FOUND|window/);
  });

  it('tells the team no word of it either, when the asker cannot be written to', async () => {
    await open(() => OWN);
    desk.channel.before = ({ thread }) => {
      if (thread.room === 'alice') throw permanent('cannot be written to');
    };

    await desk.ask(`logs ${SECRET}`, 'alice', broken);
    await desk.conversation.drained();

    const { store } = desk.bench;
    const news = (await store.eventsAfter(0, 1000)).map(({ body }) => body);
    const forTheTeam = news.filter(({ type }) => type === 'team.notice');
    expect(forTheTeam.at(-1)).toMatchObject({ text: expect.stringContaining('cannot be written to') });
    expect(JSON.stringify(forTheTeam)).not.toMatch(/hunter2|logs|AGENT_NOT_FOUND/);
    expect(desk.channel.messages).toEqual([]);
  });
});

describe('a refusal of what left no row', () => {
  it('that cannot be told is told later, once a minute for each person and place', async () => {
    await open(() => OWN);
    await desk.conversation.quiesce();

    for (const _ of [1, 2, 3]) await desk.ask('list', 'alice', broken);
    const first = await told();
    desk.bench.clock.advance(60_000);
    await desk.ask('list', 'alice', broken);

    expect(first).toMatchObject([['alice', { text: [expect.stringContaining('SHUTTING_DOWN')] }]]);
    expect(await told()).toHaveLength(2);
  });

  it('that was told leaves no notice', async () => {
    await open(() => OWN);
    await desk.conversation.quiesce();

    await desk.ask('list');

    expect(await told()).toEqual([]);
  });
});
