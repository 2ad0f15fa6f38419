import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createRecordingInbox } from '../../../fakes/recording-inbox.ts';
import { approvalCard, makeButton, makeCard } from '../../../fixtures/cards.ts';
import { openTerminal, type TestTerminalOptions } from '../../../fixtures/terminal.ts';

const CTRL_C = '\x03';
const CTRL_D = '\x04';
const FIRST = { maybePosted: false };

async function openRepl(options: TestTerminalOptions = {}) {
  const inbox = createRecordingInbox({
    choices: [
      { value: 'status', label: 'shows an agent' },
      { value: 'stop', label: 'stops an agent' },
    ],
  });
  const terminal = await openTerminal({ isTty: true, inbox, ...options });
  onTestFinished(() => terminal.channel.stop());
  return { ...terminal, inbox };
}

const running = makeCard({
  kind: 'action',
  title: 'exec box',
  state: { label: 'running', tone: 'progress' },
  buttons: [makeButton({ id: 'cancel', label: 'Cancel', subject: 'action1' })],
});

describe('the REPL', () => {
  test('keeps the line that is being typed below what is printed', async () => {
    const terminal = await openRepl();

    await terminal.type('/agent sta');
    await terminal.channel.post(terminal.thread, makeCard({ title: 'news' }), 'key', FIRST);
    await terminal.type('tus box');

    expect(terminal.screen.lines().at(-1)).toBe('airlock> /agent status box');
    expect(terminal.screen.text()).toContain('#1 news');
  });

  test('keeps a typed line of several rows together', async () => {
    const terminal = await openRepl({ columns: 30 });
    const long = `exec box -- ${'x'.repeat(60)}`;

    await terminal.type(long);
    await terminal.channel.post(terminal.thread, makeCard({ title: 'news' }), 'key', FIRST);

    const lines = terminal.screen.lines();
    expect(lines.slice(-3).join('')).toBe(`airlock> ${long}`);
    expect(lines.filter((line) => line.includes('airlock>'))).toHaveLength(1);
  });

  test('turns a spinner while something is under way, and stops it after', async () => {
    const terminal = await openRepl();
    const message = await terminal.channel.post(terminal.thread, running, 'key', FIRST);

    const frames = new Set<string>();
    for (let turn = 0; turn < 3; turn += 1) {
      terminal.clock.advance(100);
      frames.add(terminal.screen.lines().at(-1) ?? '');
    }
    await terminal.channel.update(message, { ...running, state: { label: 'done', tone: 'success' } });

    expect(frames.size).toBe(3);
    expect(terminal.screen.lines().at(-1)).toBe('airlock>');
    expect(terminal.clock.armed).toBe(0);
  });

  test('completes commands through the inbox', async () => {
    const terminal = await openRepl();

    await terminal.type('/agent stat\t');

    expect(terminal.inbox.completions).toMatchObject([{ text: 'stat', principal: 'terminal:local' }]);
    expect(terminal.screen.lines().at(-1)).toBe('airlock> /agent status');
  });

  test('completes its own words without asking anybody', async () => {
    const terminal = await openRepl();

    await terminal.type('/ag\t');

    expect(terminal.inbox.completions).toEqual([]);
    expect(terminal.screen.lines().at(-1)).toBe('airlock> /agent');
  });

  test('asks the form of a button in place of the prompt', async () => {
    const terminal = await openRepl();
    await terminal.channel.post(terminal.thread, approvalCard(), 'key', FIRST);

    await terminal.type('2\r');
    expect(terminal.screen.lines().at(-1)).toBe('Reason:');
    await terminal.type('too risky\r');

    expect(terminal.inbox.requests).toMatchObject([
      { type: 'form', request: { button: 'deny', values: { reason: 'too risky' } } },
    ]);
    expect(terminal.screen.lines().at(-1)).toBe('airlock>');
  });

  test('Ctrl-C leaves a form without sending anything', async () => {
    const terminal = await openRepl();
    await terminal.channel.post(terminal.thread, approvalCard(), 'key', FIRST);

    await terminal.type('2\r');
    await terminal.type(`half a rea${CTRL_C}`);

    expect(terminal.inbox.requests).toEqual([]);
    expect(terminal.screen.text()).toContain('cancelled, nothing was sent');
    expect(terminal.screen.lines().at(-1)).toBe('airlock>');
  });

  test('Ctrl-C clears the line, then cancels what runs, then ends', async () => {
    const terminal = await openRepl();
    await terminal.channel.post(terminal.thread, running, 'key', FIRST);

    await terminal.type(`half${CTRL_C}`);
    expect(terminal.inbox.requests).toEqual([]);
    await terminal.type(CTRL_C);
    expect(terminal.inbox.requests).toMatchObject([
      { type: 'button', request: { button: 'cancel', subject: 'action1' } },
    ]);
    await terminal.type(CTRL_C);

    expect(await terminal.exited).toBe(0);
  });

  test('Ctrl-C with nothing running ends only when it is pressed again', async () => {
    const terminal = await openRepl();

    await terminal.type(CTRL_C);
    expect(terminal.screen.text()).toContain('Ctrl-C again');
    await terminal.type(CTRL_C);

    expect(await terminal.exited).toBe(0);
  });

  test('Ctrl-D ends', async () => {
    const terminal = await openRepl();

    await terminal.type(CTRL_D);

    expect(await terminal.exited).toBe(0);
  });

  test('shows the persona in the prompt', async () => {
    const terminal = await openRepl();

    await terminal.type('/as alice approver\r');

    expect(terminal.screen.lines().at(-1)).toBe('airlock (alice: approver)>');
  });

  test('drops a pasted line that is too long', async () => {
    const terminal = await openRepl();

    await terminal.type('x'.repeat(140_000));

    expect(terminal.inbox.requests).toEqual([]);
    expect(terminal.screen.text()).toContain('is longer than 131072 bytes and was dropped');
  });

  test('keeps its history for the owner only, without answers to forms, and offers it next time', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'airlock-history-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const historyPath = join(directory, 'terminal-history');
    const first = await openRepl({ historyPath });
    await first.channel.post(first.thread, approvalCard(), 'key', FIRST);

    await first.type('/agent list\r');
    await first.type('#1 1\r');
    await first.type('abab-abab-abab\r');
    await first.channel.stop();
    const second = await openRepl({ historyPath });
    await second.type('\x1b[A\x1b[A');

    expect(await readFile(historyPath, 'utf8')).toBe('/agent list\n#1 1\n');
    expect((await stat(historyPath)).mode & 0o777).toBe(0o600);
    expect(second.screen.lines().at(-1)).toBe('airlock> /agent list');
  });
});
