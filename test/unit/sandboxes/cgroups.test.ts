import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { HOST_PIDS_FENCE, openCgroups } from '../../../src/sandboxes/cgroups.ts';
import { temporaryDirectory } from '../../fixtures/temporary-directory.ts';

const ID = 'abcdefghijklmnopqrstuvwxyz';
const PARENT = 'airlock-inst0001';
/** No process has it: above the largest pid. */
const PID = 5_000_000;
const LIMITS = { cpuCores: 1.5, memoryMb: 512, diskMb: 64, networkEnabled: false, maxProcesses: 50 };
const MEMORY_BYTES = String(512 * 1024 * 1024);
const V1_NO_LIMIT = '9223372036854771712';

async function write(root: string, files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(root, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, `${text}\n`);
  }
}

const v1 = (more: Record<string, string> = {}) => ({
  [`cpu/${PARENT}/${ID}/cgroup.procs`]: String(PID),
  [`cpu/${PARENT}/${ID}/cpu.cfs_quota_us`]: '150000',
  [`cpu/${PARENT}/${ID}/cpu.cfs_period_us`]: '100000',
  [`cpuacct/${PARENT}/${ID}/cgroup.procs`]: String(PID),
  [`cpuacct/${PARENT}/${ID}/cpuacct.usage`]: '2500000000',
  [`memory/${PARENT}/${ID}/cgroup.procs`]: String(PID),
  [`memory/${PARENT}/${ID}/memory.limit_in_bytes`]: MEMORY_BYTES,
  [`memory/${PARENT}/${ID}/memory.usage_in_bytes`]: '30000000',
  [`memory/${PARENT}/${ID}/memory.stat`]: 'cache 9\ntotal_inactive_file 10000000',
  [`memory/${PARENT}/${ID}/memory.oom_control`]: 'oom_kill_disable 0\nunder_oom 0\noom_kill 2',
  [`pids/${PARENT}/${ID}/cgroup.procs`]: String(PID),
  [`pids/${PARENT}/${ID}/pids.max`]: String(HOST_PIDS_FENCE),
  ...more,
});

const v2 = (more: Record<string, string> = {}) => ({
  'cgroup.controllers': 'cpu memory pids',
  [`${PARENT}/${ID}/cgroup.procs`]: `1\n${PID}`,
  [`${PARENT}/${ID}/cpu.max`]: '150000 100000',
  [`${PARENT}/${ID}/cpu.stat`]: 'usage_usec 2500000\nuser_usec 1',
  [`${PARENT}/${ID}/memory.max`]: MEMORY_BYTES,
  [`${PARENT}/${ID}/memory.current`]: '30000000',
  [`${PARENT}/${ID}/memory.stat`]: 'anon 1\ninactive_file 10000000',
  [`${PARENT}/${ID}/memory.events`]: 'low 0\nhigh 0\nmax 7\noom 2\noom_kill 2',
  [`${PARENT}/${ID}/pids.max`]: String(HOST_PIDS_FENCE),
  ...more,
});

async function open(root: string, files: Record<string, string>) {
  await write(root, files);
  return openCgroups({ installationId: 'inst0001', mountPoint: root });
}

