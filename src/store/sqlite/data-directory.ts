import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { AppError } from '../../errors.ts';
import { writeDurably } from '../../lib/durable-file.ts';
import { randomId } from '../../lib/ids.ts';
import { errorCode, fromFileError, usingFiles } from './file-error.ts';
import { lockDirectory } from './lock.ts';

/** The one place everything of an installation lies under. Held by this process until `close`. */
export interface DataDirectory {
  /** Absolute. */
  readonly path: string;
  /** `<path>/airlock.db` */
  readonly databasePath: string;
  /** 8 characters `[a-z0-9]`, a letter first: prefixes every name that is host-wide, so that two installations never meet. */
  readonly installationId: string;
  /** Gives the directory up. Twice is fine. Close the store first. */
  close(): Promise<void>;
}

const INSTALLATION_ID = /^[a-z][a-z0-9]{7}$/;
export const DATABASE_FILE = 'airlock.db';

/**
 * Makes the directory (0700) where it is missing, checks that it can be written, takes it for this process alone and
 * reads or makes its installation id. Throws DATA_DIR_UNUSABLE, DATA_DIR_LOCKED or DISK_FULL, each with what to do.
 */
export async function openDataDirectory(dataDir: string): Promise<DataDirectory> {
  const path = resolve(dataDir);
  await usingFiles(path, () => makeDirectory(path));
  await usingFiles(path, () => probe(path));
  const lock = await usingFiles(path, () => lockDirectory(path));
  try {
    const installationId = await usingFiles(path, () => readOrMakeId(path));
    return {
      path,
      databasePath: join(path, DATABASE_FILE),
      installationId,
      close: () => lock.release(),
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** The id without taking the directory (`doctor`); null when there is none yet. Throws DATA_DIR_UNUSABLE when it is damaged. */
export async function readInstallationId(dataDir: string): Promise<string | null> {
  const path = join(resolve(dataDir), 'installation-id');
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return null;
    throw fromFileError(error, dataDir);
  });
  if (text === null) return null;
  const id = text.trim();
  if (INSTALLATION_ID.test(id)) return id;
  throw new AppError('DATA_DIR_UNUSABLE', `cannot use ${path}: it does not hold an installation id`, {
    hint: 'restore the file (8 characters a-z and 0-9, a letter first); without it Airlock cannot tell which sandboxes are its own',
    context: { path },
  });
}

async function readOrMakeId(path: string): Promise<string> {
  const known = await readInstallationId(path);
  if (known !== null) return known;
  const id = randomId(8);
  await writeDurably(join(path, 'installation-id'), `${id}\n`);
  return id;
}

/** Each missing level by itself: Node's own recursive `mkdir` never ends below a place like /proc that refuses names. */
async function makeDirectory(path: string): Promise<void> {
  const make = () => mkdir(path, { mode: 0o700 });
  try {
    await make();
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return;
    if (errorCode(error) !== 'ENOENT' || dirname(path) === path) throw error;
    await makeDirectory(dirname(path));
    await make();
  }
}

async function probe(path: string): Promise<void> {
  const file = join(path, `.probe-${process.pid}-${randomId(6)}`);
  try {
    await using handle = await open(file, 'wx', 0o600);
    await handle.writeFile('probe');
    await handle.sync();
  } finally {
    await rm(file, { force: true });
  }
}
