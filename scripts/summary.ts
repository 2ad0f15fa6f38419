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
const counts = await readCounts(report);
if (counts === null) {
  console.error(`test: the run ended with code ${exitCode} before its report was written`);
  process.exitCode = 1;
}
const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = counts ?? {
  numPassedTests: 0,
  numFailedTests: 1,
  numPendingTests: 0,
  numTodoTests: 0,
};
// A file that cannot be loaded, an error outside of any test or something left on the host fails the run without a failed test.
const failed = exitCode === '0' ? numFailedTests : Math.max(1, numFailedTests);
console.log(`${numPassedTests} passed, ${failed} failed, ${numPendingTests + numTodoTests} skipped`);

/** Null when vitest did not come that far. */
async function readCounts(file: string): Promise<z.infer<typeof reportSchema> | null> {
  try {
    return reportSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    if (
      error instanceof SyntaxError ||
      (error instanceof Error && 'code' in error && error.code === 'ENOENT')
    )
      return null;
    throw error;
  }
}
