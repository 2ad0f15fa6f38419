import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCommandRegistry } from '../../../src/commands/registry.ts';
import { AppError } from '../../../src/errors.ts';

const registry = createCommandRegistry({ images: { list: async () => [] } });
const BOX = { id: 'abcdefghijklmnopqrstuvwxyz', name: 'box' };

function parsed(text: string) {
  const { command, raw } = registry.parse(text);
  return [command.name, raw];
}

function mentioned(text: string, threadAgent: typeof BOX | null = BOX) {
  const { command, raw } = registry.parse(text, { via: 'mention', threadAgent });
  return [command.name, raw];
}

function refusal(work: () => unknown): { code: string; message: string; hint: string } {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) {
      return { code: error.code, message: error.message, hint: error.hint ?? '' };
    }
    throw error;
  }
  throw new Error('was not refused');
}

describe('the grammar of commands', () => {
  it.each([
    ['list', 'list', {}],
    ['  list   --all ', 'list', { all: true }],
    ['LIST', 'list', {}],
    ['create', 'create', {}],
    ['create box --memory 1g --network', 'create', { name: 'box', memory: '1g', network: true }],
    ['create --memory=1g box', 'create', { name: 'box', memory: '1g' }],
    ['stop --force box', 'stop', { agent: 'box', force: true }],
    ['extend box 8h', 'extend', { agent: 'box', duration: '8h' }],
    ['deny k3x9 not on  a Friday ', 'deny', { id: 'k3x9', reason: 'not on  a Friday ' }],
    ['approve k3x9 --hash 1a2b looks ok', 'approve', { id: 'k3x9', hash: '1a2b', note: 'looks ok' }],
    ['', 'menu', {}],
  ])('reads %j', (text, command, raw) => {
    expect(parsed(text)).toEqual([command, raw]);
  });

  it.each([
    ['exec box -- ls -la', 'ls -la'],
    ['exec box ls -la', 'ls -la'],
    ['exec box ls --all', 'ls --all'],
    [`exec box -- echo "a  b" 'c   d'`, `echo "a  b" 'c   d'`],
    ['exec box -- -- ls', '-- ls'],
    ['exec box git checkout -- file', 'git checkout -- file'],
    ['exec box -- echo a\n  echo b\t', 'echo a\n  echo b\t'],
    ['exec box -- echo trailing\\ ', 'echo trailing\\ '],
  ])('passes the command line of %j on as typed', (text, command) => {
    expect(parsed(text)).toEqual(['exec', { agent: 'box', command }]);
  });

  it('takes options of exec before the command line only', () => {
    expect(parsed('exec box --timeout 5m make --timeout 1s')).toEqual([
      'exec',
      { agent: 'box', timeout: '5m', command: 'make --timeout 1s' },
    ]);
  });

  it.each([
    ['exec', 'INVALID_INPUT', 'exec needs <agent>'],
    ['exec box', 'INVALID_INPUT', 'exec needs <command>'],
    ['exec box --', 'INVALID_INPUT', 'exec needs <command>'],
    ['deny k3x9', 'INVALID_INPUT', 'deny needs <reason>'],
    ['pause', 'INVALID_INPUT', 'pause needs <agent>'],
    ['pause box now', 'INVALID_INPUT', 'pause does not take "now"'],
    ['create --memory', 'INVALID_INPUT', '--memory needs a value such as 512m'],
    ['create --memory --network', 'INVALID_INPUT', '--memory needs a value such as 512m'],
    ['create --cpu 1 --cpu 2', 'INVALID_INPUT', '--cpu is given twice'],
    ['list --all=yes', 'INVALID_INPUT', '--all takes no value'],
    ['list \u001b[31m', 'INVALID_INPUT', 'list does not take "\\x1b[31m"'],
  ])('refuses %j with %s', (text, code, message) => {
    expect(refusal(() => parsed(text))).toMatchObject({ code, message });
  });

  it('names the usage line and an example when a word is missing', () => {
    expect(refusal(() => parsed('exec box')).hint).toBe(
      'usage: /agent exec <agent> [--timeout 30s] -- <command…> — for example /agent exec box -- ls -la',
    );
  });

  it.each([
    ['lst', 'did you mean /agent list?'],
    ['stpo', 'did you mean /agent stop?'],
    ['stat', 'did you mean /agent status?'],
    ['zzzzzz', '/agent help lists them'],
  ])('suggests a command for %j', (text, hint) => {
    expect(refusal(() => parsed(text))).toMatchObject({ code: 'UNKNOWN_COMMAND', hint });
  });

  it('suggests an option, and the two dashes where a command line may follow', () => {
    expect(refusal(() => parsed('create --memroy 1g'))).toMatchObject({
      code: 'UNKNOWN_OPTION',
      message: 'create has no option "--memroy"',
      hint: expect.stringContaining('did you mean --memory?'),
    });
    expect(refusal(() => parsed('exec box --color ls')).hint).toContain('put -- before the command line');
  });
});

