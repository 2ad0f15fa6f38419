import { AppError } from '../../src/errors.ts';

/** The kernel takes no longer argument (MAX_ARG_STRLEN), so no longer command line can run. */
export const MAX_LINE_BYTES = 128 * 1024;

/** One line of piped input, or why it cannot be used. */
export type SourceLine = { text: string } | { error: AppError };

const NEWLINE = 0x0a;

/**
 * Cuts a byte stream into lines. A line that is too long, not UTF-8 or has a NUL byte becomes an error, and the next one goes on.
 * Never keeps more than {@link MAX_LINE_BYTES} of a line.
 */
export async function* readLines(input: AsyncIterable<Uint8Array | string>): AsyncGenerator<SourceLine> {
  let parts: Uint8Array[] = [];
  let length = 0;
  const take = (part: Uint8Array) => {
    length += part.length;
    if (length <= MAX_LINE_BYTES) parts.push(part);
    else parts = [];
  };
  const finish = (): SourceLine => {
    const line = length > MAX_LINE_BYTES ? tooLong(length) : decodeLine(Buffer.concat(parts));
    parts = [];
    length = 0;
    return line;
  };
  for await (const chunk of input) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    let from = 0;
    for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, from)) {
      take(bytes.subarray(from, at));
      from = at + 1;
      yield finish();
    }
    if (from < bytes.length) take(bytes.subarray(from));
  }
  if (length > 0) yield finish();
}

function decodeLine(bytes: Uint8Array): SourceLine {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    return {
      error: new AppError('INVALID_INPUT', 'the line is not valid UTF-8 and was not run', {
        hint: 'save the input as UTF-8; pass other bytes encoded, for example with base64 -d inside the sandbox',
      }),
    };
  }
  if (text.includes('\0')) return { error: nulByte() };
  return { text: text.endsWith('\r') ? text.slice(0, -1) : text };
}

function nulByte(): AppError {
  return new AppError('INVALID_INPUT', 'the line has a NUL byte and was not run', {
    hint: 'a command line cannot carry NUL: write it inside the sandbox, for example with printf "\\0"',
  });
}

/** The error for a line of `length` bytes. */
export function tooLong(length: number): SourceLine & { error: AppError } {
  return {
    error: new AppError(
      'TOO_LONG',
      `the line has ${length} bytes and was not run; at most ${MAX_LINE_BYTES} are allowed`,
      { hint: 'write long content to a file in steps' },
    ),
  };
}
