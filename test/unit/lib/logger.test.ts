import { expect, test } from 'vitest';
import { AppError } from '../../../src/errors.ts';
import { createLogger, silentLogger } from '../../../src/lib/logger.ts';
import { createRedactor } from '../../../src/lib/redact.ts';

function capture(level?: string) {
  const lines: string[] = [];
  const redactor = createRedactor(['xoxb-secret-token', 'with"quote\\s']);
  const write = (line: string) => void lines.push(line);
  const log = createLogger({ redactor, write, ...(level === undefined ? {} : { level }) });
  return { log, lines, entries: () => lines.map((line) => JSON.parse(line)) };
}

test('writes JSON lines with a static text and its facts', () => {
  const { log, lines, entries } = capture();
  log.info({ agentId: 'a' }, 'agent created');
  expect(entries()).toMatchObject([{ msg: 'agent created', agentId: 'a', level: 30 }]);
  expect(lines[0]?.endsWith('\n')).toBe(true);
});

test('takes registered secrets out of texts, facts, nested facts and children', () => {
  const { log, lines } = capture();
  log.warn(
    { url: 'x?token=xoxb-secret-token', nested: { list: ['with"quote\\s'] } },
    'used xoxb-secret-token',
  );
  log.child({ token: 'xoxb-secret-token' }).error('again');
  expect(lines).toHaveLength(2);
  expect(lines.join('')).not.toContain('secret-token');
  expect(lines.join('')).not.toContain('quote');
  expect(() => lines.map((line) => JSON.parse(line))).not.toThrow();
});

test('writes an error with its message, stack, code, context and cause, scrubbed', () => {
  const { log, lines, entries } = capture();
  const cause = new Error('socket closed by xoxb-secret-token');
  const error = new AppError('DISK_FULL', 'cannot write', {
    hint: 'free space',
    context: { path: '/x' },
    cause,
  });
  log.error({ error }, 'a write failed');
  const [entry] = entries();
  expect(entry.error).toMatchObject({ code: 'DISK_FULL', hint: 'free space', context: { path: '/x' } });
  expect(entry.error.message).toContain('cannot write');
  expect(entry.error.message).toContain('socket closed');
  expect(entry.error.stack).toContain('logger.test.ts');
  expect(lines.join('')).not.toContain('secret-token');
});

test('writes info and above by default, debug when asked, nothing when silent', () => {
  const byDefault = capture();
  byDefault.log.debug('hidden');
  byDefault.log.info('shown');
  const debug = capture('debug');
  debug.log.debug('shown');
  const silent = capture('silent');
  silent.log.error('hidden');
  expect([byDefault.lines.length, debug.lines.length, silent.lines.length]).toEqual([1, 1, 0]);
  expect(silentLogger.child({ a: 1 })).toBeDefined();
});
