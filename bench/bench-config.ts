import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type LoadedConfig, loadConfig } from '../src/config/load-config.ts';

/** A configuration in a new directory whose limits are out of the way; the directory is removed with `opened`. */
export async function benchConfig(
  opened: AsyncDisposableStack,
): Promise<{ config: LoadedConfig; env: Record<string, string> }> {
  const directory = await mkdtemp(path.join(tmpdir(), 'airlock-bench-'));
  opened.defer(() => rm(directory, { recursive: true, force: true }));
  const policy = path.join(directory, 'airlock.yaml');
  await writeFile(policy, 'limits: { maxAgents: 100, perPerson: 100, requestsPerMinute: 10000 }\n');
  const env = {
    PATH: process.env['PATH'] ?? '',
    AIRLOCK_DATA_DIR: directory,
    AIRLOCK_CONFIG: policy,
    AIRLOCK_ON_EXIT: 'stop',
    ...(process.env['AIRLOCK_RUNSC'] === undefined ? {} : { AIRLOCK_RUNSC: process.env['AIRLOCK_RUNSC'] }),
  };
  return { config: await loadConfig({ env, cwd: directory }), env };
}
