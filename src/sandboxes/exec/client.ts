import type { Clock } from '../../lib/clock.ts';
import type { ExecFiles } from './record.ts';

/** A process to start inside a sandbox, with everything said. */
export interface ProcessSpec {
  args: readonly string[];
  /** `NAME=value`. */
  env: readonly string[];
  cwd: string;
  user: { uid: number; gid: number };
  /** Something is written to its standard input. Default false. */
  stdin?: boolean;
  /** Of a helper of ours; default none. */
  capabilities?: readonly string[];
}

/** The client program on the host for one process inside: how it is started and what of its output is its own. */
export interface ExecStream {
  file: string;
  args: readonly string[];
  /** Default `{ PATH }` of a root login shell. */
  env?: Record<string, string>;
  /** What the client is given on standard input instead of the process's own; default that. */
  stdin?(own: AsyncIterable<Uint8Array> | undefined): AsyncIterable<Uint8Array> | undefined;
  /** The pid inside as soon as it is known; null when the client ended without. Never rejects. */
  waitForPid(clientExited: Promise<void>, clock: Clock): Promise<number | null>;
  /** The bytes of a chunk that the process itself wrote. */
  take(stream: 'stdout' | 'stderr', chunk: Uint8Array): Uint8Array;
  /** What `take` held back and is the process's own after all; asked once a stream, after the end. */
  rest(stream: 'stdout' | 'stderr'): Uint8Array;
  /** Resolves when the process has ended although the client may still wait for what holds its pipes open. */
  processEnded?: Promise<void>;
  /** The client's exit code as far as it says anything of the process, and the wait status where it is told. */
  end(clientExitCode: number | null): { exitCode: number | null; waitStatus: number | null };
  /** Why the process never started; `output` is what the client wrote. */
  notStarted(output: string): Promise<string>;
}

/** A client that learns only after its start which process it is for. */
export interface LateStream extends ExecStream {
  /** What it is then told on descriptor 3. Where it comes to an end without, the client starts nothing. */
  message(process: ProcessSpec): string;
}

/** What differs between drivers in running a process inside a sandbox. */
export interface ExecClient {
  /** `files.directory` is there. One stream is for one start. */
  open(containerId: string, process: ProcessSpec, files: ExecFiles): ExecStream;
  /** As `open`, for a process without standard input that is not known yet. Left out where that is not possible. */
  openLate?(containerId: string, files: ExecFiles): LateStream;
}
