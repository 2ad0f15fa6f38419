/** One measured number, as the runner prints it. */
export interface BenchLine {
  name: string;
  value: number;
  /** `x` for a ratio, `ms`, `MB`, … */
  unit: string;
  /** At most this, in the same unit; none = informative. */
  budget?: number;
  /** Within the budget. */
  ok?: boolean;
  note?: string;
}

/** A line with a budget. */
export function budgeted(line: Omit<BenchLine, 'ok'> & { budget: number }): BenchLine {
  return { ...line, ok: line.value <= line.budget };
}

/** The middle value; of an even number the upper of the two. Throws on none. */
export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** So many of a hundred values are below it; of two that would do the upper one. Throws on none. */
export function percentile(values: readonly number[], hundredths: number): number {
  const at = values.toSorted((a, b) => a - b)[Math.floor((values.length * hundredths) / 100)];
  if (at === undefined) throw new RangeError('a percentile of no values');
  return at;
}
