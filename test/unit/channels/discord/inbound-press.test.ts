import { afterEach, describe, expect, test } from 'vitest';
import type { Form } from '../../../../src/conversation/channel.ts';
import { makeButton, makeCard } from '../../../fixtures/cards.ts';
import { hangingInbox } from '../../../fakes/hanging-inbox.ts';
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

const FORM: Form = {
  title: 'Run in box',
  text: ['It is given to sh -c.'],
  inputs: [
    { name: 'command', label: 'Command', choices: null, multiline: true, optional: false, maxLength: 3000 },
  ],
  submitLabel: 'Run',
};

describe('a button', () => {
  test('reaches the inbox with what stands on it, and the message stays as it is', async () => {
    const { discord, inbox, post, user } = await open();
    const hash = 'ab'.repeat(32);
    const message = await post(makeCard({ buttons: [makeButton({ id: 'cancel', subject: 'k3x9', hash })] }));
    const before = discord.messages(world.room);

    const { answer } = await discord.press({ user, message, label: 'Stop' });

    expect(answer).toBe('deferred-update');
    const [request] = await inbox.received(1);
    expect(request).toMatchObject({
      type: 'button',
      // Discord asks nobody whether a press was meant.
      request: { principal: `discord:${user}`, button: 'cancel', subject: 'k3x9', hash, sure: false },
    });
    expect(discord.messages(world.room)).toEqual(before);
  });

  test('on the message that a thread begins with is pressed in that thread', async () => {
    const { discord, inbox, post, room, startThread, user } = await open();
    const message = await post(makeCard({ buttons: [makeButton()] }));
    const thread = await startThread(message);

    await discord.press({ user, message, label: 'Stop' });

    const [request] = await inbox.received(1);
    expect(request?.request.thread).toEqual({ channel: 'discord', space: discord.guild.id, room, thread });
  });

  test('is answered for the one who pressed alone', async () => {
    const { discord, post, user } = await open((_, reply) =>
      reply.private(makeCard({ title: 'It is on its way' })),
    );
    const message = await post(makeCard({ buttons: [makeButton()] }));

    await discord.press({ user, message, label: 'Stop' });

    expect(JSON.stringify(await world.told())).toContain('It is on its way');
    expect(discord.messages(world.room)).toHaveLength(1);
  });

  test('that needs words opens its form as the first answer, and the form knows the button', async () => {
    const hash = 'cd'.repeat(32);
    const { discord, inbox, post, user } = await open(async ({ type }, reply) => {
      if (type === 'button') await reply.form(FORM);
    });
    const button = makeButton({ id: 'run', label: 'Run', subject: 'agent1', hash });
    const message = await post(makeCard({ buttons: [button] }));

    const pressed = await discord.press({ user, message, label: 'Run' });
    const submitted = await discord.submit({ user, values: { command: 'ls -la\necho "hi"' } });

    expect(pressed).toMatchObject({ answer: 'modal', modal: { title: 'Run in box' } });
    expect(submitted.answer).toBe('deferred-update');
    const [, request] = await inbox.received(2);
    expect(request).toMatchObject({
      type: 'form',
      request: { button: 'run', subject: 'agent1', hash, values: { command: 'ls -la\necho "hi"' } },
    });
  });

  test('that is asked about opens a window without inputs, which says what its Submit means', async () => {
    const question: Form = { title: 'Stop box?', text: ['It is removed.'], inputs: [], submitLabel: 'Stop' };
    const { discord, inbox, post, user } = await open(async ({ type }, reply) => {
      if (type === 'button') await reply.form(question);
    });
    const message = await post(makeCard({ buttons: [makeButton({ id: 'stop', subject: 'agent1' })] }));

    const { modal } = await discord.press({ user, message, label: 'Stop' });
    await discord.submit({ user, values: {} });

    expect(modal?.title).toBe('Stop box?');
    expect(modal?.components.map(({ content }) => content).join()).toContain('Submit means "Stop"');
    const [, request] = await inbox.received(2);
    expect(request).toMatchObject({
      type: 'form',
      request: { button: 'stop', subject: 'agent1', values: {} },
    });
  });

  test('that could have opened a form and opens none is answered with words', async () => {
    const { discord, post, user } = await open((_, reply) => reply.private(makeCard({ title: 'On record' })));
    const message = await post(makeCard({ buttons: [makeButton({ id: 'approve', label: 'Approve' })] }));

    const outcome = await discord.press({ user, message, label: 'Approve' });

    expect(outcome).toMatchObject({ answer: 'message', ephemeral: true });
    expect(JSON.stringify(await outcome.reply())).toContain('On record');
  });

  test('that could have opened a form and says nothing is acknowledged', async () => {
    const { discord, inbox, post, user } = await open();
    const message = await post(makeCard({ buttons: [makeButton({ id: 'deny', label: 'Deny' })] }));

    const outcome = await discord.press({ user, message, label: 'Deny' });

    expect(outcome.answer).toBe('deferred-update');
    expect(inbox.requests).toHaveLength(1);
  });

  test('of another version is told so, and does nothing', async () => {
    const { discord, inbox, send, user } = await open();
    const button = { type: 2, style: 2, label: 'Explode', custom_id: 'airlock:explode::-:x' };
    const message = await send({ content: 'old', components: [{ type: 1, components: [button] }] });

    const outcome = await discord.press({ user, message, label: 'Explode' });

    expect(outcome.ephemeral).toBe(true);
    expect(JSON.stringify(await outcome.reply())).toContain('another version');
    expect(inbox.requests).toEqual([]);
  });

  test('pressed twice is two requests: whether that is one decision is the business of the inbox', async () => {
    const { discord, inbox, post, user } = await open();
    const message = await post(makeCard({ buttons: [makeButton()] }));

    await Promise.all([
      discord.press({ user, message, label: 'Stop' }),
      discord.press({ user, message, label: 'Stop' }),
    ]);

    await inbox.received(2);
  });
});

