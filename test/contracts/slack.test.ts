import { expect, vi } from 'vitest';
import { createSlackChannel } from '../../channels/slack/slack-channel.ts';
import { environmentSchema } from '../../src/config/schema.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { silentLogger } from '../../src/lib/logger.ts';
import { type SlackEmulator, startSlackEmulator } from '../emulators/slack/slack-emulator.ts';
import { describeChannel, type ChannelHarness } from './channel.ts';

async function makeHarness(): Promise<ChannelHarness> {
  const emulator = await startSlackEmulator();
  const alice = emulator.addUser({ name: 'alice' });
  const room = emulator.addChannel({ name: 'ops', members: [alice.id] });
  const channel = createSlackChannel({
    environment: environmentSchema.parse({
      SLACK_BOT_TOKEN: emulator.botToken,
      SLACK_APP_TOKEN: emulator.appToken,
      AIRLOCK_SLACK_API_URL: emulator.apiUrl,
    }),
    groups: () => [],
    clock: systemClock,
    log: silentLogger,
  });
  const thread = { channel: 'slack', space: emulator.team, room: room.id, thread: null };
  return {
    channel,
    thread,
    missing: { ...thread, room: 'C0NOWHERE' },
    shown: () => shownTo(emulator, alice.id, room.id),
    messages: () => emulator.messages(room.id).length,
    async command(text) {
      await emulator.slash({ user: alice.id, channel: room.id, text });
    },
    async press(message, button, answers) {
      const posted = emulator.messages(room.id).find(({ ts }) => ts === message.messageId);
      const actionId = actionIds(posted?.blocks)[button - 1];
      if (actionId === undefined) throw new Error(`there is no button ${button}`);
      await emulator.press({ user: alice.id, channel: room.id, ts: message.messageId, actionId });
      if (answers.length === 0) return;
      const view = await vi.waitUntil(() => emulator.views(alice.id).at(-1));
      const inputs = view.blocks.filter(({ type }) => type === 'input').map((block) => block['block_id']);
      const values = inputs.map((id, index): [string, string] => [String(id), answers[index] ?? '']);
      await emulator.submit({ user: alice.id, viewId: view.id, values: Object.fromEntries(values) });
    },
    async disconnect() {
      emulator.online(false);
    },
    async dispose() {
      await channel.stop();
      await emulator.close();
      expect(emulator.violations).toEqual([]);
    },
  };
}

/** Texts of messages, of what only she sees, of her windows, and names of files. */
function shownTo(emulator: SlackEmulator, user: string, room: string): string {
  const messages = emulator.messages(room).map(({ text, blocks }) => ({ text, blocks }));
  const own = emulator.ephemerals(user).map(({ text, blocks }) => ({ text, blocks }));
  const windows = emulator.views(user).map(({ title, blocks }) => ({ title, blocks }));
  const files = emulator.files(room).map(({ name }) => ({ text: name }));
  return textsIn([messages, own, windows, files]).join('\n');
}

function textsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(textsIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === 'text' && typeof inner === 'string' ? [inner] : textsIn(inner),
  );
}

/** Of the buttons in the order they are shown. */
function actionIds(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(actionIds);
  if (typeof value !== 'object' || value === null) return [];
  if ('type' in value && value.type === 'button' && 'action_id' in value) return [String(value.action_id)];
  return Object.values(value).flatMap(actionIds);
}

describeChannel('slack', makeHarness);
