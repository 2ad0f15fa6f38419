import { constants } from 'node:fs';
import { access, mkdtemp, readFile, rm, stat, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type LoadedConfig, loadConfig } from '../config/load-config.ts';
import { type AppError, toAppError } from '../errors.ts';
import { systemClock } from '../lib/clock.ts';
import { randomId } from '../lib/ids.ts';
import { silentLogger } from '../lib/logger.ts';
import { SAFE_PATH } from '../lib/run.ts';
import { channelHealthSetting, readChannelHealth } from '../model/channel-health.ts';
import { openCgroups } from '../sandboxes/cgroups.ts';
import { findStaticBinary } from '../sandboxes/images/static-binary.ts';
import { createNetworks } from '../sandboxes/networks/network.ts';
import { driverRegistry } from '../sandboxes/registry.ts';
import type { RuntimeInfo } from '../sandboxes/sandbox.ts';
import { DATABASE_FILE } from '../store/sqlite/data-directory.ts';
import { openStoreReadOnly } from '../store/sqlite/open-store.ts';
import type { Facts } from './facts.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const PROGRAMS = [
  { program: 'mkfs.ext4', debianPackage: 'e2fsprogs' },
  { program: 'mount', debianPackage: 'mount' },
  { program: 'losetup', debianPackage: 'mount' },
  { program: 'ip', debianPackage: 'iproute2' },
  { program: 'nft', debianPackage: 'nftables' },
] as const;
const STATIC_PROGRAMS = [
  { program: 'busybox', names: ['busybox', 'busybox.static'], debianPackage: 'busybox-static' },
  { program: 'tini', names: ['tini-static', 'tini'], debianPackage: 'tini' },
] as const;
const SHOWN_DEAD_DELIVERIES = 20;

/** Asks this host. Everything made on the way lies in a directory of its own, so a running bot is not disturbed. */
export async function hostFacts(options: { env: Environment; cwd: string }): Promise<Facts> {
  const isRoot = process.getuid?.() === 0;
  const { config, configError } = await configuration(options);
  const dataDir = config?.dataDir ?? path.resolve(options.cwd, options.env['AIRLOCK_DATA_DIR'] ?? 'data');
  const tried = await trySandboxes(options.env, isRoot);
  return {
    isRoot,
    nodeVersion: process.version,
    config,
    configError,
    ...tried,
    missingPrograms: await missingPrograms(),
    fileSystems: await fileSystems(),
    hasLoopDevices: await exists('/dev/loop-control'),
    hasTini: await belowSubreaper(),
    dataDir: await describeDataDir(dataDir),
    now: systemClock.now(),
    ...(await fromDatabase(path.join(dataDir, DATABASE_FILE), config?.channels ?? [])),
  };
}

async function configuration(options: {
  env: Environment;
  cwd: string;
}): Promise<{ config: LoadedConfig | null; configError: AppError | null }> {
  try {
    return { config: await loadConfig(options), configError: null };
  } catch (error) {
    return { config: null, configError: toAppError(error) };
  }
}

/** Under an installation id and a data directory of its own: the bot's recovery must not take the probes for its own. */
async function trySandboxes(
  env: Environment,
  isRoot: boolean,
): Promise<Pick<Facts, 'runtimes' | 'cgroups' | 'network'>> {
  const installationId = randomId(8);
  const dataDir = await mkdtemp(path.join(tmpdir(), 'airlock-doctor-'));
  const log = silentLogger;
  try {
    const cgroups = await openCgroups({ installationId });
    const network = isRoot
      ? await createNetworks({ installationId, log }).probe()
      : { usable: false, reason: 'not tried: it needs root' };
    const context = { dataDir, installationId, nodeId: 'doctor', environment: env, log, clock: systemClock };
    const runtimes: RuntimeInfo[] = [];
    for (const factory of driverRegistry) runtimes.push(await factory.create(context).detect());
    if (isRoot) await cgroups.removeParent();
    return { runtimes, cgroups: cgroups.version, network };
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function missingPrograms(): Promise<{ program: string; debianPackage: string }[]> {
  const plain = await Promise.all(
    PROGRAMS.map(async ({ program, debianPackage }) => ({
      program,
      debianPackage,
      there: await onPath(program),
    })),
  );
  const fixed = await Promise.all(
    STATIC_PROGRAMS.map(async ({ program, names, debianPackage }) => ({
      program: `static ${program}`,
      debianPackage,
      there: (await findStaticBinary(names)) !== null,
    })),
  );
  return [...plain, ...fixed].flatMap(({ there, program, debianPackage }) =>
    there ? [] : [{ program, debianPackage }],
  );
}

async function onPath(program: string): Promise<boolean> {
  const found = await Promise.all(
    SAFE_PATH.split(':').map((directory) => exists(path.join(directory, program), constants.X_OK)),
  );
  return found.includes(true);
}

async function fileSystems(): Promise<string[]> {
  const text = await readFile('/proc/filesystems', 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => line.split('\t').at(-1) ?? []);
}

/** `npm start` and `npm run airlock` put tini above; its name is in the command line of the parent or of PID 1. */
async function belowSubreaper(): Promise<boolean> {
  const names = await Promise.all(
    [process.ppid, 1].map((pid) => readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')),
  );
  return names.some((name) => /^(tini|docker-init|catatonit|dumb-init|systemd|init)\b/.test(name));
}

async function describeDataDir(directory: string): Promise<Facts['dataDir']> {
  let there = directory;
  while (!(await exists(there)) && path.dirname(there) !== there) there = path.dirname(there);
  const { bavail, bsize } = await statfs(there);
  const isDirectory = (await stat(there)).isDirectory();
  const writable = isDirectory && (await exists(there, constants.W_OK));
  return {
    path: directory,
    freeBytes: bavail * bsize,
    state: writable ? (there === directory ? 'writable' : 'missing') : 'unwritable',
    usedBy: await livingOwner(path.join(directory, 'lock.pid')),
  };
}

/** Reads the note beside the lock; the lock itself is not touched, or a bot that starts now would be refused. */
async function livingOwner(pidFile: string): Promise<number | null> {
  const pid = Number((await readFile(pidFile, 'utf8').catch(() => '')).trim());
  return Number.isSafeInteger(pid) && pid > 0 && (await exists(`/proc/${pid}`)) ? pid : null;
}

async function fromDatabase(
  databasePath: string,
  channels: readonly string[],
): Promise<Pick<Facts, 'deadDeliveries' | 'channelHealth'>> {
  if (!(await exists(databasePath))) return { deadDeliveries: null, channelHealth: [] };
  try {
    const store = await openStoreReadOnly({ path: databasePath });
    try {
      const channelHealth = [];
      for (const name of channels) {
        const told = await store.setting(channelHealthSetting(name));
        channelHealth.push({ name, health: readChannelHealth(told) });
      }
      return { deadDeliveries: await store.deadDeliveries(SHOWN_DEAD_DELIVERIES), channelHealth };
    } finally {
      await store.close();
    }
  } catch (error) {
    return { deadDeliveries: toAppError(error), channelHealth: [] };
  }
}

async function exists(file: string, mode: number = constants.F_OK): Promise<boolean> {
  try {
    await access(file, mode);
    return true;
  } catch {
    // Not there or not allowed: for this question the same.
    return false;
  }
}
