import { describe, expect, test } from 'vitest';
import type { Card } from '../../../../src/conversation/card.ts';
import { AppError } from '../../../../src/errors.ts';
import { createRecordingInbox, type RecordedRequest } from '../../../fakes/recording-inbox.ts';
import { approvalCard, makeButton, makeCard } from '../../../fixtures/cards.ts';
import { openTerminal, runPiped } from '../../../fixtures/terminal.ts';

const OK = { ok: true, waiting: false, actionId: null };

function textOf(recorded: RecordedRequest): string {
  return recorded.type === 'command' ? recorded.request.text : `${recorded.type} ${recorded.request.button}`;
}

describe('piped input', () => {
  test('runs line after line and waits for each to settle', async () => {
    const log: string[] = [];
    const inbox = createRecordingInbox({
      async answer(recorded) {
        log.push(`begin ${textOf(recorded)}`);
        await Promise.resolve();
        log.push(`end ${textOf(recorded)}`);
        return OK;
      },
    });

    const { code } = await runPiped('/agent create box\nexec box -- ls\n', inbox);

    expect(log).toEqual(['begin create box', 'end create box', 'begin exec box -- ls', 'end exec box -- ls']);
    expect(code).toBe(0);
  });

  test('skips blank lines and comments', async () => {
    const inbox = createRecordingInbox();

    const { code, output } = await runPiped('\n# first\n   \n#\n/agent list\n', inbox);

    expect(inbox.requests.map(textOf)).toEqual(['list']);
    expect(output).toBe('');
    expect(code).toBe(0);
  });

  test('ends with 1 when any line failed, and goes on after it', async () => {
    const inbox = createRecordingInbox({
      answer: async (recorded) => ({ ...OK, ok: textOf(recorded) !== 'exec box -- false' }),
    });

    const { code } = await runPiped('exec box -- false\nexec box -- true\n', inbox);

    expect(code).toBe(1);
    expect(inbox.requests).toHaveLength(2);
  });

  test('waiting for an approval is not a failure', async () => {
    const inbox = createRecordingInbox({ answer: async () => ({ ok: true, waiting: true, actionId: 'a1' }) });

    expect(await runPiped('create box --network\n', inbox)).toMatchObject({ code: 0 });
  });

  test('an error of the inbox is one line with what to do, and the next line goes on', async () => {
    const inbox = createRecordingInbox({
      async answer(recorded) {
        if (textOf(recorded) === 'list') return OK;
        throw new AppError('RATE_LIMITED', 'too many requests\nin a minute', { hint: 'try again in 20 s' });
      },
    });

    const { code, output } = await runPiped('status\nlist\n', inbox);

    expect(output).toBe('error: too many requests\\nin a minute - try again in 20 s\n');
    expect(inbox.requests).toHaveLength(2);
    expect(code).toBe(1);
  });

  test('bad bytes, NUL and a megabyte are one error line each', async () => {
    const inbox = createRecordingInbox();
    const input = Buffer.concat([
      Buffer.from([0xc3, 0x28, 0x0a]),
      Buffer.from('a\0b\n'),
      Buffer.alloc(1024 * 1024, 'x'),
      Buffer.from('\n/agent list\n'),
    ]);

    const { code, output } = await runPiped(input, inbox);

    expect(output.split('\n')).toEqual([
      expect.stringMatching(/^error: the line is not valid UTF-8/),
      expect.stringMatching(/^error: the line has a NUL byte/),
      expect.stringMatching(/^error: the line has 1048576 bytes and was not run; at most 131072 are allowed/),
      '',
    ]);
    expect(inbox.requests.map(textOf)).toEqual(['list']);
    expect(code).toBe(1);
  });

  test('what a command prints stands on lines of its own, as it was printed', async () => {
    const terminal = await openTerminal();
    const card = makeCard({
      kind: 'action',
      title: 'exec box',
      output: {
        text: 'hello from Linux 65534\n  two spaces\n',
        totalBytes: 36,
        fromByte: 0,
        truncated: false,
        live: false,
      },
    });

    await terminal.channel.post(terminal.thread, card, 'key', { maybePosted: false });

    expect(terminal.screen.raw().split('\n')).toEqual([
      'exec box',
      'hello from Linux 65534',
      '  two spaces',
      '',
    ]);
  });

  test('a command that needs no approval is one line before its output and one after it', async () => {
    const terminal = await openTerminal();
    const card = makeCard({
      kind: 'action',
      title: 'exec box',
      state: { label: 'approved, about to run', tone: 'progress' },
      code: { label: 'Command', text: 'echo hi' },
    });
    const ended: Card = {
      ...card,
      state: { label: 'done, exit code 0', tone: 'success' },
      fields: [{ label: 'Duration', value: '9 ms' }],
      output: { text: 'hi\n', totalBytes: 3, fromByte: 0, truncated: false, live: false },
    };

    const watched = await terminal.channel.post(terminal.thread, card, 'key-1', { maybePosted: false });
    await terminal.channel.update(watched, { ...card, state: { label: 'running', tone: 'progress' } });
    await terminal.channel.update(watched, ended);
    await terminal.channel.post(terminal.thread, ended, 'key-2', { maybePosted: false });

    const told = 'exec box: echo hi\nhi\nexec box: done, exit code 0 (Duration: 9 ms)\n';
    expect(terminal.screen.raw()).toBe(told + told);
  });

  test('what becomes of the agents is said before the end', async () => {
    const terminal = await openTerminal({ farewell: async () => 'stopping 2 agents (box, web)' });

    expect(await terminal.end()).toBe(0);
    expect(terminal.screen.raw()).toBe('stopping 2 agents (box, web)\n');
  });

  test('every status is printed exactly once, also when edits were coalesced', async () => {
    const terminal = await openTerminal();
    const labels = ['PENDING', 'CREATING', 'RUNNING', 'STOPPING', 'STOPPED'];
    const after = (count: number): Card =>
      makeCard({
        state: { label: labels[count - 1] ?? '', tone: 'neutral' },
        timeline: labels.slice(0, count).map((label, at) => ({ at, label })),
      });

    const message = await terminal.channel.post(terminal.thread, after(1), 'key', { maybePosted: false });
    await terminal.channel.update(message, after(3));
    await terminal.channel.update(message, after(3));
    await terminal.channel.update(message, after(5));

    expect(terminal.screen.raw()).toBe(`box\n${labels.map((label) => `box: ${label}\n`).join('')}`);
  });

  test('a message of an earlier session shows only what happened since', async () => {
    const terminal = await openTerminal();
    const message = { thread: terminal.thread, messageId: 'earlier.1' };
    const now = terminal.clock.now();
    const card = makeCard({
      timeline: [
        { at: now - 1000, label: 'RUNNING' },
        { at: now + 1, label: 'STOPPING' },
      ],
    });

    await terminal.channel.update(message, card);
    await terminal.channel.update(message, {
      ...card,
      timeline: [...card.timeline, { at: now + 2, label: 'STOPPED' }],
    });

    expect(terminal.screen.raw()).toBe('box\nbox: STOPPING\nbox: STOPPED\n');
  });

  test('a button with a form takes its answers from the next lines', async () => {
    const inbox = createRecordingInbox();
    const terminal = await openTerminal({ inbox });
    await terminal.channel.post(terminal.thread, approvalCard(), 'key', { maybePosted: false });

    await terminal.type('1\nabab-abab-abab\n#1 2\nnot on a Friday\n');
    await terminal.end();

    expect(inbox.requests).toMatchObject([
      { type: 'form', request: { button: 'approve', values: { hash: 'abab-abab-abab' } } },
      { type: 'form', request: { button: 'deny', values: { reason: 'not on a Friday' } } },
    ]);
  });

  test('a form that the input does not answer is an error and sends nothing', async () => {
    const inbox = createRecordingInbox();
    const terminal = await openTerminal({ inbox });
    await terminal.channel.post(terminal.thread, approvalCard(), 'key', { maybePosted: false });

    await terminal.type('#1 2\n');
    const code = await terminal.end();

    expect(code).toBe(1);
    expect(inbox.requests).toEqual([]);
    expect(terminal.screen.raw()).toContain('error: Deny exec in box: cancelled, nothing was sent');
  });

  test.each([
    ['7', 'there is no card with buttons yet'],
    ['#9 1', 'there is no card #9'],
    ['/agnet list', 'unknown command /agnet'],
    ['/as alice king', '"king" is not a role'],
  ])('%j is refused in one line', async (line, message) => {
    const inbox = createRecordingInbox();

    const { code, output } = await runPiped(`${line}\n`, inbox);

    expect(output).toContain(`error: ${message}`);
    expect(output.trimEnd().split('\n')).toHaveLength(1);
    expect(code).toBe(1);
  });

  test('a bare number does not decide while several cards wait', async () => {
    const inbox = createRecordingInbox();
    const terminal = await openTerminal({ inbox });
    await terminal.channel.post(terminal.thread, approvalCard(), 'key-1', { maybePosted: false });
    await terminal.channel.post(terminal.thread, approvalCard(), 'key-2', { maybePosted: false });

    await terminal.type('3\n');
    const code = await terminal.end();

    expect(code).toBe(1);
    expect(inbox.requests).toEqual([]);
    expect(terminal.screen.raw()).toContain('2 cards wait for a decision: #1, #2');
  });

  test('a button that the card no longer offers is refused', async () => {
    const inbox = createRecordingInbox();
    const terminal = await openTerminal({ inbox });
    const card = makeCard({ state: { label: 'PENDING', tone: 'waiting' }, buttons: [makeButton()] });
    const message = await terminal.channel.post(terminal.thread, card, 'key', { maybePosted: false });
    await terminal.channel.update(message, {
      ...card,
      state: { label: 'STOPPED', tone: 'neutral' },
      buttons: [],
    });

    await terminal.type('#1 1\n');
    await terminal.end();

    expect(inbox.requests).toEqual([]);
    expect(terminal.screen.raw()).toContain('card #1 no longer offers Stop: it is STOPPED now');
  });

  test('/as switches who asks until it is ended', async () => {
    const inbox = createRecordingInbox();

    await runPiped('/as alice approver\nlist\n/as\nlist\n', inbox);

    expect(inbox.requests.map(({ request }) => request.persona)).toEqual([
      { id: 'alice', role: 'approver' },
      undefined,
    ]);
  });

  test('/as is refused beside another channel', async () => {
    const terminal = await openTerminal({ personas: false });

    await terminal.type('/as alice\n');
    const code = await terminal.end();

    expect(code).toBe(1);
    expect(terminal.screen.raw()).toContain('/as works only while the terminal is the only channel');
  });

  test('/exit ends at once and leaves the rest of the input', async () => {
    const inbox = createRecordingInbox();

    const { code } = await runPiped('/exit\nlist\n', inbox);

    expect(code).toBe(0);
    expect(inbox.requests).toEqual([]);
  });

  test('ends when nobody reads the output any more', async () => {
    const terminal = await openTerminal();

    terminal.screen.output.destroy(Object.assign(new Error('EPIPE'), { code: 'EPIPE' }));

    expect(await terminal.exited).toBe(1);
  });
});

describe('an answer on a pipe', () => {
  test('tells the statuses in one line, so that it is not taken for news', async () => {
    const inbox = createRecordingInbox({
      async answer(_, reply) {
        const timeline = [
          { at: 1, label: 'CREATING' },
          { at: 2, label: 'RUNNING' },
        ];
        await reply.private(
          makeCard({
            state: { label: 'RUNNING', tone: 'success' },
            fields: [{ label: 'Id', value: 'x1' }],
            timeline,
            buttons: [makeButton()],
          }),
        );
        return OK;
      },
    });

    const { output } = await runPiped('status box\n', inbox);

    expect(output).toBe('box [RUNNING]\n  Id: x1\n  CREATING → RUNNING\n');
  });
});
