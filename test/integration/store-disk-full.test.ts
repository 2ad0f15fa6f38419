import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runOrThrow } from '../../src/lib/run.ts';
import { verifyAudit } from '../../src/store/audit-verify.ts';
import { listBackups } from '../../src/store/sqlite/backup.ts';
import { openStore } from '../../src/store/sqlite/open-store.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../fixtures/temporary-directory.ts';

/** A small file system of its own, so that a full disk is a real one. */
async function smallDisk(megabytes: number): Promise<TemporaryDirectory> {
  const directory = await temporaryDirectory();
  const path = join(directory.path, 'disk');
  await mkdir(path);
  const mount = ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path];
  await runOrThrow({ file: 'mount', args: mount, timeoutMs: 5_000 });
  return {
    path,
    async [Symbol.asyncDispose]() {
      await runOrThrow({ file: 'umount', args: [path], timeoutMs: 5_000 });
      await directory[Symbol.asyncDispose]();
    },
  };
}

/** Mounting takes root. */
const cannotMount = process.getuid?.() !== 0;

test.skipIf(cannotMount)(
  'refuses with DISK_FULL what does not fit, keeps the rest whole, and goes on once there is space',
  async () => {
    await using disk = await smallDisk(4);
    const ballast = join(disk.path, 'ballast');
    await writeFile(ballast, Buffer.alloc(2 * 1024 * 1024, 1));
    const store = await openStore({ path: join(disk.path, 'airlock.db'), dataDir: disk.path });
    const write = (name: string) =>
      store.transaction(async (tx) => {
        await tx.setSetting(name, 'x'.repeat(100_000));
        await tx.appendAudit({ type: 'x', actionId: null, agentId: null, actor: 'system', data: { name } });
      });

    const outcomes = [];
    for (let index = 0; index < 30; index += 1)
      outcomes.push(...(await Promise.allSettled([write(`one-${index}`)])));
    const together = Array.from({ length: 10 }, (_, index) => write(`many-${index}`));
    outcomes.push(...(await Promise.allSettled(together)));

    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'DISK_FULL' });
    const kept = outcomes.length - refused.length;
    expect(await verifyAudit(store)).toMatchObject({ intact: true, entries: kept });

    await rm(ballast);
    await write('after');
    expect(await store.setting('after')).toHaveLength(100_000);
    await store.close();

    const again = await openStore({ path: join(disk.path, 'airlock.db'), dataDir: disk.path });
    expect(await verifyAudit(again)).toMatchObject({ intact: true, entries: kept + 1 });
    await again.close();
  },
);

test.skipIf(cannotMount)(
  'refuses a backup that does not fit before it begins, and leaves nothing of it',
  async () => {
    await using disk = await smallDisk(4);
    const store = await openStore({ path: join(disk.path, 'airlock.db'), dataDir: disk.path });
    await expect(store.backup('daily')).rejects.toMatchObject({ code: 'DISK_FULL' });
    expect(await listBackups(disk.path)).toEqual([]);
    await store.close();
  },
);
