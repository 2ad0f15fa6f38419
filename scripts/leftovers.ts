/**
 * After a run of the tests: tells on standard error what they left on this host and removes it. `leftovers.ts <directory>`, the
 * temporary directory of that run; its file `installations` holds the ids that the tests noted. Ends with 1 when anything was left.
 */
import { glob, readdir, readFile, rm } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { run } from '../src/lib/run.ts';
import { hostLeftovers } from '../test/fixtures/host-leftovers.ts';

/** What is ending by itself when the run ends has this long. */
const ENDING_MS = 2000;
const LOOK_EVERY_MS = 50;
/** One thing often holds another: a process its mount, a mount its loop device. */
const REMOVAL_ROUNDS = 20;

const PROCESS = /^process (\d+)/;
/** In the order of removal, after the processes; what is not here goes with the directory. */
const REMOVERS: readonly [RegExp, (match: string) => readonly [string, ...string[]]][] = [
  [/^mount (.+)/, (point) => ['umount', point]],
  [/^loop device of (.+)/, (file) => ['sh', '-c', 'losetup -n -O NAME -j "$0" | xargs -r losetup -d', file]],
  [/^cgroup (.+)/, (path) => ['rmdir', path]],
  [/^network namespace (.+)/, (name) => ['ip', 'netns', 'delete', name]],
  [/^interface (.+)/, (name) => ['ip', 'link', 'delete', name]],
  [/^firewall (.+)/, (table) => ['nft', 'delete', ...table.split(' ')]],
];

async function look(directory: string): Promise<string[]> {
  const found = new Set(await processesOf(directory));
  for (const installationId of await installations(directory)) {
    for (const line of await hostLeftovers({ dataDir: directory, installationId })) found.add(line);
  }
  const files = await readdir(directory).catch(() => []);
  for (const name of files) if (name !== 'installations') found.add(`file ${directory}/${name}`);
  return [...found];
}

/** Whatever inherited the run's environment, or was given a place in the directory by it. */
async function processesOf(directory: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found: string[] = [];
  for (const pid of pids) {
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    const args = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    const named = `process ${pid} ${args.replaceAll('\0', ' ').trim().slice(0, 200)}`;
    if (`${environment}${args}`.includes(`${directory}/`)) found.push(named);
  }
  return found;
}

/** Those noted, and those of data directories that are still there. */
async function installations(directory: string): Promise<string[]> {
  const files = [`${directory}/installations`];
  for await (const file of glob(`${directory}/**/installation-id`)) files.push(file);
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')));
  return [...new Set(texts.join('\n').split('\n'))].filter((id) => id !== '');
}

async function lookUntilQuiet(directory: string): Promise<string[]> {
  const deadline = performance.now() + ENDING_MS;
  for (;;) {
    const found = await look(directory);
    if (found.every(isFile) || performance.now() > deadline) return found;
    await setTimeout(LOOK_EVERY_MS);
  }
}

function isFile(line: string): boolean {
  return line.startsWith('file ');
}

/** Without a program for it: `kill` is not on every host. */
function killProcess(pid: number): void {
  if (pid <= 1) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone meanwhile.
  }
}

/** What is still there afterwards. */
async function remove(directory: string): Promise<string[]> {
  for (let round = 0; round < REMOVAL_ROUNDS; round += 1) {
    const found = await look(directory);
    const removable = [PROCESS, ...REMOVERS.map(([pattern]) => pattern)];
    if (found.every((line) => !removable.some((pattern) => pattern.test(line)))) break;
    for (const line of found) killProcess(Number(PROCESS.exec(line)?.[1] ?? 0));
    // The deepest first: a mount on a mount, a cgroup in a cgroup.
    found.sort((one, other) => other.length - one.length);
    for (const [pattern, command] of REMOVERS) {
      for (const line of found) {
        const named = pattern.exec(line)?.[1];
        if (named === undefined) continue;
        const [file, ...args] = command(named);
        // What cannot be removed yet is found again in the next round.
        await run({ file, args, timeoutMs: 10_000 });
      }
    }
    await setTimeout(LOOK_EVERY_MS);
  }
  const held = (await look(directory)).filter((line) => !/^(?:file|bundle|runtime record) /.test(line));
  // Never through a mount.
  if (!held.some((line) => line.startsWith('mount '))) await rm(directory, { recursive: true, force: true });
  return held;
}

const [directory] = process.argv.slice(2);
if (directory === undefined) throw new Error('usage: leftovers.ts <directory>');
const found = await lookUntilQuiet(directory);
const held = await remove(directory);
if (found.length > 0) {
  console.error(`the tests left behind:\n${found.map((line) => `  ${line}`).join('\n')}`);
  process.exitCode = 1;
}
if (held.length > 0)
  console.error(`and could not be removed:\n${held.map((line) => `  ${line}`).join('\n')}`);
