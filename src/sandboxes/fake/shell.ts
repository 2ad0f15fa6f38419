import { type FakeProcess, Killed } from './fake-process.ts';
import type { FakeSandbox } from './fake-sandbox.ts';
import { createPipe, emptyReadable, fromText, nullWritable, type Readable, type Writable } from './pipe.ts';
import { complain, PROGRAMS, resolvePath, sleep, store } from './programs.ts';
import {
  type List,
  type Node,
  parseShell,
  type Redirection,
  ShellSyntaxError,
  type Word,
} from './shell-parser.ts';

/** One turn of a loop takes this of the sandbox's time, so that a busy loop ends when it is killed. */
const LOOP_TURN_MS = 5;
const NOT_FOUND = 127;
const SYNTAX_ERROR = 2;

interface Streams {
  stdin: Readable;
  stdout: Writable;
  stderr: Writable;
}
/** `exit`: unwinds the interpreter of one process. */
class ExitShell extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

/** Runs a command line in its process to the end. */
export async function runShell(source: string, process: FakeProcess, sandbox: FakeSandbox): Promise<void> {
  await runBody(process, sandbox, new Map(), async (shell) => shell.list(parseShell(source)));
}

/** Runs an argv without a shell in its process to the end. */
export async function runArgv(
  argv: readonly string[],
  process: FakeProcess,
  sandbox: FakeSandbox,
): Promise<void> {
  await runBody(process, sandbox, new Map(), async (shell) => shell.program(argv, process));
}

type Functions = Map<string, List>;
type Shell = ReturnType<typeof createShell>;

async function runBody(
  process: FakeProcess,
  sandbox: FakeSandbox,
  functions: Functions,
  body: (shell: Shell) => Promise<number>,
): Promise<void> {
  try {
    const code = await body(createShell(process, sandbox, functions));
    process.finish({ exitCode: code, signal: null });
  } catch (error) {
    if (error instanceof Killed) return;
    if (error instanceof ExitShell) process.finish({ exitCode: error.code, signal: null });
    else if (error instanceof ShellSyntaxError) {
      await process.stderr.write(Buffer.from(`sh: ${error.message}\n`));
      process.finish({ exitCode: SYNTAX_ERROR, signal: null });
    } else throw error;
  }
}

