import type { z } from 'zod';
import { AppError } from '../errors.ts';
import { escapeLine } from '../lib/escape-text.ts';

/** One thing that is wrong with the configuration. */
export interface Problem {
  /** `AIRLOCK_MAX_AGENTS`, or `airlock.yaml:3:12 limits.maxAgents`. */
  where: string;
  /** The value as written, null when it is secret or there is none. */
  value: string | null;
  /** What is allowed and what to do, in words. */
  allowed: string;
}

const MAX_SHOWN_CHARACTERS = 80;

/** One CONFIG_INVALID for all problems; `context.problems` has them one by one. */
export function configError(problems: readonly Problem[]): AppError {
  const lines = problems.map(problemLine);
  const text =
    problems.length === 1
      ? `the configuration has a problem: ${lines.join()}`
      : [`the configuration has ${problems.length} problems:`, ...lines].join('\n  ');
  return new AppError('CONFIG_INVALID', text, {
    hint: 'correct what is listed and start again; `npm run airlock -- config check` tells what is left',
    context: { problems },
  });
}

export function problemLine(problem: Problem): string {
  const value = problem.value === null ? '' : ` = ${problem.value}`;
  return `${problem.where}${value}: ${problem.allowed}`;
}

/** A value for an error message: escaped and cut; null for objects, lists and nothing. */
export function showValue(value: unknown): string | null {
  if (typeof value === 'string') return cut(`"${escapeLine(value)}"`);
  const isScalar = typeof value === 'number' || typeof value === 'boolean' || value === null;
  return isScalar ? cut(String(value)) : null;
}

function cut(text: string): string {
  return text.length > MAX_SHOWN_CHARACTERS ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}…` : text;
}

/** What a zod issue allows, as an instruction. The checks of `schema.ts` carry it as their message. */
export function allowedBy(issue: z.core.$ZodIssue, value: unknown): string {
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- the default takes the message of the check
  switch (issue.code) {
    case 'unrecognized_keys':
      return `remove it: ${issue.keys.length === 1 ? 'there is no such member' : 'there are no such members'} here`;
    case 'invalid_value':
      return `write one of ${issue.values.map(String).join(', ')}`;
    case 'invalid_key':
      return `write a name such as ${issue.issues[0]?.message ?? issue.message}`;
    case 'invalid_type':
      if (!issue.message.startsWith('Invalid input')) return `write ${issue.message}`;
      if (value === undefined) return `add it: ${article(issue.expected)} is needed`;
      return issue.expected === 'string' && typeof value === 'number'
        ? 'put it in quotes: a text is needed'
        : `write ${article(issue.expected)}`;
    case 'too_small':
      if (!issue.message.startsWith('Too small')) return `write ${issue.message}`;
      return issue.origin === 'string' ? 'write something' : `write at least ${issue.minimum}`;
    case 'invalid_format':
      return issue.message.startsWith('Invalid')
        ? `write what matches ${issue.pattern ?? issue.format}`
        : `write ${issue.message}`;
    default:
      return `write ${issue.message}`;
  }
}

function article(expected: string): string {
  const word = { array: 'list', object: 'mapping', record: 'mapping', string: 'text' }[expected] ?? expected;
  return `${/^[aeiou]/.test(word) ? 'an' : 'a'} ${word}`;
}

/** What stands at `path` in data that has not been checked. */
export function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
  let value = data;
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Reflect.get(value, step);
  }
  return value;
}

export function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((step, index) =>
      typeof step === 'number' ? `[${step}]` : `${index === 0 ? '' : '.'}${String(step)}`,
    )
    .join('');
}
