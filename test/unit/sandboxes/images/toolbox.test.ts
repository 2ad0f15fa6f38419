import { execFileSync } from 'node:child_process';
import { copyFile, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { findStaticBinary, isStaticBinary } from '../../../../src/sandboxes/images/static-binary.ts';
import { ensureToolbox } from '../../../../src/sandboxes/images/toolbox.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'airlock-toolbox-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

it('holds a busybox and a tini that run without any library', async () => {
  const toolbox = await ensureToolbox(directory);
  expect((await readdir(toolbox)).toSorted()).toEqual(['busybox', 'tini']);
  expect(execFileSync(path.join(toolbox, 'busybox'), ['echo', 'hello'], { encoding: 'utf8' })).toBe(
    'hello\n',
  );
  expect(execFileSync(path.join(toolbox, 'tini'), ['--version'], { encoding: 'utf8' })).toContain('tini');
});

it('is left alone when it is there, and mended when a file is damaged', async () => {
  const toolbox = await ensureToolbox(directory);
  const before = await stat(path.join(toolbox, 'busybox'));
  await ensureToolbox(directory);
  expect((await stat(path.join(toolbox, 'busybox'))).ino).toBe(before.ino);
  await writeFile(path.join(toolbox, 'tini'), 'damaged');
  await ensureToolbox(directory);
  expect(await isStaticBinary(path.join(toolbox, 'tini'))).toBe(true);
});

it('takes only static programs', async () => {
  expect(await isStaticBinary(process.execPath)).toBe(false);
  await copyFile(process.execPath, path.join(directory, 'tool'));
  expect(await findStaticBinary(['tool'], directory)).toBeNull();
  await writeFile(path.join(directory, 'script'), '#!/bin/sh\n', { mode: 0o755 });
  expect(await findStaticBinary(['script'], directory)).toBeNull();
});
