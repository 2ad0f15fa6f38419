import type { Check } from '../model/check.ts';

export type { Check } from '../model/check.ts';

const MARKS = { ok: 'ok  ', warn: 'WARN', fail: 'FAIL', note: '-   ' } as const satisfies Record<
  Check['status'],
  string
>;

/** Plain text, a line each and the mending step below it. */
export function renderChecks(checks: readonly Check[]): string {
  const width = Math.max(0, ...checks.map((check) => check.subject.length));
  return checks
    .flatMap(({ subject, status, detail, fix }) => [
      `${MARKS[status]}  ${subject.padEnd(width)}  ${detail}`,
      ...(fix === undefined ? [] : [`${' '.repeat(width + 8)}-> ${fix}`]),
    ])
    .map((line) => `${line}\n`)
    .join('');
}
