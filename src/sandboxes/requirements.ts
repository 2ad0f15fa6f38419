import { AppError } from '../errors.ts';
import { CONTAINER_ID_PATTERN } from '../lib/ids.ts';

/** Throws INTERNAL: runtimes find containers by prefix, so all ids have one length. */
export function requireContainerId(id: string): void {
  if (!CONTAINER_ID_PATTERN.test(id)) {
    throw new AppError('INTERNAL', `not a container id: ${JSON.stringify(id.slice(0, 64))}`);
  }
}

/** Throws SANDBOX_LOST where there is no record of a sandbox that ran. */
export function requireRecorded<T>(record: T | null, containerId: string): T {
  if (record !== null) return record;
  throw new AppError('SANDBOX_LOST', `sandbox ${containerId} is not there`, { hint: 'create a new agent' });
}

/** `status`: as the runtime says it; undefined when it has none of that name. */
export function wrongState(verb: string, containerId: string, status: string | undefined): AppError {
  return new AppError('WRONG_STATE', `cannot ${verb} sandbox ${containerId}: it is ${status ?? 'gone'}`, {
    hint: 'look at it with: status',
  });
}
