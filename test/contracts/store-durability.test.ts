import { join } from 'node:path';
import { expect, test } from 'vitest';
import { verifyAudit } from '../../src/store/audit-verify.ts';
import { openDataDirectory } from '../../src/store/sqlite/data-directory.ts';
import { openStore, openStoreReadOnly } from '../../src/store/sqlite/open-store.ts';
import { startStoreProcess } from '../fixtures/store-process.ts';
import { temporaryDirectory } from '../fixtures/temporary-directory.ts';

const ROUNDS = 8;

test('keeps every transaction that was answered, whole, and a sound chain, however often it is killed', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'airlock.db');
  let promised = 0;
  for (let round = 1; round <= ROUNDS; round += 1) {
    await using writer = startStoreProcess(directory.path, 'write');
    const until = promised + round * 7;
    await writer.heard((message) => (message.committed ?? 0) >= until);
    await writer.kill();
    promised = Math.max(...writer.messages.map(({ committed }) => committed ?? 0));

    const store = await openStore({ path, dataDir: directory.path });
    const count = Number(await store.setting('count'));
    const agents = await store.agents({ limit: 100_000 });
    const actions = await store.actions({ limit: 100_000 });
    const events = await store.eventsAfter(0, 100_000);
    const verdict = await verifyAudit(store);
    await store.close();

    expect(count).toBeGreaterThanOrEqual(promised);
    expect(agents).toHaveLength(count);
    expect(actions).toHaveLength(count);
    expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: count }, (_, index) => index + 1));
    expect(verdict).toMatchObject({ intact: true, entries: count });
    promised = count;
  }
});

test('refuses a second process and names the first, until the first is killed', async () => {
  await using directory = await temporaryDirectory();
  await using first = startStoreProcess(directory.path, 'hold');
  await first.heard(({ owned }) => owned !== undefined);

  await using second = startStoreProcess(directory.path, 'hold');
  const refusal = await second.heard(({ failed }) => failed !== undefined);
  expect(refusal.failed).toBe('DATA_DIR_LOCKED');
  expect(refusal.message).toContain(`process ${first.pid}`);
  await expect(openDataDirectory(directory.path)).rejects.toMatchObject({ code: 'DATA_DIR_LOCKED' });

  await first.kill();
  const own = await openDataDirectory(directory.path);
  await own.close();
});

test('reads beside a process that writes: what is seen is whole, committed and never goes back', async () => {
  await using directory = await temporaryDirectory();
  await using writer = startStoreProcess(directory.path, 'write');
  await writer.heard(({ committed }) => committed === 5);

  const reader = await openStoreReadOnly({ path: join(directory.path, 'airlock.db') });
  let seen = 0;
  for (let look = 1; look <= 10; look += 1) {
    const promised = writer.messages.at(-1)?.committed ?? 0;
    const { seq } = await reader.auditHead();
    expect(seq).toBeGreaterThanOrEqual(Math.max(seen, promised));
    seen = seq;
    await writer.heard(({ committed }) => (committed ?? 0) > seen);
  }
  expect(await verifyAudit(reader)).toMatchObject({ intact: true });
  await reader.close();

  const before = writer.messages.length;
  await writer.heard(({ committed }) => (committed ?? 0) > seen + 5);
  expect(writer.messages.length).toBeGreaterThan(before);
});