describe('a form', () => {
  test('of another version is told so, and does nothing', async () => {
    const { discord, inbox, post, user } = await open((_, reply) => reply.form(FORM));
    const message = await post(makeCard({ buttons: [makeButton({ id: 'run', label: 'Run' })] }));
    const { modal } = await discord.press({ user, message, label: 'Run' });
    if (modal !== null) modal.customId = 'airlock:explode::-:x';

    const outcome = await discord.submit({ user, values: { command: 'ls' } });

    expect(JSON.stringify(await outcome.reply())).toContain('another version');
    expect(inbox.requests).toHaveLength(1);
  });

  test('is answered for the one who filled it in alone', async () => {
    const { discord, post, user } = await open(async ({ type }, reply) => {
      if (type === 'button') await reply.form(FORM);
      else await reply.private(makeCard({ title: 'It runs' }));
    });
    const message = await post(makeCard({ buttons: [makeButton({ id: 'run', label: 'Run' })] }));
    await discord.press({ user, message, label: 'Run' });

    await discord.submit({ user, values: { command: 'ls' } });

    expect(JSON.stringify(await world.told())).toContain('It runs');
  });
});

describe('in time', () => {
  test('a press that may open a form is acknowledged when the store hangs, and the form asks to press again', async () => {
    const { inbox, answer } = hangingInbox();
    world = await openInboundWorld({ inbox });
    const { discord, post, user } = world;
    const message = await post(makeCard({ buttons: [makeButton({ id: 'run', label: 'Run' })] }));

    const pressing = discord.press({ user, message, label: 'Run' });
    const { reply } = await answer.asked;
    discord.clock.advance(2250);
    const { answer: first, answerMs } = await pressing;
    await reply.form(FORM);
    answer.settle();

    expect(first).toBe('deferred-update');
    expect(answerMs).toBeLessThan(3000);
    expect(JSON.stringify(await world.told())).toContain('press the button again');
  });
});
