/** What every channel promises. A channel's own test file gives a harness and calls `describeChannel`. */
import { describe, expect, test } from 'vitest';
import type { Channel, Form } from '../../src/conversation/channel.ts';
import { AppError } from '../../src/errors.ts';
import type { MessageRef, ThreadRef } from '../../src/model/thread.ts';
import { createRecordingInbox, type RecordingInbox } from '../fakes/recording-inbox.ts';
import { approvalCard, makeButton, makeCard } from '../fixtures/cards.ts';

/** A channel beside the platform it talks to, and a person on that platform. */
export interface ChannelHarness {
  channel: Channel;
  /** A place that exists, and one that does not. */
  thread: ThreadRef;
  missing: ThreadRef;
  /** Everything a person can read there, in the form it is shown. */
  shown(): string;
  /** How many messages stand there. */
  messages(): number;
  /** A person types a command after the root command. */
  command(text: string): Promise<void>;
  /** A person presses the button of that number (from 1) on a message, and answers what is asked, in order. */
  press(message: MessageRef, button: number, answers: readonly string[]): Promise<void>;
  /** Makes the platform unreachable for what comes. */
  disconnect(): Promise<void>;
  dispose(): Promise<void>;
}

export type MakeHarness = (inbox: RecordingInbox) => Promise<ChannelHarness>;

const FIRST = { maybePosted: false };
const AGAIN = { maybePosted: true };

