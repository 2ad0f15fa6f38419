import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ActionRecord } from '../../../../src/model/action.ts';
import type { ThreadRef } from '../../../../src/model/thread.ts';
import { createFakeChannel, permanent, transient } from '../../../fakes/fake-channel.ts';
import { action, agent } from '../../commands/facts.ts';
import { createDeliveryBench, type DeliveryBench } from './bench.ts';

let bench: DeliveryBench;
beforeEach(async () => {
  bench = await createDeliveryBench();
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

const ROOM: ThreadRef = { channel: 'fake', space: 's', room: 'r', thread: null };
const SMALL = { outputCharacters: 20, codeCharacters: 50 };
const LONG_OUTPUT = 'line of output\n'.repeat(10);
const LONG_COMMAND = `echo ${'x'.repeat(100)}`;

/** Every call as `<type> <card or file>`. */
function story(channel: ReturnType<typeof createFakeChannel>): string[] {
  return channel.calls.map(
    ({ type, key, messageId }) => `${type} ${(key ?? messageId)?.replace('fake|', '')}`,
  );
}

/** An exec that runs, with its card posted. */
async function running(facts: Partial<ActionRecord> = {}): Promise<ActionRecord> {
  const record = action({
    agentId: null,
    level: 'MEDIUM',
    status: 'EXECUTING',
    approval: null,
    ...facts,
  });
  await bench.write(async (tx) => {
    await tx.insertAction(record);
    await tx.appendEvent({ type: 'action.status', actionId: record.id, from: null, to: 'APPROVED' });
  });
  return record;
}

/** It ends and has written `output`, which is kept. */
async function ends({ id }: ActionRecord, output: string): Promise<void> {
  bench.kept.set(id, output);
  await bench.write(async (tx) => {
    const exec = {
      success: true,
      exitCode: 0,
      cause: 'exited',
      signal: null,
      hints: [],
      timedOut: false,
      truncated: false,
      durationMs: 5,
      stdoutBytes: Buffer.byteLength(output),
      stderrBytes: 0,
      outputFile: `outputs/${id}.json`,
      outputSha256: 'a'.repeat(64),
    } as const;
    await tx.updateAction(id, ['EXECUTING'], { status: 'COMPLETED', result: { exec } });
    await tx.appendEvent({ type: 'action.status', actionId: id, from: 'EXECUTING', to: 'COMPLETED' });
  });
}

async function asks(facts: Partial<ActionRecord> = {}): Promise<ActionRecord> {
  const record = action({
    agentId: null,
    payload: JSON.stringify({ v: 1, params: { command: LONG_COMMAND } }),
    ...facts,
  });
  await bench.write(async (tx) => {
    await tx.insertAction(record);
    await tx.appendEvent({ type: 'action.status', actionId: record.id, from: null, to: 'PENDING' });
  });
  return record;
}

describe('an output that its card has no room for', () => {
  it('is put into the thread whole, once, after the card that shows the result', async () => {
    const channel = createFakeChannel({ limits: SMALL });
    const deliveries = bench.start(channel);
    const ran = await running();
    await bench.drain(deliveries);
    await ends(ran, LONG_OUTPUT);
    await bench.drain(deliveries);

    expect(story(channel)).toEqual([`post action:${ran.id}`, 'update m1', `upload file:output:${ran.id}`]);
    expect(channel.files[0]?.file).toEqual({
      name: `output-${ran.id}.txt`,
      bytes: LONG_OUTPUT.length,
      content: { text: LONG_OUTPUT },
    });
  });

  it('has its invisible characters escaped as on the card', async () => {
    const channel = createFakeChannel({ limits: SMALL });
    const deliveries = bench.start(channel);
    await ends(await running(), '\u001b[2J\u202ehidden\u0007 and more');
    await bench.drain(deliveries);
    expect(channel.files[0]?.file.content).toEqual({ text: '\\x1b[2J\\u{202e}hidden\\x07 and more' });
  });

  it('is not attached where the card shows all of it', async () => {
    const channel = createFakeChannel({ limits: SMALL });
    const deliveries = bench.start(channel);
    await ends(await running(), 'ööööööööööööö');
    await bench.drain(deliveries);
    expect(channel.files).toEqual([]);
    expect(channel.messages[0]?.card.output?.truncated).toBe(false);
  });

  it('is not attached on a channel that shows everything', async () => {
    const channel = createFakeChannel({ limits: { outputCharacters: 4 * 1024 * 1024 } });
    const deliveries = bench.start(channel);
    await ends(await running(), '\u0007'.repeat(2 * 1024 * 1024));
    await bench.drain(deliveries);
    expect(channel.files).toEqual([]);
  });

  it('that was dropped from disk is not missed', async () => {
    const channel = createFakeChannel({ limits: SMALL });
    const deliveries = bench.start(channel);
    const ran = await running();
    await bench.drain(deliveries);
    await deliveries.stop();
    await ends(ran, LONG_OUTPUT);
    bench.kept.clear();
    await bench.drain(bench.start(channel));

    expect(story(channel)).toEqual([`post action:${ran.id}`, 'update m1']);
    expect(await bench.store.openDeliveries('fake')).toEqual([]);
  });

  it('that cannot be read is given up after a while, and the team is told once', async () => {
    const channel = createFakeChannel({ limits: SMALL });
    bench.teamRooms.push({ ...ROOM, room: 'team' });
    const deliveries = bench.start(channel);
    const ran = await running();
    await bench.drain(deliveries);
    await deliveries.stop();
    await ends(ran, LONG_OUTPUT);
    // The card of it cannot be drawn either: both are given up.
    bench.kept.set(ran.id, new Error('damaged'));
    const again = bench.start(channel);
    await bench.drain(again, 60_000);
    await bench.drain(again, 60_000);

    const told = channel.messages.filter(({ ref }) => ref.thread.room === 'team');
    expect(told.map(({ card }) => card.title)).toEqual(['A card could not be delivered on fake']);
  });

  it('is looked for before it is uploaded again when an answer was lost', async () => {
    const channel = createFakeChannel({ limits: SMALL });
    let lost = 1;
    channel.after = ({ type }) => {
      if (type === 'upload' && lost-- > 0) throw transient();
    };
    const deliveries = bench.start(channel);
    await ends(await running(), LONG_OUTPUT);
    await bench.drain(deliveries);
    expect(channel.files).toHaveLength(1);
    expect(story(channel).filter((call) => call.startsWith('upload'))).toHaveLength(2);
  });

  it('is uploaded once although the bot died during the upload', async () => {
    const channel = createFakeChannel({ limits: SMALL });
    const landed = Promise.withResolvers<void>();
    channel.after = ({ type }) => {
      if (type !== 'upload') return undefined;
      landed.resolve();
      // The process dies here: the answer never arrives.
      return new Promise(() => {});
    };
    bench.start(channel);
    const ran = await running();
    await ends(ran, LONG_OUTPUT);
    await landed.promise;
    expect(await bench.store.delivery(`fake|file:output:${ran.id}`)).toMatchObject({ maybePosted: true });

    channel.after = () => {};
    await bench.drain(bench.start(channel));
    expect(channel.files).toHaveLength(1);
    bench.clock.advance(60_000);
  });

  it('that can never be uploaded holds nothing back; the team is told once', async () => {
    const channel = createFakeChannel({ limits: SMALL });
    bench.teamRooms.push({ ...ROOM, room: 'team' });
    channel.before = ({ type }) => {
      if (type === 'upload') throw permanent('files are not allowed here');
    };
    const deliveries = bench.start(channel);
    const ran = await running();
    await ends(ran, LONG_OUTPUT);
    await bench.append({ type: 'notice', thread: ROOM, title: 'later', text: '', tone: 'neutral' });
    await bench.drain(deliveries);
    await bench.drain(deliveries);

    expect(channel.messages.map(({ card }) => card.title)).toEqual([
      'exec',
      'later',
      'A file could not be delivered on fake',
    ]);
    expect(channel.messages.at(-1)?.card.text).toEqual([
      `output of action ${ran.id} in room r: files are not allowed here`,
    ]);
  });

  it('that is tried again for a long time holds no later post of its thread back', async () => {
    const channel = createFakeChannel({ limits: SMALL });
    channel.before = ({ type }) => {
      if (type === 'upload') throw transient();
    };
    bench.start(channel);
    await ends(await running(), LONG_OUTPUT);
    await bench.until(() => channel.calls.some(({ type }) => type === 'upload'));
    await bench.append({ type: 'notice', thread: ROOM, title: 'later', text: '', tone: 'neutral' });
    const took = await bench.until(() => channel.messages.length === 2);
    expect(took).toBeLessThanOrEqual(1000);
  });

  it('waits while its card waits, and costs no post meanwhile', async () => {
    const channel = createFakeChannel({ limits: { ...SMALL, postsPerMinute: 6 } });
    let refusals = 4;
    channel.before = ({ type }) => {
      if (type === 'update' && refusals-- > 0) throw transient();
    };
    const deliveries = bench.start(channel);
    const ran = await running();
    await bench.drain(deliveries);
    bench.clock.advance(60_000);
    await ends(ran, LONG_OUTPUT);
    await bench.drain(deliveries);
    expect(story(channel).slice(1)).toEqual([
      ...Array.from({ length: 5 }, () => 'update m1'),
      `upload file:output:${ran.id}`,
    ]);
  });

  it('goes into the thread that was opened for its agent', async () => {
    const channel = createFakeChannel({ limits: { ...SMALL, threads: true } });
    const deliveries = bench.start(channel);
    await bench.write(async (tx) => tx.insertAgent(agent()));
    await ends(await running({ agentId: agent().id }), LONG_OUTPUT);
    await bench.drain(deliveries);
    expect(channel.files.map(({ ref }) => ref.thread)).toEqual([{ ...ROOM, thread: 'm1' }]);
  });

  it('goes nowhere when its card can never be shown', async () => {
    const channel = createFakeChannel({ limits: SMALL });
    bench.teamRooms.push({ ...ROOM, room: 'team' });
    channel.before = ({ thread }) => {
      if (thread.room === 'r') throw permanent();
    };
    const deliveries = bench.start(channel);
    await ends(await running(), LONG_OUTPUT);
    await bench.drain(deliveries);
    await bench.drain(deliveries);
    expect(channel.messages.map(({ card }) => card.title)).toEqual(['A card could not be delivered on fake']);
    expect(channel.calls.filter(({ type }) => type === 'upload')).toEqual([]);
  });
});

describe('a command that its card has no room for', () => {
  it('is put into the thread right after the approval card, before what else waits there', async () => {
    const channel = createFakeChannel({ limits: SMALL });
    const record = await asks();
    await bench.append({ type: 'notice', thread: ROOM, title: 'later', text: '', tone: 'neutral' });
    await bench.drain(bench.start(channel));

    expect(story(channel)).toEqual([
      `post action:${record.id}`,
      `upload file:payload:${record.id}`,
      'post event:2|s/r/',
    ]);
    expect(channel.files[0]?.file).toEqual({
      name: `payload-${record.id}.txt`,
      bytes: LONG_COMMAND.length,
      content: { text: LONG_COMMAND },
    });
  });

  it('is attached once, whatever becomes of the action', async () => {
    const channel = createFakeChannel({ limits: SMALL });
    const deliveries = bench.start(channel);
    const { id } = await asks();
    await bench.drain(deliveries);
    await bench.write(async (tx) => {
      await tx.updateAction(id, ['PENDING'], { status: 'REJECTED' });
      await tx.appendEvent({ type: 'action.status', actionId: id, from: 'PENDING', to: 'REJECTED' });
    });
    await bench.drain(deliveries);
    expect(channel.files).toHaveLength(1);
  });

  it('that fits is not attached, nor on a channel that shows any command whole', async () => {
    const channel = createFakeChannel({ limits: SMALL });
    const whole = createFakeChannel({ name: 'whole' });
    const deliveries = bench.start(channel, whole);
    await asks({ payload: JSON.stringify({ v: 1, params: { command: 'ls' } }) });
    await asks({ id: 'b'.repeat(12), thread: { ...ROOM, channel: 'whole' } });
    await bench.drain(deliveries);
    expect([...channel.files, ...whole.files]).toEqual([]);
    expect([...channel.messages, ...whole.messages]).toHaveLength(2);
  });
});
