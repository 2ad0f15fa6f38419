import { PassThrough } from 'node:stream';
import { setImmediate as immediate } from 'node:timers/promises';
import { TERMINAL_THREAD } from '../../channels/terminal/session.ts';
import { createTerminalChannel } from '../../channels/terminal/terminal-channel.ts';
import { silentLogger } from '../../src/lib/logger.ts';
import { createTerminalScreen } from '../emulators/terminal-screen.ts';
import { createManualClock } from '../fakes/manual-clock.ts';
import { describeChannel, type ChannelHarness } from './channel.ts';

async function makeHarness(): Promise<ChannelHarness> {
  const input = new PassThrough();
  const screen = createTerminalScreen(80);
  const channel = createTerminalChannel({
    input,
    output: screen.output,
    isTty: false,
    env: {},
    personas: true,
    historyPath: null,
    onExit: () => {},
    farewell: async () => null,
    clock: createManualClock(),
    log: silentLogger,
  });
  const type = async (line: string) => {
    input.write(`${line}\n`);
    // The line travels through the stream, the line reader and the session.
    await immediate();
  };
  return {
    channel,
    thread: TERMINAL_THREAD,
    missing: { ...TERMINAL_THREAD, room: 'elsewhere' },
    shown: () => screen.raw(),
    // A card begins with its title; a change of one is `box: RUNNING`.
    messages: () => screen.lines().filter((line) => /^(#\d+ )?box( \[.*\])?$/.test(line)).length,
    command: (text) => type(`/agent ${text}`),
    async press(message, button, answers) {
      const number = message.messageId.split('.').at(-1);
      for (const line of [`#${number} ${button}`, ...answers]) await type(line);
    },
    async disconnect() {
      screen.output.destroy();
    },
    dispose: () => channel.stop(),
  };
}

describeChannel('terminal', makeHarness);
