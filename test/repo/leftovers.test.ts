import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'airlock-leftovers-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

function leftovers() {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/leftovers.ts', directory], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] },
    timeout: 15_000,
  });
  return { status, stderr };
}

it('says nothing of a run that left nothing, and removes its directory', async () => {
  await writeFile(path.join(directory, 'installations'), '');

  expect(leftovers()).toEqual({ status: 0, stderr: '' });
  expect(existsSync(directory)).toBe(false);
});

it('fails a run that left a file and a process, names them and ends them', async () => {
  await writeFile(path.join(directory, 'forgotten'), '');
  const left = spawn('sleep', ['1000'], { env: { TMPDIR: `${directory}/` }, stdio: 'ignore' });
  const ended = once(left, 'exit');

  const { status, stderr } = leftovers();

  expect(status).toBe(1);
  expect(stderr).toBe(
    `the tests left behind:\n  process ${left.pid} sleep 1000\n  file ${directory}/forgotten\n`,
  );
  expect(await ended).toEqual([null, 'SIGKILL']);
  expect(existsSync(directory)).toBe(false);
});
