import type { FakeProcess } from './fake-process.ts';
import { type FakeSandbox, SIGKILL } from './fake-sandbox.ts';

/** A program of the fake sandbox; resolves with its exit code. */
export type Program = (
  argv: readonly string[],
  process: FakeProcess,
  sandbox: FakeSandbox,
) => Promise<number>;

const MEBIBYTE = 1024 * 1024;
/** SIGPIPE as a shell reports it. */
const BROKEN_PIPE = 141;
const NO_SPACE = 'No space left on device';

/** Waits in the sandbox's own time. */
export function sleep(sandbox: FakeSandbox, process: FakeProcess, durationMs: number): Promise<void> {
  const slept = Promise.withResolvers<void>();
  const timer = sandbox.after(durationMs, slept.resolve);
  return process.alive(slept.promise).finally(() => timer[Symbol.dispose]());
}

export async function say(process: FakeProcess, text: string | Uint8Array): Promise<boolean> {
  return process.alive(process.stdout.write(typeof text === 'string' ? Buffer.from(text) : text));
}

export async function complain(process: FakeProcess, text: string): Promise<void> {
  await process.alive(process.stderr.write(Buffer.from(`${text}\n`)));
}

/** Absolute in the sandbox. */
export function resolvePath(process: FakeProcess, file: string): string {
  return file.startsWith('/') ? file : `${process.cwd}/${file}`;
}

/** False when the disk limit does not allow it; what fits is written then. */
export function store(sandbox: FakeSandbox, file: string, content: Buffer): boolean {
  sandbox.files.delete(file);
  const room = sandbox.spec.limits.diskMb * MEBIBYTE - sandbox.diskBytes();
  sandbox.files.set(file, content.subarray(0, Math.max(0, room)));
  return content.byteLength <= room;
}

async function readAll(process: FakeProcess): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const chunk = await process.alive(process.stdin.read());
    if (chunk === null) return Buffer.concat(chunks);
    chunks.push(chunk);
  }
}

const DEVICES = new Set(['/dev/null', '/dev/zero']);

export const PROGRAMS: Readonly<Record<string, Program>> = {
  true: async () => 0,
  false: async () => 1,
  ':': async () => 0,
  async echo(argv, process) {
    return (await say(process, `${argv.slice(1).join(' ')}\n`)) ? 0 : BROKEN_PIPE;
  },
  async sleep(argv, process, sandbox) {
    await sleep(sandbox, process, Number(argv[1]) * 1000);
    return 0;
  },
  async pwd(_argv, process) {
    await say(process, `${process.cwd}\n`);
    return 0;
  },
  async id(argv, process) {
    await say(
      process,
      argv[1] === undefined ? `uid=${process.uid} gid=${process.uid}\n` : `${process.uid}\n`,
    );
    return 0;
  },
  async uname(argv, process) {
    await say(process, argv[1] === '-r' ? '4.4.0-fake\n' : 'Linux\n');
    return 0;
  },
  async hostname(_argv, process, sandbox) {
    await say(process, `${sandbox.handle.containerId}\n`);
    return 0;
  },
  async env(_argv, process) {
    const lines = Object.entries(process.environment).map(([name, value]) => `${name}=${value}\n`);
    await say(process, lines.join(''));
    return 0;
  },
  async cat(argv, process, sandbox) {
    if (argv.length > 1) {
      let code = 0;
      for (const name of argv.slice(1)) {
        const content = sandbox.files.get(resolvePath(process, name));
        if (content === undefined) {
          await complain(process, `cat: can't open '${name}': No such file or directory`);
          code = 1;
        } else await say(process, content);
      }
      return code;
    }
    for (;;) {
      const chunk = await process.alive(process.stdin.read());
      if (chunk === null) return 0;
      if (!(await say(process, chunk))) return BROKEN_PIPE;
    }
  },
  async wc(_argv, process) {
    await say(process, `${(await readAll(process)).byteLength}\n`);
    return 0;
  },
  async rm(argv, process, sandbox) {
    for (const name of argv.slice(1)) sandbox.files.delete(resolvePath(process, name));
    return 0;
  },
  async yes(argv, process) {
    const block = Buffer.from(`${argv[1] ?? 'y'}\n`.repeat(4096));
    while (await say(process, block)) await process.alive(new Promise(setImmediate));
    return BROKEN_PIPE;
  },
  async head(argv, process) {
    let left = Number(argv[argv.indexOf('-c') + 1]);
    while (left > 0) {
      const chunk = await process.alive(process.stdin.read());
      if (chunk === null) break;
      await say(process, chunk.subarray(0, left));
      left -= chunk.byteLength;
    }
    process.stdin.close();
    return 0;
  },
  async dd(argv, process, sandbox) {
    const option = (name: string) =>
      argv.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
    const blockBytes = Number.parseInt(option('bs'), 10) * MEBIBYTE;
    if (blockBytes > sandbox.spec.limits.memoryMb * MEBIBYTE) {
      sandbox.die({ code: null, cause: 'out-of-memory' });
      return process.alive(new Promise<never>(() => undefined));
    }
    const file = option('of');
    if (DEVICES.has(file)) return 0;
    const content = Buffer.alloc(blockBytes * Number(option('count')));
    if (store(sandbox, resolvePath(process, file), content)) return 0;
    await complain(process, `dd: error writing '${file}': ${NO_SPACE}`);
    return 1;
  },
  async ps(_argv, process, sandbox) {
    const lines = sandbox.processes.values().map((one) => `${one.pid} ${one.uid} ${one.command}\n`);
    await say(process, `PID USER COMMAND\n1 65533 tini\n${[...lines].join('')}`);
    return 0;
  },
  async kill(argv, process, sandbox) {
    const signal = Number((argv[1] ?? '').slice(1)) || SIGKILL;
    const target = Number(argv[2]);
    const own = sandbox.processes
      .values()
      .filter((one) => one.pid !== process.pid && one.uid === process.uid);
    const one = sandbox.processes.get(target);
    sandbox.signal(target === -1 ? [...own] : one === undefined ? [] : [one], signal);
    await process.alive(Promise.resolve());
    return target === -1 || one !== undefined ? 0 : 1;
  },
};
