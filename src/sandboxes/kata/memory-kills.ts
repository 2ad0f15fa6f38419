import { hostCgroupFiles } from '../process-cgroup.ts';
import type { EngineClient } from './engine-cli.ts';
import { askInside } from './inside.ts';
import type { KataRecord } from './record.ts';

/**
 * Kills for memory that nobody has been told of. A sandbox with a cgroup of its own on the host is counted there; a virtual
 * machine kills inside, and its guest is asked.
 */
export interface MemoryKills {
  /** What was counted before is no later command's end. */
  begin(record: KataRecord): Promise<void>;
  /** Null when the host has counted none. */
  onHost(record: KataRecord | null): Promise<Record<string, unknown> | null>;
  /** Null when the guest has counted none, or the host counts. What is told here is not told again. */
  inGuest(
    client: EngineClient,
    name: string,
    record: KataRecord | null,
  ): Promise<Record<string, unknown> | null>;
  forget(containerId: string): void;
}

const ASK_SCRIPT =
  '/.airlock/busybox cat /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control 2>/dev/null; echo asked';

export function createMemoryKills(): MemoryKills {
  const told = new Map<string, number>();

  async function countOnHost(record: KataRecord | null): Promise<number | null> {
    if (record === null || record.cgroup === null) return null;
    return await (await hostCgroupFiles()).oomKills(record.cgroup);
  }

  return {
    async begin(record) {
      const count = await countOnHost(record);
      if (count !== null) told.set(record.containerId, count);
    },
    async onHost(record) {
      const count = await countOnHost(record);
      if (record === null || count === null) return null;
      return count > (told.get(record.containerId) ?? 0) ? { oomKills: count } : null;
    },
    async inGuest(client, name, record) {
      if (record === null || record.cgroup !== null) return null;
      const count = await countInGuest(client, name);
      const before = told.get(record.containerId) ?? 0;
      if (count === null || count <= before) return null;
      told.set(record.containerId, count);
      return { oomKillsInGuest: count };
    },
    forget: (containerId) => void told.delete(containerId),
  };
}

/** Of the guest's cgroup; null where it shows none. */
export async function countInGuest(client: EngineClient, name: string): Promise<number | null> {
  const result = await askInside(client, name, { user: { uid: 0, gid: 0 }, script: ASK_SCRIPT });
  const count = /^oom_kill (\d+)$/m.exec(result.stdout)?.[1];
  return count === undefined ? null : Number(count);
}