describe.each([
  { version: 'v1', tree: v1, memory: `memory/${PARENT}/${ID}/memory.limit_in_bytes`, none: V1_NO_LIMIT },
  { version: 'v2', tree: v2, memory: `${PARENT}/${ID}/memory.max`, none: 'max' },
] as const)('cgroups $version', ({ version, tree, memory, none }) => {
  it('is told by what is mounted', async () => {
    await using directory = await temporaryDirectory();

    expect((await open(directory.path, tree())).version).toBe(version);
  });

  it('finds every limit in force when the files say so and the sandbox is a member', async () => {
    await using directory = await temporaryDirectory();
    const cgroups = await open(directory.path, tree());

    expect(await cgroups.unenforced(ID, LIMITS, PID)).toEqual([]);
  });

  it('finds a limit that is not there, by its name', async () => {
    await using directory = await temporaryDirectory();
    const cgroups = await open(directory.path, tree({ [memory]: none }));

    expect((await cgroups.unenforced(ID, LIMITS, PID)).map(({ limit }) => limit)).toEqual(['memory']);
  });

  it('finds limits that are weaker than asked', async () => {
    await using directory = await temporaryDirectory();
    const cgroups = await open(directory.path, tree());

    const found = await cgroups.unenforced(ID, { ...LIMITS, cpuCores: 1, memoryMb: 256 }, PID);

    expect(found.map(({ limit }) => limit)).toEqual(['cpu', 'memory']);
  });

  it('finds nothing in force for a process that is elsewhere', async () => {
    await using directory = await temporaryDirectory();
    const cgroups = await open(directory.path, tree());

    const found = await cgroups.unenforced(ID, LIMITS, PID + 1);

    expect(found.map(({ limit }) => limit)).toEqual(['cpu', 'memory', 'processes']);
  });

  it('reads how often the kernel killed for memory, and null where that cannot be told', async () => {
    await using directory = await temporaryDirectory();
    const cgroups = await open(directory.path, tree());

    expect(await cgroups.oomKills(ID)).toBe(2);
    expect(await cgroups.oomKills('zbcdefghijklmnopqrstuvwxyz')).toBeNull();
  });

  it('measures use without the page cache that can be dropped', async () => {
    await using directory = await temporaryDirectory();
    const cgroups = await open(directory.path, tree());

    expect(await cgroups.usage(ID)).toEqual({ cpuSeconds: 2.5, memoryBytes: 20_000_000 });
  });

  it('lists the containers of this installation only', async () => {
    await using directory = await temporaryDirectory();
    const other = version === 'v1' ? `memory/airlock-other001/${ID}/x` : `airlock-other001/${ID}/x`;
    const cgroups = await open(directory.path, tree({ [other]: '' }));

    expect(await cgroups.list()).toEqual([ID]);
  });
});

describe('cgroups', () => {
  it('says that nothing is in force on a host without a hierarchy', async () => {
    await using directory = await temporaryDirectory();
    const cgroups = await openCgroups({ installationId: 'inst0001', mountPoint: directory.path });

    expect(cgroups.version).toBe('none');
    expect(await cgroups.unenforced(ID, LIMITS, PID)).toHaveLength(3);
    expect(await cgroups.left(ID)).toEqual([]);
  });

  it('removes an empty stale group before its path is used: limits are not applied to one that exists', async () => {
    await using directory = await temporaryDirectory();
    await write(directory.path, { 'cgroup.controllers': 'cpu memory pids' });
    await mkdir(path.join(directory.path, PARENT, ID), { recursive: true });
    const cgroups = await openCgroups({ installationId: 'inst0001', mountPoint: directory.path });

    await cgroups.prepare(ID);

    expect(await readdir(path.join(directory.path, PARENT))).not.toContain(ID);
  });

  it('asks v2 to hand the controllers down', async () => {
    await using directory = await temporaryDirectory();
    await write(directory.path, { 'cgroup.controllers': 'cpu memory pids' });
    const cgroups = await openCgroups({ installationId: 'inst0001', mountPoint: directory.path });

    await cgroups.prepare(ID);

    // A plain file keeps the last of the three writes.
    expect(await readFile(path.join(directory.path, PARENT, 'cgroup.subtree_control'), 'utf8')).toBe('+pids');
  });

  it('limits swap only where the host counts it', async () => {
    await using directory = await temporaryDirectory();
    await write(directory.path, { 'memory/memory.memsw.limit_in_bytes': '1', 'cpu/x': '' });
    await using without = await temporaryDirectory();
    await write(without.path, { 'memory/memory.limit_in_bytes': '1', 'cpu/x': '' });

    const counted = await openCgroups({ installationId: 'inst0001', mountPoint: directory.path });
    const not = await openCgroups({ installationId: 'inst0001', mountPoint: without.path });

    expect(await counted.prepare(ID)).toEqual({ limitsSwap: true });
    expect(await not.prepare(ID)).toEqual({ limitsSwap: false });
  });
});
