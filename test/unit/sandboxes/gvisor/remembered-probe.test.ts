import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import {
  forgetProbe,
  probeKey,
  type Proven,
  recallProbe,
  rememberProbe,
} from '../../../../src/sandboxes/gvisor/remembered-probe.ts';
import { temporaryDirectory } from '../../../fixtures/temporary-directory.ts';

const PROVEN: Proven = {
  platform: 'systrap',
  unenforced: [{ limit: 'cpu', reason: 'asked 1 cores, in force none' }],
  network: { mode: 'none', reason: 'runsc: no route' },
};

it('recalls under the same key what was proven, and under another nothing', async () => {
  await using directory = await temporaryDirectory();
  await rememberProbe(directory.path, 'key', PROVEN);

  expect(await recallProbe(directory.path, 'key')).toEqual(PROVEN);
  expect(await recallProbe(directory.path, 'another')).toBeNull();
});

it('recalls nothing once it was told to forget, also when there is nothing to forget', async () => {
  await using directory = await temporaryDirectory();
  await rememberProbe(directory.path, 'key', PROVEN);

  await forgetProbe(directory.path);
  await forgetProbe(directory.path);

  expect(await recallProbe(directory.path, 'key')).toBeNull();
});

it.each([
  ['cut short', '{"key":"key","prov'],
  ['of another version', '{"key":"key","proven":{"platform":"systrap"}}'],
])('recalls nothing from a file that is %s', async (_, content) => {
  await using directory = await temporaryDirectory();
  await rememberProbe(directory.path, 'key', PROVEN);
  const [file = ''] = await readdir(directory.path);
  await writeFile(path.join(directory.path, file), content);

  expect(await recallProbe(directory.path, 'key')).toBeNull();
});

it('has another key for another version, another setting and another file', async () => {
  await using directory = await temporaryDirectory();
  const binary = path.join(directory.path, 'runsc');
  const facts = { binary, version: '1', cgroups: 'v2', hostNetwork: undefined };
  await writeFile(binary, 'one');
  const key = await probeKey(facts);

  expect(await probeKey(facts)).toBe(key);
  expect(await probeKey({ ...facts, version: '2' })).not.toBe(key);
  expect(await probeKey({ ...facts, hostNetwork: 'allow' })).not.toBe(key);
  await writeFile(binary, 'another');
  expect(await probeKey(facts)).not.toBe(key);
});
