import { createContext, Script } from 'node:vm';

/** Longer patterns are a program, not a rule, and nobody can review them. */
export const MAX_PATTERN_LENGTH = 500;
/** A match gets this long of the processor; a pattern of good manners needs microseconds for 64 KiB. */
export const PATTERN_TIMEOUT_MS = 50;
/** On a machine that is busy with other work V8's deadline, a clock on the wall, passes without a match having been tried. */
const MAX_PREEMPTED = 20;

/** What a rule's pattern must be, when it is not; null when it may be used. */
export function patternProblem(pattern: string): string | null {
  try {
    compilePattern(pattern);
  } catch (error) {
    return `a regular expression that compiles (${error instanceof Error ? error.message : String(error)})`;
  }
  return repeatsARepeat(pattern)
    ? 'a regular expression without a repeated group that repeats inside, such as (a+)+: it can take for ever'
    : null;
}

/** `s`: a command of several lines is one text, and a line break must not get around a rule. */
export function compilePattern(pattern: string): RegExp {
  return new RegExp(pattern, 's');
}

/** `undecided`: it took too long. The caller takes the careful side. */
export type PatternVerdict = 'match' | 'no-match' | 'undecided';
export type PatternMatcher = (pattern: string, text: string) => PatternVerdict;

/**
 * Matches with a deadline. The check at load catches nested repeats; overlapping alternatives and chains of `.*` pass it, so
 * every match runs in a context V8 can interrupt.
 */
export function createPatternMatcher(timeoutMs: number = PATTERN_TIMEOUT_MS): PatternMatcher {
  const scope: { expression: RegExp | null; text: string } = { expression: null, text: '' };
  const context = createContext(scope);
  const script = new Script('expression.test(text)');
  return (pattern, text) => {
    scope.expression = compilePattern(pattern);
    scope.text = text;
    try {
      for (let preempted = 0; preempted < MAX_PREEMPTED; preempted += 1) {
        const before = processorMs();
        try {
          return script.runInContext(context, { timeout: timeoutMs }) === true ? 'match' : 'no-match';
        } catch (error) {
          if (!timedOut(error)) throw error;
          if (processorMs() - before > timeoutMs / 2) return 'undecided';
        }
      }
      return 'undecided';
    } finally {
      scope.text = '';
    }
  };
}

/** Of this thread so far. */
function processorMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** The error is made inside the context, so it is no instance of this realm's Error. */
function timedOut(error: unknown): boolean {
  return (
    typeof error === 'object' &&
    error !== null &&
    'code' in error &&
    error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
  );
}

/** Finds a group that is repeated and has an unbounded repeat inside: exponential back-tracking. */
function repeatsARepeat(pattern: string): boolean {
  const open: { unbounded: boolean }[] = [{ unbounded: false }];
  let closed: { unbounded: boolean } | null = null;
  for (let at = 0; at < pattern.length; at += 1) {
    const rest = pattern.slice(at);
    const repeat = /^(?:[*+?]|\{(\d+)(,(\d*))?\})\??/.exec(rest);
    if (repeat !== null) {
      const bounds = repeatBounds(repeat);
      if (closed?.unbounded === true && bounds.atMost > 1) return true;
      const around = open.at(-1);
      if (
        around !== undefined &&
        (bounds.atMost === Number.POSITIVE_INFINITY || closed?.unbounded === true)
      ) {
        around.unbounded = true;
      }
      closed = null;
      at += repeat[0].length - 1;
      continue;
    }
    if (closed?.unbounded === true) markUnbounded(open);
    closed = null;
    const character = pattern[at];
    if (character === '\\') at += 1;
    else if (character === '[') at += classLength(rest) - 1;
    else if (character === '(') {
      open.push({ unbounded: false });
      // The `?` of (?:…), (?=…) and (?<name>…) is no repeat.
      if (pattern[at + 1] === '?') at += 1;
    } else if (character === ')' && open.length > 1) closed = open.pop() ?? null;
  }
  return false;
}

function markUnbounded(open: { unbounded: boolean }[]): void {
  const around = open.at(-1);
  if (around !== undefined) around.unbounded = true;
}

function repeatBounds(repeat: RegExpExecArray): { atMost: number } {
  const [text, low, comma, high] = repeat;
  if (text.startsWith('?')) return { atMost: 1 };
  if (low === undefined) return { atMost: Number.POSITIVE_INFINITY };
  if (comma === undefined) return { atMost: Number(low) };
  return { atMost: high === undefined || high === '' ? Number.POSITIVE_INFINITY : Number(high) };
}

function classLength(rest: string): number {
  for (let at = 1; at < rest.length; at += 1) {
    if (rest[at] === '\\') at += 1;
    else if (rest[at] === ']') return at + 1;
  }
  return rest.length;
}
