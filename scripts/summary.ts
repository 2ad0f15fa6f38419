/** Prints `N passed, N failed, N skipped` from vitest's JSON report: `summary.ts <report> <exit code of vitest>`. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const reportSchema = z.object({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  numPendingTests: z.int(),
  numTodoTests: z.int(),
});

const [report = '', exitCode = '1'] = process.argv.slice(2);
const text = await readFile(report, 'utf8').catch(() => '');
// No report: vitest itself did not come that far.
const nothing = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 };
const counts = text === '' ? nothing : reportSchema.parse(JSON.parse(text));
// A file that cannot be loaded, or an error outside of any test, fails the run without a failed test.
const failed = exitCode === '0' ? counts.numFailedTests : Math.max(1, counts.numFailedTests);
console.log(
  `${counts.numPassedTests} passed, ${failed} failed, ${counts.numPendingTests + counts.numTodoTests} skipped`,
);
