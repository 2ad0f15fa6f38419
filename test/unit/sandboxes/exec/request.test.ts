import { expect, test } from 'vitest';
import { commandProcess } from '../../../../src/sandboxes/exec/request.ts';
import type { ExecRequest } from '../../../../src/sandboxes/sandbox.ts';

const identity = { name: 'calm-otter', environment: { REGION: 'eu', PATH: '/opt/bin' } };
const request = (more: Partial<ExecRequest> = {}): ExecRequest => ({
  execId: 'a123456789012345',
  command: { shell: 'echo "$HOME"' },
  timeoutMs: 1000,
  ...more,
});

test('a line goes to the shell as typed, as the commands’ user without any capability', () => {
  const made = commandProcess(request(), identity);
  expect(made).toMatchObject({
    args: ['/bin/sh', '-c', 'echo "$HOME"'],
    cwd: '/workspace',
    user: { uid: 65534, gid: 65534 },
  });
  expect(made.capabilities).toBeUndefined();
});

test('the environment is explicit: ours, then the identity’s, then the request’s, and the name last', () => {
  const { env } = commandProcess(request({ env: { REGION: 'us', AIRLOCK_AGENT: 'forged' } }), identity);
  expect(env.toSorted()).toEqual([
    'AIRLOCK_AGENT=calm-otter',
    'HOME=/workspace',
    'PATH=/opt/bin',
    'REGION=us',
  ]);
});

test.each([
  ['an empty argv', { command: { argv: [] } }],
  ['a NUL in an argument', { command: { argv: ['echo', 'a\0b'] } }],
  ['a NUL in the environment', { env: { A: '\0' } }],
  ['a relative directory', { cwd: 'tmp' }],
  ['the user of the init', { user: { uid: 65533, gid: 65533 } }],
  ['no time', { timeoutMs: 0 }],
  ['a strange id', { execId: '../../etc' }],
] satisfies [string, Partial<ExecRequest>][])('refuses %s', (_name, more) => {
  expect(() => commandProcess(request(more), identity)).toThrow(
    expect.objectContaining({ code: 'INVALID_INPUT' }),
  );
});
