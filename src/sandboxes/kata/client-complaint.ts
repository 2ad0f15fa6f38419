/**
 * nerdctl's client logs the exit code of a command that failed as the last line of the command's own standard error. It is
 * taken off again; what only begins like it is held back until that shows.
 */

const BEGINNING = 'time="';
const MESSAGE = '" level=fatal msg="exec failed with exit code ';
const TIMESTAMP = /^time="([0-9T:.Z+-]*)/;
const END = /^\d*("\n?)?$/;
/** A timestamp and the message, with room. */
const MAX_BYTES = 160;

export function createComplaintFilter() {
  let held = Buffer.alloc(0);
  return {
    /** The bytes that are the command's own for sure. */
    take(chunk: Uint8Array): Uint8Array {
      held = Buffer.concat([held, chunk]);
      const at = complaintStart(held);
      const own = held.subarray(0, at);
      held = held.subarray(at);
      return own;
    },
    /** What was held back and is no complaint of the client; asked once, after the end. */
    rest(): Uint8Array {
      return isWhole(held.toString('latin1')) ? new Uint8Array() : held;
    },
  };
}

/** Where the last bytes begin to be a complaint, or what may become one; the length when they do not. */
function complaintStart(bytes: Buffer): number {
  const from = Math.max(0, bytes.length - MAX_BYTES);
  const text = bytes.subarray(from).toString('latin1');
  for (let at = text.indexOf('t'); at !== -1; at = text.indexOf('t', at + 1)) {
    if (mayBecomeComplaint(text.slice(at))) return from + at;
  }
  return bytes.length;
}

function mayBecomeComplaint(text: string): boolean {
  if (text.length <= BEGINNING.length) return BEGINNING.startsWith(text);
  const timestamp = TIMESTAMP.exec(text)?.[0];
  if (timestamp === undefined) return false;
  const rest = text.slice(timestamp.length);
  return rest.length <= MESSAGE.length
    ? MESSAGE.startsWith(rest)
    : rest.startsWith(MESSAGE) && END.test(rest.slice(MESSAGE.length));
}

function isWhole(text: string): boolean {
  return text.endsWith('"\n') && text.includes(MESSAGE);
}
