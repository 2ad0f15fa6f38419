import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';

/** The bot in a process of its own, started as `npm start` does and driven through its piped terminal. */
export interface BotProcess {
  /** From the start to the first answer of the terminal. Milliseconds. */
  startMs: number;
  /** Of the process that Node is, now. MiB. */
  residentMb(): Promise<number>;
  /** Types lines; resolves when the terminal has shown that text since. Throws with what it said when it ends before. */
  type(lines: readonly string[], shown: string): Promise<void>;
  /** Closes its input and waits for its end. Throws when it did not end well. */
  end(): Promise<void>;
}

/** The bot on a chat platform, in a process of its own: nothing is typed, and a signal ends it. */
export type SilentBot = Pick<BotProcess, 'residentMb' | 'end'>;

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

export async function startBotProcess(env: Readonly<Record<string, string>>): Promise<BotProcess> {
  const started = performance.now();
  const root = path.resolve(import.meta.dirname, '..');
  const child: Child = spawn('bash', [path.join(root, 'scripts/start.sh')], {
    env: { ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  const log = text(child.stderr);
  child.stdout.setEncoding('utf8');
  let said = '';
  child.stdout.on('data', (chunk: string) => (said += chunk));

  async function type(lines: readonly string[], shown: string): Promise<void> {
    said = '';
    child.stdin.write(`${lines.join('\n')}\n`);
    while (!said.includes(shown)) {
      const over = await Promise.race([once(child.stdout, 'data').then(() => false), ended.then(() => true)]);
      if (over && !said.includes(shown)) throw new Error(`the bot ended: ${said}${await log}`);
    }
  }

  await type(['/agent list'], '0 live agents');
  const startMs = performance.now() - started;
  return {
    startMs,
    residentMb: async () => residentMb(await nodeUnder(child.pid ?? 0)),
    type,
    async end() {
      child.stdin.end();
      const [code]: unknown[] = await ended;
      if (code !== 0) throw new Error(`the bot ended with ${String(code)}: ${said}${await log}`);
    },
  };
}

/** Resolves with `connected`. Throws with what it said when it ends before. */
export async function startSilentBot(
  env: Readonly<Record<string, string>>,
  connected: Promise<void>,
): Promise<SilentBot> {
  const root = path.resolve(import.meta.dirname, '..');
  const child = spawn('bash', [path.join(root, 'scripts/start.sh')], {
    env: { ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const log = text(child.stderr);
  const ended = once(child, 'close').then(async ([code]: unknown[]) => {
    if (code !== 0) throw new Error(`the bot ended with ${String(code)}: ${await log}`);
  });
  await Promise.race([
    connected,
    ended.then(() => {
      throw new Error('the bot ended before it was connected');
    }),
  ]);
  return {
    residentMb: async () => residentMb(await nodeUnder(child.pid ?? 0)),
    async end() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** What a process of Node holds that does nothing at all. MiB. */
export async function bareNodeMb(): Promise<number> {
  const child: Child = spawn(process.execPath, ['-e', 'process.stdin.resume(); console.log("up")'], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  await once(child.stdout, 'data');
  const held = await residentMb(child.pid ?? 0);
  child.stdin.end();
  await ended;
  return held;
}

/** To start Node and end it again. Milliseconds. */
export async function bareNodeStartMs(): Promise<number> {
  const started = performance.now();
  await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'close');
  return performance.now() - started;
}

async function residentMb(pid: number): Promise<number> {
  const kibibytes = /^VmRSS:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kibibytes === undefined) throw new Error(`process ${pid} holds no memory`);
  return Number(kibibytes) / 1024;
}

/** The script becomes tini, whose first child the bot is; without tini the script becomes the bot. */
async function nodeUnder(pid: number): Promise<number> {
  const name = (await readFile(`/proc/${pid}/comm`, 'utf8')).trim();
  if (name !== 'tini') return pid;
  const [first = ''] = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ');
  return Number(first);
}
