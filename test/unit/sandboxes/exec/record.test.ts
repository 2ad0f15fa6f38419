import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  execFiles,
  listExecRecords,
  readExecRecord,
  removeExecFiles,
  writeExecRecord,
} from '../../../../src/sandboxes/exec/record.ts';

const ID = 'a123456789012345';
let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'airlock-record-'));
});
afterEach(() => rm(directory, { recursive: true }));

test('is found again with the pid as soon as runsc has written it, and leaves nothing', async () => {
  const files = execFiles(directory, ID);
  writeExecRecord(files, { execId: ID, spawnedAt: 5 });
  expect(readExecRecord(files)).toEqual({ execId: ID, spawnedAt: 5, pid: null });

  await writeFile(files.pid, '');
  expect(readExecRecord(files)?.pid).toBeNull();
  await writeFile(files.pid, '17');
  expect(await listExecRecords(directory)).toEqual([{ execId: ID, spawnedAt: 5, pid: 17, files }]);

  removeExecFiles(files);
  expect(await readdir(directory)).toEqual([]);
});

test('other directories and one of a bot that died before the start are no executions', async () => {
  await mkdir(path.join(directory, 'pipes'));
  await mkdir(path.join(directory, ID));
  expect(await listExecRecords(directory)).toEqual([]);
  expect(await listExecRecords(path.join(directory, 'nothing'))).toEqual([]);
});
