import { AppError } from '../../errors.ts';
import { formatBytes } from '../../lib/format.ts';
import type { StoredRequest } from './stored-request.ts';

/** Twice what a command line may have, so that the orchestrator refuses those with its own words and the audit. */
export const MAX_TEXT_BYTES = 128 * 1024;
/** Everything a request says besides its text: names, groups, thread. */
const MAX_REQUEST_BYTES = MAX_TEXT_BYTES + 64 * 1024;

/**
 * The request as JSON. Throws TOO_LONG or INVALID_INPUT, and nothing of it is kept: a request that nobody can read must not
 * fill the database.
 */
export function boundedRequest(request: StoredRequest): string {
  const texts =
    request.kind === 'command'
      ? [request.text]
      : request.kind === 'form'
        ? Object.values(request.values)
        : [];
  for (const text of texts) {
    const bytes = Buffer.byteLength(text);
    if (bytes > MAX_TEXT_BYTES) throw tooLong('the text', bytes, MAX_TEXT_BYTES);
    if (!text.isWellFormed()) {
      throw new AppError('INVALID_INPUT', 'the text is not valid Unicode', { hint: 'send it as UTF-8' });
    }
  }
  const json = JSON.stringify(request);
  // Control characters of an allowed text take six bytes each in JSON.
  const allowed = MAX_REQUEST_BYTES + texts.reduce((sum, text) => sum + 5 * Buffer.byteLength(text), 0);
  const bytes = Buffer.byteLength(json);
  if (bytes > allowed) throw tooLong('the request', bytes, allowed);
  return json;
}

function tooLong(what: string, bytes: number, allowed: number): AppError {
  return new AppError(
    'TOO_LONG',
    `${what} has ${formatBytes(bytes)}; at most ${formatBytes(allowed)} are taken`,
    {
      hint: 'put long texts into a file of the agent and work on that',
    },
  );
}
