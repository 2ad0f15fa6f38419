/**
 * An engine's `exec` tells neither the pid inside nor whether a program chose 137 or was killed. Both are told inside: a shell
 * says its pid and becomes `tini -v`, which starts the command, waits, and says how it ended. The pid comes first on both streams
 * (their order is not kept, and an engine's client that cannot get rid of one says nothing on the other), the end last on standard
 * output; both are taken out again, and can be forged only by a command about itself.
 */

/**
 * Commands as a process of their own below tini; standard streams are the command's. With `waits` it takes one line off standard
 * input before it starts the command. Without `stdin` the command's is empty: Kata leaves one that nobody gives open for ever. Nor
 * does it hand on to commands that there are no new privileges.
 */
export function wrapperArgv(options: { waits: boolean; stdin: boolean }): readonly string[] {
  const wait = options.waits ? 'read -r go; ' : '';
  const input = options.stdin ? '' : ' </dev/null';
  const script = `echo "airlock $$" >&2; echo "airlock $$"; ${wait}exec /.airlock/busybox setpriv --nnp /.airlock/tini -v -- "$@"${input}`;
  return ['/.airlock/busybox', 'sh', '-c', script, 'airlock'];
}

const START = /^airlock ([1-9]\d*)\n/;
/** Three lines that tini writes where it is not PID 1, before it starts anything. */
const WARNING_START = '[WARN  tini (';
const WARNING_END = 'or run Tini as PID 1.\n';
/** More than that before the start is an error of the engine. */
const MAX_PRELUDE_BYTES = 4096;
/** What tini says at the end, at most: the command's name is in it. */
const MAX_TRAILER_BYTES = 8192;

/** Takes the first lines off one stream. */
export function createPrelude(stream: 'stdout' | 'stderr') {
  let held = Buffer.alloc(0);
  let state: 'waiting' | 'started' | 'open' = 'waiting';
  let pid: number | null = null;
  return {
    get pid() {
      return pid;
    },
    /** What the client wrote when nothing was started. */
    get held() {
      return held.toString('utf8');
    },
    take(chunk: Uint8Array): Uint8Array {
      if (state === 'open') return chunk;
      held = Buffer.concat([held, chunk]);
      const text = held.toString('latin1');
      if (state === 'waiting') {
        const match = START.exec(text);
        if (match === null) return new Uint8Array();
        pid = Number(match[1]);
        state = 'started';
      }
      const from = START.exec(text)?.[0].length ?? 0;
      if (stream === 'stdout') return open(from);
      const rest = text.slice(from);
      const known = WARNING_START.slice(0, rest.length);
      if (rest.startsWith(known)) {
        const end = rest.indexOf(WARNING_END);
        if (end === -1 && rest.length < MAX_PRELUDE_BYTES) return new Uint8Array();
        return open(end === -1 ? from : from + end + WARNING_END.length);
      }
      return open(from);
    },
  };

  function open(from: number): Uint8Array {
    const own = held.subarray(from);
    held = Buffer.alloc(0);
    state = 'open';
    return own;
  }
}

export type WrapperEnd = { kind: 'exited'; code: number } | { kind: 'signalled'; name: string };

const MARKER = Buffer.from('[INFO  tini (');
const SPAWNED = /^\[INFO {2}tini \((\d+)\)\] Spawned child process '/;
const ENDED =
  /\[INFO {2}tini \((\d+)\)\] Main child exited (?:normally \(with status '(\d+)'\)|with signal \(with signal '([^'\n]*)'\))\n/;

/** Takes tini's last lines off standard output. */
export function createTrailer() {
  let held = Buffer.alloc(0);

  function release(count: number): Uint8Array {
    const own = held.subarray(0, count);
    held = held.subarray(count);
    return own;
  }

  return {
    take(chunk: Uint8Array): Uint8Array {
      held = Buffer.concat([held, chunk]);
      // The last one: a command that printed the same has its text kept.
      for (
        let at = held.lastIndexOf(MARKER);
        at !== -1;
        at = at === 0 ? -1 : held.lastIndexOf(MARKER, at - 1)
      ) {
        if (!SPAWNED.test(held.subarray(at, at + MAX_LINE_BYTES).toString('latin1'))) continue;
        return release(held.length - at <= MAX_TRAILER_BYTES ? at : held.length);
      }
      // The beginning of a line that is still to come.
      const last = held.lastIndexOf(MARKER);
      if (last !== -1 && held.length - last < MAX_LINE_BYTES) return release(last);
      return release(held.length - partialLength(held, MARKER));
    },
    /** How the command ended; null while tini (`pid`) has not said it. */
    end(pid: number | null): WrapperEnd | null {
      const match = ENDED.exec(held.toString('latin1'));
      if (match === null || match[1] !== String(pid)) return null;
      const [, , code, name] = match;
      return code === undefined
        ? { kind: 'signalled', name: name ?? '' }
        : { kind: 'exited', code: Number(code) };
    },
    /** What looked like tini's and was not, and what a process left behind wrote after the end. */
    rest(pid: number | null): Uint8Array {
      const match = ENDED.exec(held.toString('latin1'));
      if (match === null || match[1] !== String(pid)) return held;
      return held.subarray(match.index + match[0].length);
    },
  };
}

/** `[INFO  tini (1234567)] Spawned child process '` */
const MAX_LINE_BYTES = 64;

/** How many of the last bytes could be the beginning of the marker. */
function partialLength(bytes: Buffer, marker: Buffer): number {
  for (let length = Math.min(bytes.length, marker.length - 1); length > 0; length -= 1) {
    if (bytes.subarray(bytes.length - length).equals(marker.subarray(0, length))) return length;
  }
  return 0;
}
