import type { BenchLine } from './bench-line.ts';

/** One line a number; a missed budget says so. Returns false when one was missed. */
export function printLines(title: string, lines: readonly BenchLine[]): boolean {
  console.log(`\n${title}`);
  for (const line of lines) {
    const value = `${line.value.toFixed(2)} ${line.unit}`;
    const budget =
      line.budget === undefined ? '' : `  budget ${line.budget} ${line.unit}: ${line.ok ? 'kept' : 'MISSED'}`;
    console.log(
      `  ${line.name.padEnd(66)} ${value.padStart(12)}${budget}${line.note === undefined ? '' : `  (${line.note})`}`,
    );
  }
  return lines.every((line) => line.ok !== false);
}
