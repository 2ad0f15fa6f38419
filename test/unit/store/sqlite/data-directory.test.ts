import { mkdir, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDataDirectory, readInstallationId } from '../../../../src/store/sqlite/data-directory.ts';
import { temporaryDirectory } from '../../../fixtures/temporary-directory.ts';

test('makes the directory for its owner alone, with an installation id that stays', async () => {
  await using parent = await temporaryDirectory();
  const path = join(parent.path, 'deep', 'data');
  const first = await openDataDirectory(path);
  await first.close();
  const second = await openDataDirectory(path);
  await second.close();

  expect((await stat(path)).mode & 0o777).toBe(0o700);
  expect(first.installationId).toMatch(/^[a-z][a-z0-9]{7}$/);
  expect(second.installationId).toBe(first.installationId);
  expect(await readInstallationId(path)).toBe(first.installationId);
  expect((await readdir(path)).toSorted()).toEqual(['installation-id', 'lock']);
});

test('refuses a directory this process holds already, names it, and gives it up on close', async () => {
  await using parent = await temporaryDirectory();
  const first = await openDataDirectory(parent.path);
  const refusal = openDataDirectory(parent.path);
  await expect(refusal).rejects.toMatchObject({
    code: 'DATA_DIR_LOCKED',
    message: expect.stringContaining(`process ${process.pid} uses it`),
    hint: expect.stringContaining('AIRLOCK_DATA_DIR'),
  });
  expect((await readFile(join(parent.path, 'lock.pid'), 'utf8')).trim()).toBe(String(process.pid));
  await first.close();
  await first.close();
  await (await openDataDirectory(parent.path)).close();
});

test('keeps the lock when another attempt was refused', async () => {
  await using parent = await temporaryDirectory();
  const first = await openDataDirectory(parent.path);
  for (let attempt = 0; attempt < 3; attempt += 1) {
    await expect(openDataDirectory(parent.path)).rejects.toMatchObject({ code: 'DATA_DIR_LOCKED' });
  }
  await first.close();
});

test.each([
  ['is a file', (parent: string) => join(parent, 'file')],
  ['lies below a file', (parent: string) => join(parent, 'file', 'data')],
  ['lies where no directory can be made', () => '/proc/no-such-place/data'],
])('says what to do when the path %s', async (_, choose) => {
  await using parent = await temporaryDirectory();
  await writeFile(join(parent.path, 'file'), 'x');
  const path = choose(parent.path);
  await expect(openDataDirectory(path)).rejects.toMatchObject({
    code: 'DATA_DIR_UNUSABLE',
    message: expect.stringContaining(path),
    hint: expect.stringContaining('AIRLOCK_DATA_DIR'),
  });
});

test('is not held up by what a killed owner left, and does not name that owner', async () => {
  await using parent = await temporaryDirectory();
  await writeFile(join(parent.path, 'lock'), '');
  await writeFile(join(parent.path, 'lock.pid'), '4194304999\n');
  const directory = await openDataDirectory(parent.path);
  await writeFile(join(parent.path, 'lock.pid'), '4194304999\n');
  await expect(openDataDirectory(parent.path)).rejects.toMatchObject({
    code: 'DATA_DIR_LOCKED',
    message: expect.stringContaining('another process'),
  });
  await directory.close();
});

test('refuses a damaged installation id rather than forgetting which sandboxes are its own', async () => {
  await using parent = await temporaryDirectory();
  await writeFile(join(parent.path, 'installation-id'), '../../etc\n');
  await expect(openDataDirectory(parent.path)).rejects.toMatchObject({ code: 'DATA_DIR_UNUSABLE' });
  await writeFile(join(parent.path, 'installation-id'), 'abcd1234\n');
  const directory = await openDataDirectory(parent.path);
  expect(directory.installationId).toBe('abcd1234');
  await directory.close();
});

test('knows no installation id where Airlock has never run', async () => {
  await using parent = await temporaryDirectory();
  expect(await readInstallationId(parent.path)).toBeNull();
});

test('says what to do when the lock itself cannot be used', async () => {
  await using parent = await temporaryDirectory();
  await mkdir(join(parent.path, 'lock'));
  await expect(openDataDirectory(parent.path)).rejects.toMatchObject({
    code: 'DATA_DIR_UNUSABLE',
    hint: expect.stringContaining('lock'),
  });
  await rm(join(parent.path, 'lock'), { recursive: true });
  await (await openDataDirectory(parent.path)).close();
});
