import { mkdir, readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeDurably } from '../../../src/lib/durable-file.ts';
import { temporaryDirectory } from '../../fixtures/temporary-directory.ts';

test('writes a file for its owner alone, replaces it whole, and leaves nothing beside it', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'file');
  await writeDurably(path, 'first and longer');
  await writeDurably(path, new TextEncoder().encode('second'));
  expect(await readFile(path, 'utf8')).toBe('second');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(directory.path)).toEqual(['file']);
});

test('leaves nothing behind when it fails', async () => {
  await using directory = await temporaryDirectory();
  await mkdir(join(directory.path, 'taken'));
  await expect(writeDurably(join(directory.path, 'taken'), 'x')).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST/);
  expect(await readdir(directory.path)).toEqual(['taken']);
});