describe('a mention in the thread of an agent', () => {
  it.each([
    ['status', 'status', { agent: BOX.id }],
    ['stop --force', 'stop', { agent: BOX.id, force: true }],
    ['extend 8h', 'extend', { agent: BOX.id, duration: '8h' }],
    ['stop other', 'stop', { agent: 'other' }],
    ['list', 'list', {}],
    ['exec ls -la', 'exec', { agent: BOX.id, command: 'ls -la' }],
    ['exec box ls -la', 'exec', { agent: 'box', command: 'ls -la' }],
    ['exec --timeout 5s -- make', 'exec', { agent: BOX.id, timeout: '5s', command: 'make' }],
    ['ls -la "a  b"', 'exec', { agent: BOX.id, command: 'ls -la "a  b"' }],
    ['-- stop', 'exec', { agent: BOX.id, command: 'stop' }],
    ['--timeout 5s make', 'exec', { agent: BOX.id, timeout: '5s', command: 'make' }],
  ])('reads %j', (text, command, raw) => {
    expect(mentioned(text)).toEqual([command, raw]);
  });

  it('never sends the first word of a command line to another agent', () => {
    expect(mentioned('exec other ls')).toEqual(['exec', { agent: BOX.id, command: 'other ls' }]);
  });

  it('says outside such a thread that a command line has nowhere to run', () => {
    expect(refusal(() => mentioned('ls -la', null))).toMatchObject({
      code: 'UNKNOWN_COMMAND',
      message: expect.stringContaining('belongs to no agent'),
    });
    expect(mentioned('list', null)).toEqual(['list', {}]);
  });
});

describe('hostile text', () => {
  const text = fc.string({ unit: 'binary', maxLength: 200 });

  it('reaches the command line of an agent to the last character', () => {
    fc.assert(
      fc.property(text, (line) => {
        fc.pre(line.trim() !== '');
        expect(parsed(`exec box -- ${line}`)).toEqual(['exec', { agent: 'box', command: line.trimStart() }]);
      }),
    );
  });

  it('reaches it without the two dashes too, unless it begins with an option', () => {
    fc.assert(
      fc.property(text, (line) => {
        fc.pre(line.trim() !== '' && !line.trimStart().startsWith('--'));
        expect(parsed(`exec box ${line}`)).toEqual(['exec', { agent: 'box', command: line.trimStart() }]);
      }),
    );
  });

  it('is parsed or refused with a code and a printable message, after every command and alone', () => {
    const command = fc.constantFrom('', ...registry.commands.map(({ name }) => `${name} `));
    fc.assert(
      fc.property(command, text, fc.boolean(), (name, rest, mention) => {
        try {
          registry.parse(name + rest, mention ? { via: 'mention', threadAgent: BOX } : undefined);
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
          const { message, hint } = error as AppError;
          // oxlint-disable-next-line no-control-regex -- looking for them is the point
          expect(message + (hint ?? '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
        }
      }),
      { numRuns: 500 },
    );
  });
});
