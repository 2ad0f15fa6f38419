import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { CgroupFiles } from './cgroups.ts';
import { v1Files } from './cgroups-v1.ts';
import { v2Files } from './cgroups-v2.ts';

const MOUNT_POINT = '/sys/fs/cgroup';

/** The hierarchy of this host, for groups that somebody else has made. Hybrid hosts count as v1. */
export async function hostCgroupFiles(): Promise<CgroupFiles> {
  const unified = await stat(path.join(MOUNT_POINT, 'cgroup.controllers')).then(
    () => true,
    () => false,
  );
  return unified ? v2Files(MOUNT_POINT) : await v1Files(MOUNT_POINT);
}

/** The group of a process that counts its memory, relative to the hierarchy; null when it cannot be told. */
export async function cgroupOf(pid: number): Promise<string | null> {
  return parseCgroup(await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => ''));
}

/** `12:memory:/a/b` of v1, else `0::/a/b` of v2. */
export function parseCgroup(text: string): string | null {
  const lines = text.split('\n').map((line) => /^\d+:([^:]*):\/(.+)$/.exec(line));
  const found =
    lines.find((line) => line?.[1]?.split(',').includes('memory')) ?? lines.find((line) => line?.[1] === '');
  return found?.[2] ?? null;
}