function createShell(process: FakeProcess, sandbox: FakeSandbox, functions: Functions) {
  let lastCode = 0;
  const background = new Set<Promise<unknown>>();

  async function list({ items }: List): Promise<number> {
    let skip = false;
    for (const { node, end } of items) {
      if (!skip) lastCode = end === '&' ? await startInBackground(node) : await run(node, process);
      skip = (end === '&&' && lastCode !== 0) || (end === '||' && lastCode === 0);
      await runTrap();
    }
    return lastCode;
  }

  async function run(node: Node, streams: Streams): Promise<number> {
    switch (node.type) {
      case 'simple':
        return await simple(node.words, node.redirections, streams);
      case 'pipeline':
        return await pipeline(node.parts, streams);
      case 'subshell': {
        const redirected = await redirect(node.redirections, streams);
        return await waitFor(await fork(redirected, (shell) => shell.list(node.body)));
      }
      case 'for':
        for (const word of node.words) {
          process.environment[node.name] = await expand(word);
          await list(node.body);
        }
        return lastCode;
      case 'while':
        while ((await list(node.condition)) === 0) {
          await list(node.body);
          await sleep(sandbox, process, LOOP_TURN_MS);
          sandbox.cpuSeconds += (LOOP_TURN_MS / 1000) * Math.min(1, sandbox.spec.limits.cpuCores);
        }
        return 0;
      case 'function':
        functions.set(node.name, node.body);
        return 0;
    }
  }

  async function fork(
    streams: Streams,
    body: (shell: Shell, child: FakeProcess) => Promise<number>,
    command = process.command,
  ): Promise<FakeProcess> {
    await process.alive(new Promise(setImmediate));
    if (process.uid !== 0 && sandbox.userProcesses() >= sandbox.spec.limits.maxProcesses) {
      await complain(process, "sh: can't fork: Resource temporarily unavailable");
      throw new ExitShell(2);
    }
    const child = sandbox.spawn({
      parent: process.pid,
      command,
      uid: process.uid,
      environment: { ...process.environment },
      cwd: process.cwd,
      ...streams,
      ignoresTerm: process.trap === '',
    });
    void runBody(child, sandbox, functions, (shell) => body(shell, child));
    return child;
  }

  async function waitFor(child: FakeProcess): Promise<number> {
    const end = await process.alive(child.end);
    return end.exitCode ?? 128 + (end.signal ?? 0);
  }

  async function startInBackground(node: Node): Promise<number> {
    const { stdout, stderr } = process;
    const child = await fork({ stdin: emptyReadable, stdout, stderr }, (shell, own) =>
      shell.runAlone(node, own),
    );
    const end = child.end;
    background.add(end);
    void end.then(() => background.delete(end));
    return 0;
  }

  async function pipeline(parts: readonly Node[], streams: Streams): Promise<number> {
    const children: FakeProcess[] = [];
    let { stdin } = streams;
    for (const [index, part] of parts.entries()) {
      const last = index === parts.length - 1;
      const pipe = createPipe();
      const own: Streams = { stdin, stdout: last ? streams.stdout : pipe.writer, stderr: streams.stderr };
      const child = await fork(own, (shell, forked) => shell.runAlone(part, forked));
      void child.end.then(() => {
        if (!last) pipe.writer.close();
        if (index > 0) own.stdin.close();
      });
      children.push(child);
      stdin = pipe.reader;
    }
    const codes: number[] = [];
    for (const child of children) codes.push(await waitFor(child));
    return codes.at(-1) ?? 0;
  }

  async function simple(
    words: readonly Word[],
    redirections: readonly Redirection[],
    streams: Streams,
  ): Promise<number> {
    const argv: string[] = [];
    for (const word of words) argv.push(await expand(word));
    return await dispatch(argv, await redirect(redirections, streams));
  }

  /** What is all that a forked process runs takes its place, as in a real shell: one process, not two. */
  async function runAlone(node: Node, streams: Streams): Promise<number> {
    if (node.type !== 'simple') return await run(node, streams);
    const argv: string[] = [];
    for (const word of node.words) argv.push(await expand(word));
    const redirected = await redirect(node.redirections, streams);
    const started = withoutLaunchers(argv);
    if (functions.has(argv[0] ?? '') || PROGRAMS[started[0] ?? ''] === undefined) {
      return await dispatch(argv, redirected);
    }
    process.command = started.join(' ');
    return await program(started, withStreams(process, redirected));
  }

  async function dispatch(argv: readonly string[], streams: Streams): Promise<number> {
    const [name = ':', first = ''] = argv;
    const body = functions.get(name);
    if (body !== undefined) return await list(body);
    switch (name) {
      case 'exit':
        throw new ExitShell(Number(first || lastCode));
      case 'trap':
        process.trap = first;
        return 0;
      case 'wait':
        return await waitForBackground();
      case 'exec':
        process.command = argv.slice(1).join(' ');
        throw new ExitShell(await program(argv.slice(1), withStreams(process, streams)));
      case 'kill':
      case ':':
      case 'true':
      case 'false':
      case 'echo':
      case 'pwd':
        // Built in: no process of its own.
        return await program(argv, withStreams(process, streams));
      default: {
        const started = withoutLaunchers(argv);
        if (PROGRAMS[started[0] ?? ''] === undefined) {
          await streams.stderr.write(Buffer.from(`sh: ${name}: not found\n`));
          return NOT_FOUND;
        }
        const child = await fork(streams, (shell, own) => shell.program(started, own), started.join(' '));
        return await waitFor(child);
      }
    }
  }

  async function program(argv: readonly string[], own: FakeProcess): Promise<number> {
    const run = PROGRAMS[argv[0] ?? ''];
    return run === undefined ? NOT_FOUND : await run(argv, own, sandbox);
  }

  async function waitForBackground(): Promise<number> {
    const trapped = Promise.withResolvers<void>();
    process.onTrap = trapped.resolve;
    if (process.trapped) trapped.resolve();
    await process.alive(Promise.race([Promise.all(background), trapped.promise]));
    process.onTrap = null;
    return 0;
  }

  async function runTrap(): Promise<void> {
    if (!process.trapped || process.trap === null) return;
    process.trapped = false;
    await list(parseShell(process.trap));
  }

  async function expand(word: Word): Promise<string> {
    let text = '';
    for (const part of word.parts) {
      if (part.type === 'text') text += part.text;
      else if (part.type === 'substitution') text += await capture(part.body);
      else if (part.name === '$') text += String(process.pid);
      else if (part.name === '?') text += String(lastCode);
      else text += process.environment[part.name] ?? '';
    }
    return text;
  }

  async function capture(body: List): Promise<string> {
    const chunks: Uint8Array[] = [];
    const stdout: Writable = {
      write: async (chunk) => chunks.push(chunk) > 0,
      close: () => undefined,
    };
    await waitFor(
      await fork({ stdin: process.stdin, stdout, stderr: process.stderr }, (shell) => shell.list(body)),
    );
    return Buffer.concat(chunks).toString().replace(/\n+$/, '');
  }

  async function redirect(redirections: readonly Redirection[], streams: Streams): Promise<Streams> {
    const own: Streams = { stdin: streams.stdin, stdout: streams.stdout, stderr: streams.stderr };
    for (const one of redirections) {
      if (one.type === 'document') own.stdin = fromText(`${one.text}\n`);
      else if (one.type === 'duplicate') {
        own[streamName(one.stream)] = own[streamName(one.to)];
      } else {
        const file = resolvePath(process, await expand(one.file));
        if (one.type !== 'read') own[streamName(one.stream)] = fileWriter(file, one.type === 'append');
        else if (file === '/dev/null') own.stdin = emptyReadable;
        else own.stdin = fromText(String(sandbox.files.get(file) ?? ''));
      }
    }
    return own;
  }

  function fileWriter(file: string, append: boolean): Writable {
    if (file === '/dev/null') return nullWritable;
    if (!append) store(sandbox, file, Buffer.alloc(0));
    return {
      write: async (chunk) =>
        store(sandbox, file, Buffer.concat([sandbox.files.get(file) ?? Buffer.alloc(0), chunk])),
      close: () => undefined,
    };
  }

  return { list, runAlone, program };
}

/** `env -i`, `setsid` and the like only change what the fake does not model. */
function withoutLaunchers(argv: readonly string[]): readonly string[] {
  const [name, first] = argv;
  if (name === 'setsid') return withoutLaunchers(argv.slice(1));
  if (name === 'env' && first === '-i') return withoutLaunchers(argv.slice(2));
  return argv;
}

function streamName(stream: 1 | 2): 'stdout' | 'stderr' {
  return stream === 1 ? 'stdout' : 'stderr';
}

/** The same process seen with other streams, for what runs without a process of its own. */
function withStreams(process: FakeProcess, streams: Streams): FakeProcess {
  return {
    ...process,
    ...streams,
    get ended() {
      return process.ended;
    },
  };
}
