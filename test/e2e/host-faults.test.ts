import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { runOrThrow } from '../../src/lib/run.ts';
import { openStore } from '../../src/store/sqlite/open-store.ts';
import { startBot } from '../fixtures/live-bot.ts';
import { configure, operator } from '../fixtures/operator.ts';
import { type BotRun, createInstallation } from '../fixtures/run-bot.ts';

const LIST = '/agent list\n';

/** It did not start: nothing on standard output, one line that says why, no stack. */
function expectRefusal({ exitCode, stdout, stderr }: BotRun, ...says: RegExp[]): void {
  expect(exitCode).toBe(1);
  expect(stdout).toBe('');
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  for (const what of says) expect(stderr).toMatch(what);
}

async function mountSmall(path: string, options: string): Promise<void> {
  await mkdir(path, { recursive: true });
  await runOrThrow({ file: 'mount', args: ['-t', 'tmpfs', '-o', options, 'tmpfs', path], timeoutMs: 5000 });
  onTestFinished(async () => {
    await runOrThrow({ file: 'umount', args: [path], timeoutMs: 5000 });
  });
}

/** Every file under it with its content's hash. */
async function contents(directory: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    found[path] = createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
  }
  return found;
}

test('a configuration that is missing or broken is refused with its place, and nothing is made', async () => {
  const installation = await createInstallation();
  const missing = join(dirname(installation.dataDir), 'none.yaml');
  expectRefusal(await installation.pipe(LIST, { AIRLOCK_CONFIG: missing }), /none\.yaml/, /AIRLOCK_CONFIG/);

  await configure(installation, 'limits:\n  maxAgents: {\n');
  const syntax = await installation.pipe(LIST);
  expect(syntax).toMatchObject({ exitCode: 1, stdout: '' });
  expect(syntax.stderr).toMatch(/airlock\.yaml:\d+:\d+: correct the YAML/);

  await configure(installation, 'limits:\n  maxAgents: many\n');
  const schema = await installation.pipe(LIST);
  expectRefusal(schema, /airlock\.yaml:2:14 limits\.maxAgents = "many"/, /a whole number from 1 to 1000/);

  await expect(readdir(installation.dataDir)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a data directory that cannot be written is refused with its path and the reason in words', async () => {
  const installation = await createInstallation();
  const home = dirname(installation.dataDir);
  const file = join(home, 'file');
  await writeFile(file, '');
  const readOnly = join(home, 'read-only');
  await mountSmall(readOnly, 'ro');

  const inPlace = await installation.pipe(LIST, { AIRLOCK_DATA_DIR: file });
  const below = await installation.pipe(LIST, { AIRLOCK_DATA_DIR: join(file, 'data') });
  const mounted = await installation.pipe(LIST, { AIRLOCK_DATA_DIR: readOnly });

  expectRefusal(inPlace, /\/file: /, /is a file and no directory/, /AIRLOCK_DATA_DIR/);
  expectRefusal(below, /\/file\/data: /, /is a file and no directory/);
  expectRefusal(mounted, /\/read-only: /, /mounted read-only/);
});

test('a corrupt database is refused with the newest backup named, and not a byte is touched', async () => {
  const installation = await createInstallation();
  await installation.pipe(LIST);
  const database = join(installation.dataDir, 'airlock.db');
  {
    const store = await openStore({ path: database, dataDir: installation.dataDir });
    await store.backup('daily');
    await store.close();
  }
  const [newest = 'none'] = await readdir(join(installation.dataDir, 'backups'));
  {
    await using handle = await open(database, 'r+');
    await handle.write(Buffer.alloc(8000, 0xa5), 0, 8000, 120);
  }
  const before = await contents(installation.dataDir);

  const refused = await installation.pipe(LIST);

  expectRefusal(refused, /airlock\.db: /);
  expect(refused.stderr).toContain(newest);
  expect(await contents(installation.dataDir)).toEqual(before);
});

test('a database of a newer Airlock is refused and left as it is', async () => {
  const installation = await createInstallation();
  await installation.pipe(LIST);
  const database = new DatabaseSync(join(installation.dataDir, 'airlock.db'));
  database.exec('PRAGMA user_version = 99');
  database.close();
  const before = await contents(installation.dataDir);

  const refused = await installation.pipe(LIST);

  expectRefusal(refused, /schema has version 99/, /newer Airlock/);
  expect(await contents(installation.dataDir)).toEqual(before);
});

test('a full disk is told, loses nothing, and is over when there is space', async () => {
  const installation = await createInstallation();
  await mountSmall(installation.dataDir, 'size=24m');
  const bot = startBot(installation);
  await bot.ask('/agent list', /live agents/);
  const ballast = join(installation.dataDir, 'ballast');
  await runOrThrow({
    file: 'sh',
    args: ['-c', 'cat /dev/zero > "$0" 2>/dev/null || true', ballast],
    timeoutMs: 20_000,
  });

  await bot.ask('/agent create box --disk 16m', /^error: .*(disk is full|no space|free)/im);
  await bot.ask('/agent reload', /^error: .*(disk is full|no space|free)/im);
  await rm(ballast);
  await bot.ask('/agent list --all', /agent/);
  await bot.ask('/agent reload', /waiting for approval/);

  expect(await bot.end()).toBe(1);
  const verified = await operator(installation, 'audit', 'verify');
  expect(verified).toMatchObject({ exitCode: 0 });
  // The mount of the test itself.
  expect(await installation.leftovers()).toEqual([`mount ${installation.dataDir}`]);
});

test('doctor and the audit read beside a running bot', async () => {
  const installation = await createInstallation();
  const bot = startBot(installation);
  await bot.ask('/agent create box', /^Agent box: RUNNING/m);

  const [verify, exported, doctor] = await Promise.all([
    operator(installation, 'audit', 'verify'),
    operator(installation, 'audit', 'export'),
    operator(installation, 'doctor'),
  ]);

  expect(verify).toMatchObject({ exitCode: 0, stderr: '' });
  expect(exported.stdout).toContain('"action.submitted"');
  expect(doctor).toMatchObject({ exitCode: 0 });
  await bot.ask('/agent exec box -- echo still here', /^still here$/m);
  expect(await bot.end()).toBe(0);
});

test('a runsc that is not there is named, never looked for elsewhere', async () => {
  const installation = await createInstallation();

  const { exitCode, stdout } = await installation.pipe('/agent create box\n/agent list --all\n', {
    AIRLOCK_RUNSC: '/nonexistent',
  });

  expect(stdout).toMatch(
    /^error: no sandbox runtime: AIRLOCK_RUNSC=\/nonexistent is not a program.*install gVisor/im,
  );
  expect(stdout).not.toContain('not on PATH');
  expect(stdout).toContain('0 agents');
  expect(exitCode).toBe(1);
});
