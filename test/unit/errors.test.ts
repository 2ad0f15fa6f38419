import { expect, test } from 'vitest';
import { AppError, toAppError } from '../../src/errors.ts';

test('an error carries its code, the kind of its code, a hint, context and cause', () => {
  const cause = new Error('below');
  const error = new AppError('DISK_FULL', 'cannot write', {
    hint: 'free space',
    context: { path: '/x' },
    cause,
  });
  expect(error).toMatchObject({
    name: 'AppError',
    code: 'DISK_FULL',
    kind: 'host',
    hint: 'free space',
    cause,
  });
  expect(error.context).toEqual({ path: '/x' });
  expect(new AppError('INVALID_INPUT', 'x')).toMatchObject({ kind: 'input', hint: undefined, context: {} });
  expect('cause' in new AppError('INVALID_INPUT', 'x')).toBe(false);
});

test('an AppError stays itself, anything else becomes INTERNAL with what was thrown as its cause', () => {
  const own = new AppError('RATE_LIMITED', 'slow down');
  const other = new TypeError('x is not a function');
  expect(toAppError(own)).toBe(own);
  expect(toAppError(other)).toMatchObject({
    code: 'INTERNAL',
    cause: other,
    message: 'unexpected error: x is not a function',
  });
  expect(toAppError('a text')).toMatchObject({ code: 'INTERNAL', message: 'unexpected error: a text' });
  expect(toAppError(undefined)).toMatchObject({ code: 'INTERNAL' });
});
