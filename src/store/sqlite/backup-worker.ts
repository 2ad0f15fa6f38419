/** A thread that copies the database, so that nobody waits for a large one. `workerData` is `{ path, target }`. */
import { parentPort, workerData } from 'node:worker_threads';
import { z } from 'zod';
import { toAppError } from '../../errors.ts';
import type { BackupFailure } from './backup.ts';
import { connect } from './connection.ts';

const { path, target } = z.object({ path: z.string(), target: z.string() }).parse(workerData);
parentPort?.postMessage(copy());

function copy(): BackupFailure | null {
  try {
    const connection = connect(path, { readOnly: true });
    try {
      connection.run('VACUUM INTO ?', target);
      return null;
    } finally {
      connection.close();
    }
  } catch (error) {
    const { code, message, hint } = toAppError(error);
    return { code, message, hint };
  }
}
