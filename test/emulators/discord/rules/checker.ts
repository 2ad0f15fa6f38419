import type { Problem } from '../errors.ts';

/** Collects what breaks a rule, with the place in the body. */
export interface Checker {
  readonly problems: Problem[];
  fail(at: string, rule: string, message: string, code?: string): void;
  /** Length of a text in characters; absent texts pass unless `least` is over 0 and `required` is set. */
  text(
    at: string,
    rule: string,
    value: unknown,
    most: number,
    options?: { least?: number; required?: boolean },
  ): void;
  count(at: string, rule: string, value: readonly unknown[] | undefined, most: number, least?: number): void;
  unique(at: string, rule: string, values: readonly string[]): void;
}

/** Length as Discord counts: code points, not UTF-16 units. */
export function characters(text: string | null | undefined): number {
  return Array.from(text ?? '').length;
}

export function createChecker(): Checker {
  const problems: Problem[] = [];
  const checker: Checker = {
    problems,
    fail(at, rule, message, code = 'BASE_TYPE_INVALID') {
      problems.push({ at, rule, message, code });
    },
    text(at, rule, value, most, { least = 0, required = false } = {}) {
      if (value === undefined || value === null) {
        if (required) checker.fail(at, rule, 'This field is required', 'BASE_TYPE_REQUIRED');
        return;
      }
      const length = typeof value === 'string' ? characters(value) : 0;
      if (typeof value !== 'string') checker.fail(at, rule, 'Must be a string', 'BASE_TYPE_STRING');
      else if (length > most)
        checker.fail(at, rule, `Must be ${most} or fewer in length.`, 'BASE_TYPE_MAX_LENGTH');
      else if (length < least)
        checker.fail(at, rule, `Must be ${least} or more in length.`, 'BASE_TYPE_MIN_LENGTH');
    },
    count(at, rule, value, most, least = 0) {
      const length = value?.length ?? 0;
      if (length > most || length < least)
        checker.fail(at, rule, `Must be between ${least} and ${most} in length.`, 'BASE_TYPE_BAD_LENGTH');
    },
    unique(at, rule, values) {
      const seen = new Set<string>();
      for (const value of values) {
        if (seen.has(value)) checker.fail(at, rule, `"${value}" is there twice`, 'DUPLICATED');
        seen.add(value);
      }
    },
  };
  return checker;
}
