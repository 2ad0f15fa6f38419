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
  const middle = values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
  if (middle === undefined) throw new RangeError('the median of no values');
  return middle;
}
