import { mkdir, writeFile } from 'node:fs/promises';
import { describe, expect, it, vi } from 'vitest';
import { newContainerId } from '../../../../src/lib/ids.ts';
import { silentLogger } from '../../../../src/lib/logger.ts';
import { openCgroups } from '../../../../src/sandboxes/cgroups.ts';
import { removePlace } from '../../../../src/sandboxes/container-place.ts';
import { gvisorPaths } from '../../../../src/sandboxes/gvisor/paths.ts';
import { writeRecord } from '../../../../src/sandboxes/gvisor/record.ts';
import { watchSandbox } from '../../../../src/sandboxes/gvisor/watch.ts';
import type { SandboxExit } from '../../../../src/sandboxes/sandbox.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';
import { temporaryDirectory } from '../../../fixtures/temporary-directory.ts';

/** No process has it: the sandbox is gone. */
const NO_PID = 2 ** 30;

/** A sandbox whose process has ended, and a watch that has not looked yet. */
async function ended() {
  const directory = await temporaryDirectory();
  const paths = gvisorPaths(directory.path);
  const containerId = newContainerId();
  const place = paths.container(containerId);
  await mkdir(place.home, { recursive: true });
  await writeRecord(place, {
    containerId,
    pid: NO_PID,
    startTime: '1',
    name: 'box',
    environment: {},
    maxProcesses: 50,
    createdAt: 0,
    network: 'none',
  });
  const clock = createManualClock();
  const looked = Promise.withResolvers<void>();
  const cgroups = await openCgroups({ installationId: 'aaaaaaaa', mountPoint: directory.path });
  const exits: SandboxExit[] = [];
  const watch = watchSandbox(
    {
      paths,
      cgroups: async () => ({
        ...cgroups,
        oomKills: async () => {
          looked.resolve();
          return null;
        },
      }),
      clock,
      log: silentLogger,
    },
    containerId,
    (exit) => exits.push(exit),
  );
  return {
    place,
    exits,
    async look() {
      clock.advance(250);
      await looked.promise;
    },
    async [Symbol.asyncDispose]() {
      watch[Symbol.dispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

describe('the watch over a sandbox', () => {
  it('reports one whose process ended and that nobody asked to end', async () => {
    await using sandbox = await ended();

    await sandbox.look();

    await vi.waitFor(() => expect(sandbox.exits).toMatchObject([{ code: null, cause: 'sandbox-lost' }]));
  });

  it('does not report one that was asked to end', async () => {
    await using sandbox = await ended();
    await writeFile(sandbox.place.stopMark, '');

    await sandbox.look();
    await new Promise(setImmediate);

    expect(sandbox.exits).toEqual([]);
  });

  it('does not report one whose removal is half-way, when the mark is gone and the directory is not', async () => {
    await using sandbox = await ended();
    await removePlace(sandbox.place);
    await mkdir(sandbox.place.home);

    await sandbox.look();
    await new Promise(setImmediate);

    expect(sandbox.exits).toEqual([]);
  });
});
