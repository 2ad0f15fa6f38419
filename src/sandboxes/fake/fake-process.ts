import type { Readable, Writable } from './pipe.ts';

/** One process inside a fake sandbox: it ends once, by itself or by a signal. */
export interface FakeProcess {
  readonly pid: number;
  parent: number;
  command: string;
  readonly uid: number;
  readonly environment: Record<string, string>;
  readonly cwd: string;
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** What TERM does: the default is to end; '' ignores; other text is run by the shell. */
  trap: string | null;
  /** TERM came and its trap has not run yet. */
  trapped: boolean;
  /** Called when TERM came while `trap` holds text: wakes `wait`. */
  onTrap: (() => void) | null;
  readonly end: Promise<ProcessEnd>;
  ended: ProcessEnd | null;
  finish(end: ProcessEnd): void;
  /** Rejects with {@link Killed} once the process has ended; everything the process awaits races it. */
  alive<T>(promise: Promise<T>): Promise<T>;
}

export interface ProcessEnd {
  exitCode: number | null;
  signal: number | null;
}

/** Unwinds the interpreter of a process that was killed. */
export class Killed extends Error {
  override name = 'Killed';
}

export interface ProcessStart {
  pid: number;
  parent: number;
  command: string;
  uid: number;
  environment: Record<string, string>;
  cwd: string;
  stdin: Readable;
  stdout: Writable;
  stderr: Writable;
  ignoresTerm: boolean;
  onEnd: (process: FakeProcess) => void;
}

export function createFakeProcess(start: ProcessStart): FakeProcess {
  const { onEnd, ignoresTerm, ...fields } = start;
  const end = Promise.withResolvers<ProcessEnd>();
  const process: FakeProcess = {
    ...fields,
    trap: ignoresTerm ? '' : null,
    trapped: false,
    onTrap: null,
    end: end.promise,
    ended: null,
    finish(how) {
      if (process.ended !== null) return;
      process.ended = how;
      onEnd(process);
      end.resolve(how);
    },
    async alive(promise) {
      if (process.ended !== null) throw new Killed();
      return await Promise.race([
        promise,
        end.promise.then((): never => {
          throw new Killed();
        }),
      ]);
    },
  };
  return process;
}