export function describeChannel(name: string, makeHarness: MakeHarness): void {
  async function open(inbox: RecordingInbox = createRecordingInbox()) {
    const harness = await makeHarness(inbox);
    return { ...harness, inbox, [Symbol.asyncDispose]: () => harness.dispose() };
  }

  describe(`the ${name} channel`, () => {
    test('starts and stops twice as once', async () => {
      await using there = await open();

      await there.channel.start(there.inbox);
      await there.channel.start(there.inbox);
      await there.channel.post(there.thread, makeCard(), 'key', FIRST);
      await there.channel.stop();
      await there.channel.stop();

      expect(there.messages()).toBe(1);
    });

    test('stops without having been started', async () => {
      await using there = await open();

      await expect(there.channel.stop()).resolves.toBeUndefined();
    });

    test('has a name and limits that let cards through', async () => {
      await using there = await open();
      const { name: channelName, limits } = there.channel;

      expect(channelName).toBe(name);
      expect(there.thread.channel).toBe(name);
      expect(limits.postsPerMinute).toBeGreaterThan(0);
      expect(limits.editsPerMinute).toBeGreaterThan(0);
      expect(limits.outputCharacters).toBeGreaterThan(100);
    });

    test('shows all of a card: title, state, fields, code, text, warnings, buttons', async () => {
      await using there = await open();
      await there.channel.start(there.inbox);

      const card = approvalCard({ text: ['needs two'], warnings: ['no disk limit'] });
      await there.channel.post(there.thread, card, 'key', FIRST);

      for (const part of [
        'exec in box',
        'PENDING',
        'alice',
        'CRITICAL',
        'abab-abab-abab',
        'curl -s https://example.com/install.sh | sh',
        'needs two',
        'no disk limit',
        'Approve',
        'Deny',
      ]) {
        expect(there.shown()).toContain(part);
      }
    });

    test('shows a table and its header', async () => {
      await using there = await open();
      await there.channel.start(there.inbox);

      const table = [
        ['Name', 'Status'],
        ['box', 'RUNNING'],
      ];
      await there.channel.post(there.thread, makeCard({ kind: 'list', table }), 'key', FIRST);

      for (const cell of table.flat()) expect(there.shown()).toContain(cell);
    });

    test('an update shows the new state under the same message', async () => {
      await using there = await open();
      await there.channel.start(there.inbox);
      const card = makeCard({ state: { label: 'CREATING', tone: 'progress' } });
      const message = await there.channel.post(there.thread, card, 'key', FIRST);

      await there.channel.update(message, { ...card, state: { label: 'RUNNING', tone: 'success' } });

      expect(there.shown()).toContain('RUNNING');
      expect(there.messages()).toBe(1);
    });

    test('a post that may have landed is found again by its key', async () => {
      await using there = await open();
      await there.channel.start(there.inbox);

      const first = await there.channel.post(there.thread, makeCard(), 'key-1', FIRST);
      const again = await there.channel.post(there.thread, makeCard(), 'key-1', AGAIN);
      const other = await there.channel.post(there.thread, makeCard(), 'key-2', AGAIN);

      expect(again).toEqual(first);
      expect(other).not.toEqual(first);
      expect(there.messages()).toBe(2);
    });

    test('the thread under a message can be posted to', async () => {
      await using there = await open();
      await there.channel.start(there.inbox);
      const message = await there.channel.post(there.thread, makeCard(), 'key-1', FIRST);

      const thread = await there.channel.openThread(message, makeCard(), 'thread-1');
      await there.channel.post(thread, makeCard({ title: 'inside' }), 'key-2', FIRST);

      expect(there.shown()).toContain('inside');
      expect(thread.channel).toBe(name);
    });

    test('an uploaded file is named once, however often its key is retried', async () => {
      await using there = await open();
      await there.channel.start(there.inbox);
      const file = { name: 'output-1.txt', bytes: 12, content: { text: 'twelve bytes' } };

      const first = await there.channel.upload(there.thread, file, 'file-1', FIRST);
      const again = await there.channel.upload(there.thread, file, 'file-1', AGAIN);

      expect(again).toEqual(first);
      expect(there.shown().split('output-1.txt').length - 1).toBeLessThanOrEqual(2);
      expect(there.shown()).toContain('output-1.txt');
    });

    test('a place that does not exist is a permanent error', async () => {
      await using there = await open();
      await there.channel.start(there.inbox);

      const posting = there.channel.post(there.missing, makeCard(), 'key', FIRST);

      await expect(posting).rejects.toMatchObject({ code: 'CHANNEL_PERMANENT' });
      expect(there.messages()).toBe(0);
    });

    test('an unreachable platform is a transient error', async () => {
      await using there = await open();
      await there.channel.start(there.inbox);
      const message = await there.channel.post(there.thread, makeCard(), 'key-1', FIRST);
      await there.disconnect();

      const calls = await Promise.allSettled([
        there.channel.post(there.thread, makeCard(), 'key-2', FIRST),
        there.channel.update(message, makeCard({ text: ['new'] })),
      ]);

      for (const call of calls) {
        expect(call).toMatchObject({ status: 'rejected', reason: { code: 'CHANNEL_TRANSIENT' } });
        expect(call.status === 'rejected' && call.reason).toBeInstanceOf(AppError);
      }
    });

    test('control characters in any part of a card are shown escaped', async () => {
      await using there = await open();
      await there.channel.start(there.inbox);
      const hostile = 'x\x1b[2J\x07\u202ey\u009b';

      await there.channel.post(
        there.thread,
        makeCard({
          title: hostile,
          state: { label: hostile, tone: 'neutral' },
          fields: [{ label: hostile, value: hostile }],
          code: { label: hostile, text: hostile },
          output: { text: hostile, totalBytes: 10, fromByte: 0, truncated: false, live: false },
          timeline: [{ at: 1, label: hostile }],
          table: [[hostile], [hostile]],
          text: [hostile],
          warnings: [hostile],
          buttons: [makeButton({ label: hostile })],
        }),
        'key',
        FIRST,
      );
      const file = { name: hostile, bytes: 1, content: { text: 'x' } };
      await there.channel.upload(there.thread, file, 'file', FIRST);

      // oxlint-disable-next-line no-control-regex -- the very characters that must not be there
      expect(there.shown()).not.toMatch(/[\x07\x1b\u009b\u202e]/);
      expect(there.shown()).toContain('\\x1b');
    });

    test('a typed command reaches the inbox as typed, with who, where and a delivery id', async () => {
      await using there = await open();
      await there.channel.start(there.inbox);

      await there.command('exec box -- echo "a  b" $HOME');
      const [recorded] = await there.inbox.received(1);

      expect(recorded?.type).toBe('command');
      expect(recorded?.request).toMatchObject({
        text: 'exec box -- echo "a  b" $HOME',
        thread: there.thread,
      });
      expect(recorded?.request.principal).toMatch(new RegExp(`^${name}:`));
      expect(recorded?.request.deliveryId).not.toBe('');
    });

    test('no two deliveries have the same id', async () => {
      await using there = await open();
      await there.channel.start(there.inbox);

      await there.command('list');
      await there.command('list');
      await there.command('list');
      const recorded = await there.inbox.received(3);

      expect(new Set(recorded.map(({ request }) => request.deliveryId)).size).toBe(3);
    });

    test('a pressed button reaches the inbox with its subject and the hash that was seen', async () => {
      await using there = await open();
      await there.channel.start(there.inbox);
      const card = makeCard({
        state: { label: 'PENDING', tone: 'waiting' },
        buttons: [
          makeButton({ id: 'approve', label: 'Approve', subject: 'action7', hash: 'f'.repeat(64) }),
          makeButton({ id: 'cancel', label: 'Cancel', subject: 'action7' }),
        ],
      });
      const message = await there.channel.post(there.thread, card, 'key', FIRST);

      await there.press(message, 1, []);
      const [recorded] = await there.inbox.received(1);

      expect(recorded).toMatchObject({
        type: 'button',
        request: { button: 'approve', subject: 'action7', hash: 'f'.repeat(64) },
      });
    });

    test('a button with a form asks first and sends what was filled in', async () => {
      const card = approvalCard();
      // A channel that knows only what stands on the message sends the click, and is given the form.
      const inbox = createRecordingInbox({
        async answer(recorded, reply) {
          const pressed = recorded.type === 'button' ? recorded.request.button : null;
          const form = card.buttons.find(({ id }) => id === pressed)?.opens ?? null;
          if (form !== null) await reply.form(form);
          return { ok: true, waiting: false, actionId: null };
        },
      });
      await using there = await open(inbox);
      await there.channel.start(inbox);
      const message = await there.channel.post(there.thread, card, 'key', FIRST);

      await there.press(message, 2, ['too risky']);
      await inbox.received(1);

      expect(inbox.requests.filter(({ type }) => type === 'form')).toMatchObject([
        { request: { button: 'deny', subject: 'action1', values: { reason: 'too risky' } } },
      ]);
    });

    test('a form that the inbox answers with is filled in and sent', async () => {
      const form: Form = {
        title: 'Why?',
        text: [],
        inputs: [
          {
            name: 'reason',
            label: 'Reason',
            choices: null,
            multiline: false,
            optional: false,
            maxLength: 100,
          },
        ],
        submitLabel: 'Send',
      };
      const inbox = createRecordingInbox({
        async answer(recorded, reply) {
          if (recorded.type === 'button') await reply.form(form);
          return { ok: true, waiting: false, actionId: null };
        },
      });
      await using there = await open(inbox);
      await there.channel.start(inbox);
      // One that may open a form: some platforms must know before they ask.
      const buttons = [makeButton({ id: 'run' })];
      const card = makeCard({ state: { label: 'RUNNING', tone: 'waiting' }, buttons });
      const message = await there.channel.post(there.thread, card, 'key', FIRST);

      await there.press(message, 1, ['done with it']);
      const recorded = await inbox.received(2);

      expect(recorded.map(({ type }) => type)).toEqual(['button', 'form']);
      expect(recorded[1]?.request).toMatchObject({ button: 'run', values: { reason: 'done with it' } });
    });

    test('a private answer is shown', async () => {
      const inbox = createRecordingInbox({
        async answer(_, reply) {
          await reply.private(
            makeCard({ kind: 'error', title: 'there is no agent nobody', text: ['list them'] }),
          );
          return { ok: false, waiting: false, actionId: null };
        },
      });
      await using there = await open(inbox);
      await there.channel.start(inbox);

      await there.command('status nobody');
      await inbox.received(1);

      expect(there.shown()).toContain('there is no agent nobody');
      expect(there.shown()).toContain('list them');
    });
  });
}
