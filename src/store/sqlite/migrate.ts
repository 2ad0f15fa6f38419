import { AppError } from '../../errors.ts';
import type { Connection } from './connection.ts';
import { initial } from './migrations/0001-initial.ts';
import { fairDeliveries } from './migrations/0002-fair-deliveries.ts';
import type { Migration } from './migrations/migration.ts';

export const MIGRATIONS: readonly Migration[] = [initial, fairDeliveries];

/** `AIRL` in the file's header: tells a database of Airlock from any other. */
const APPLICATION_ID = 0x4149524c;

/** The schema's version; 0 for a new file. Throws DATABASE_NEWER or DATABASE_CORRUPT for one this code cannot work with. */
export function schemaVersion(
  connection: Connection,
  path: string,
  migrations: readonly Migration[] = MIGRATIONS,
): number {
  const version = pragma(connection, 'user_version');
  const application = pragma(connection, 'application_id');
  const objects = Number(connection.get('SELECT count(*) AS n FROM sqlite_master')?.['n']);
  if (application !== APPLICATION_ID && (application !== 0 || version !== 0 || objects > 0)) {
    throw new AppError(
      'DATABASE_CORRUPT',
      `cannot use the database ${path}: it is not a database of Airlock`,
      {
        hint: 'set AIRLOCK_DATA_DIR to a directory of its own, or move that file away',
        context: { path, application, reason: 'it is not a database of Airlock' },
      },
    );
  }
  const newest = migrations.at(-1)?.version ?? 0;
  if (version > newest) {
    throw new AppError(
      'DATABASE_NEWER',
      `cannot use the database ${path}: its schema has version ${version}, this Airlock knows ${newest}`,
      {
        hint: 'start the newer Airlock that wrote it, or restore a backup made before the upgrade (backups/*-migration.db)',
        context: { path, version, newest },
      },
    );
  }
  return version;
}

/** Brings the schema to the newest version, one transaction a step, with `backup` awaited before each unless the file is new. */
export async function migrate(
  connection: Connection,
  path: string,
  backup: () => Promise<unknown>,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<void> {
  const present = schemaVersion(connection, path, migrations);
  for (const step of migrations.filter(({ version }) => version > present)) {
    if (present > 0) await backup();
    connection.exec('BEGIN IMMEDIATE');
    try {
      connection.exec(step.sql);
      connection.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
      connection.exec(`PRAGMA user_version = ${step.version}`);
      connection.exec('COMMIT');
    } catch (error) {
      if (connection.inTransaction) connection.exec('ROLLBACK');
      throw error;
    }
  }
}

function pragma(connection: Connection, name: string): number {
  return Number(connection.get(`PRAGMA ${name}`)?.[name]);
}
