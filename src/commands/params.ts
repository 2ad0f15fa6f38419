/** Parameter types shared by commands: text as typed or numbers from typed options in, checked values out. */
import { z } from 'zod';
import { parseDuration } from '../config/schema.ts';
import { AppError, type ErrorCode } from '../errors.ts';
import { quote } from '../lib/quote.ts';
import { parseSizeMb } from '../lib/size.ts';
import type { RawArguments } from './types.ts';

/** Names, ids and prefixes are short; anything longer is a slip of the clipboard. */
const MAX_NAME_LENGTH = 100;

const typed = z.union([z.string(), z.number()]).transform(String);

/** `hint` says what to write instead; without it the usage line does. */
function fail(context: z.RefinementCtx, code: ErrorCode, message: string, hint?: string): never {
  context.addIssue({ code: 'custom', message, params: { code, hint } });
  return z.NEVER;
}

function named(what: string) {
  return z.string().transform((text, context) => {
    const name = text.trim();
    if (name !== '' && name.length <= MAX_NAME_LENGTH) return name;
    return fail(
      context,
      'INVALID_INPUT',
      `${quote(text)} is not ${what}: write 1 to ${MAX_NAME_LENGTH} characters`,
    );
  });
}

/** A name, id or unique prefix; whoever looks it up says whether it exists. */
export const agentName = named('an agent');
export const actionName = named('an action id').transform((id) => id.toLowerCase());
export const word = named('a word');

/** `512m`, `1g`; a bare number is MiB. Where it lies in `range` is checked where limits are. */
export function sizeMb(option: string, range: string) {
  return typed.transform((text, context) => {
    const size = parseSizeMb(text);
    if (size !== null) return size;
    return fail(
      context,
      'INVALID_LIMIT',
      `--${option} ${quote(text)} is not a size from ${range}`,
      `write it as 512m or 2g: --${option} 512m`,
    );
  });
}

/** `30s`, `10m`, `8h`, `2d`; a bare number is seconds. */
export function durationMs(what: string) {
  return typed.transform((text, context) => {
    const duration = parseDuration(text);
    return (
      duration ??
      fail(context, 'INVALID_INPUT', `${what} ${quote(text)} is not a duration`, 'write 30s, 10m, 8h or 2d')
    );
  });
}

/** A resource limit: a finite decimal number. Where it lies in `range` is checked where limits are. */
export function numericLimit(option: string, range: string, example: string) {
  return typed.transform((text, context) => {
    const value = /^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text.trim()) ? Number(text) : Number.NaN;
    if (Number.isFinite(value)) return value;
    return fail(
      context,
      'INVALID_LIMIT',
      `--${option} ${quote(text)} is not a number from ${range}`,
      `write it in digits: --${option} ${example}`,
    );
  });
}

/** A whole number in a range. */
export function wholeNumber(what: string, min: number, max: number) {
  return typed.transform((text, context) => {
    const value = /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    return fail(
      context,
      'INVALID_INPUT',
      `${what} ${quote(text)} is not a whole number from ${min} to ${max}`,
    );
  });
}

/** A sentence for people; its length is checked where votes are. */
export const note = z.string().trim();

export const flag = z.boolean().default(false);

/** Parses a command's arguments; the first issue becomes the error, with the code its check named. */
export function parseParams<Params>(
  name: string,
  schema: z.ZodType<Params>,
  raw: RawArguments,
  hint: string,
): Params {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  if (issue === undefined) throw new AppError('INVALID_INPUT', `${name} was not understood`, { hint });
  if (issue.code === 'custom') {
    const code = issue.params?.['code'] as ErrorCode | undefined;
    const ownHint = issue.params?.['hint'] as string | undefined;
    throw new AppError(code ?? 'INVALID_INPUT', issue.message, { hint: ownHint ?? hint });
  }
  const where = issue.path.length === 0 ? name : `${name}: ${issue.path.join('.')}`;
  throw new AppError('INVALID_INPUT', `${where}: ${issue.message}`, { hint });
}
