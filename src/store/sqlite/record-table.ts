import type { SQLInputValue, SQLOutputValue } from 'node:sqlite';
import { AppError } from '../../errors.ts';
import type { Row } from './connection.ts';

/** How a member of a record lies in its column; `?` allows null. Nested values are JSON text. */
type ColumnKind<V> = [V] extends [string]
  ? 'text'
  : [V] extends [string | null]
    ? 'text?'
    : [V] extends [number]
      ? 'integer'
      : [V] extends [number | null]
        ? 'integer?'
        : [V] extends [boolean]
          ? 'boolean'
          : null extends V
            ? 'json?'
            : 'json';

type Columns<T> = { readonly [K in keyof T]-?: ColumnKind<T[K]> };
type AnyKind = 'text' | 'text?' | 'integer' | 'integer?' | 'boolean' | 'json' | 'json?';

/** The columns of one record type: one per member, of the same name. */
export interface RecordTable<T> {
  readonly name: string;
  /** `INSERT INTO name (…) VALUES (…)` of every member and the extra columns, in the order of `values`. */
  readonly insertSql: string;
  values(record: T, extra?: readonly SQLInputValue[]): SQLInputValue[];
  /** `"a" = ?, "b" = ?` of the members a patch has, with their values. */
  assignments(patch: Partial<T>): { sql: string; values: SQLInputValue[] };
  /** Throws DATABASE_CORRUPT when a column does not hold what this code writes. */
  readonly decode: (row: Row) => T;
}

/**
 * Describes a table whose columns are the members of `T`. `extra` are columns for look-ups only (a thread's key),
 * written beside the record and never read back into it.
 */
export function recordTable<T extends object>(
  name: string,
  columns: Columns<T>,
  extra: readonly string[] = [],
): RecordTable<T> {
  const kinds = Object.entries<AnyKind>(columns);
  const names = [...kinds.map(([column]) => column), ...extra];
  return {
    name,
    insertSql: `INSERT INTO ${name} (${names.map(quote).join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
    values(record, extraValues = []) {
      const members: Partial<Record<string, unknown>> = { ...record };
      return [...kinds.map(([column, kind]) => encode(kind, members[column])), ...extraValues];
    },
    assignments(patch) {
      const members: Partial<Record<string, unknown>> = { ...patch };
      const set = kinds.filter(([column]) => members[column] !== undefined);
      return {
        sql: set.map(([column]) => `${quote(column)} = ?`).join(', '),
        values: set.map(([column, kind]) => encode(kind, members[column])),
      };
    },
    decode(row) {
      const record: Record<string, unknown> = {};
      for (const [column, kind] of kinds) record[column] = decode(name, column, kind, row[column]);
      // Every member of T has been read by its kind just above; the nested ones are JSON this table wrote from a T.
      return record as T;
    },
  };
}

function quote(column: string): string {
  return `"${column}"`;
}

function encode(kind: AnyKind, value: unknown): SQLInputValue {
  if (value === null || value === undefined) return null;
  if (kind === 'boolean') return value === true ? 1 : 0;
  if (kind === 'json' || kind === 'json?') return JSON.stringify(value);
  if (typeof value === 'string' || typeof value === 'number') return value;
  throw new AppError('INTERNAL', `cannot store a ${typeof value} in a column of kind ${kind}`);
}

function decode(table: string, column: string, kind: AnyKind, value: SQLOutputValue | undefined): unknown {
  if (value === null && kind.endsWith('?')) return null;
  switch (kind) {
    case 'text':
    case 'text?':
      if (typeof value === 'string') return value;
      break;
    case 'integer':
    case 'integer?':
      if (typeof value === 'number') return value;
      break;
    case 'boolean':
      if (value === 0 || value === 1) return value === 1;
      break;
    case 'json':
    case 'json?':
      if (typeof value === 'string') return parseJson(table, column, value);
  }
  throw unreadable(table, column);
}

function parseJson(table: string, column: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw unreadable(table, column, error);
  }
}

function unreadable(table: string, column: string, cause?: unknown): AppError {
  return new AppError(
    'DATABASE_CORRUPT',
    `cannot read ${table}.${column}: it does not hold what Airlock writes`,
    {
      hint: 'the database was changed by hand or is damaged: restore the newest file of backups/',
      context: { table, column },
      cause,
    },
  );
}
