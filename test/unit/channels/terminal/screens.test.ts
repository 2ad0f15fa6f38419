import { describe, expect, test } from 'vitest';
import { textWidth } from '../../../../channels/terminal/text-width.ts';
import type { Channel } from '../../../../src/conversation/channel.ts';
import { approvalCard, makeButton, makeCard } from '../../../fixtures/cards.ts';
import { openTerminal, type TestTerminalOptions } from '../../../fixtures/terminal.ts';
import { TERMINAL_THREAD } from '../../../../channels/terminal/session.ts';

/** An agent from its creation to its end, an approval, a list: what a session shows. */
async function playSession(channel: Channel): Promise<void> {
  const post = (card: Parameters<Channel['post']>[1], key: string) =>
    channel.post(TERMINAL_THREAD, card, key, { maybePosted: false });
  const agent = makeCard({
    title: 'Agent box',
    state: { label: 'PENDING', tone: 'waiting' },
    fields: [
      { label: 'Image', value: 'busybox' },
      { label: 'Limits', value: '1 CPU · 512 MiB memory · 1 GiB disk · 50 processes' },
    ],
    timeline: [{ at: 1, label: 'PENDING' }],
  });
  const message = await post(agent, 'agent');
  await channel.update(message, {
    ...agent,
    state: { label: 'RUNNING', tone: 'success' },
    timeline: [...agent.timeline, { at: 2, label: 'CREATING' }, { at: 3, label: 'RUNNING' }],
    warnings: ['the disk limit is not in force, as the operator allowed'],
    buttons: [makeButton({ id: 'run', label: 'Run…' }), makeButton({ label: 'Stop' })],
  });
  await post(approvalCard({ timeline: [{ at: 4, label: 'PENDING: asked' }] }), 'approval');
  const command = makeCard({
    kind: 'action',
    title: 'exec box',
    state: { label: 'running', tone: 'progress' },
    code: { label: 'Command', text: 'printf "日本語 😀"; sleep 1\tx' },
    output: { text: 'first line\n日本語', totalBytes: 20, fromByte: 0, truncated: false, live: true },
  });
  const run = await post(command, 'exec');
  await channel.update(run, {
    ...command,
    state: { label: 'done, exit code 0', tone: 'success' },
    fields: [{ label: 'Duration', value: '20 ms' }],
    output: {
      text: 'first line\n日本語 and a long line that goes on and on, further than eighty columns, to be wrapped',
      totalBytes: 106,
      fromByte: 0,
      truncated: false,
      live: false,
    },
  });
  await post(
    makeCard({
      kind: 'list',
      title: 'Agents',
      table: [
        ['Name', 'Status', 'Owner', 'Image'],
        ['box', 'RUNNING', 'terminal:local', 'busybox'],
        ['日本', 'PAUSED', 'slack:T1:U2', 'debian'],
      ],
    }),
    'list',
  );
}

async function screenOf(options: TestTerminalOptions) {
  const terminal = await openTerminal(options);
  await playSession(terminal.channel);
  await terminal.channel.stop();
  return terminal.screen;
}

describe('what a session looks like', () => {
  test.each([
    ['tty-80', { isTty: true, columns: 80 }],
    ['tty-40', { isTty: true, columns: 40 }],
    ['tty-20', { isTty: true, columns: 20 }],
    ['tty-ascii', { isTty: true, columns: 60, env: { LC_ALL: 'C' } }],
    ['plain', { isTty: false }],
  ] as const)('%s', async (name, options) => {
    const screen = await screenOf(options);

    const shown = name === 'plain' ? screen.raw() : `${screen.text()}\n`;
    await expect(shown).toMatchFileSnapshot(`golden/${name}.txt`);
  });

  test('boxes are straight at every width, wide characters included', async () => {
    for (let columns = 24; columns <= 120; columns += 7) {
      const screen = await screenOf({ isTty: true, columns });
      const frames = screen.lines().filter((line) => /^[╭│╰]/.test(line));

      expect(frames.length).toBeGreaterThan(10);
      for (const line of frames) {
        expect(line).toMatch(/[╮│╯]$/);
        expect(textWidth(line)).toBe(Math.min(columns, 100));
      }
    }
  });

  test('a terminal gets colour, and none with NO_COLOR', async () => {
    const coloured = await screenOf({ isTty: true });
    const sober = await screenOf({ isTty: true, env: { NO_COLOR: '1' } });

    // oxlint-disable-next-line no-control-regex -- the sequences are the subject
    const colours = /\x1b\[\d+m/;
    expect(coloured.raw()).toMatch(colours);
    expect(sober.raw()).not.toMatch(colours);
    expect(sober.text()).toBe(coloured.text());
  });

  test('a pipe gets no control sequence at all', async () => {
    const screen = await screenOf({ isTty: false });

    // oxlint-disable-next-line no-control-regex -- the characters are the subject
    expect(screen.raw()).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
  });
});
