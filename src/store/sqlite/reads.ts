import type { SQLInputValue } from 'node:sqlite';
import { AUDIT_GENESIS } from '../../model/audit.ts';
import type { ActionFilter, AgentFilter, DueDelivery, StoreReads } from '../store.ts';
import type { Connection, Row } from './connection.ts';
import {
  actionTable,
  agentTable,
  auditTable,
  deliveryTable,
  eventTable,
  inboxTable,
  voteTable,
} from './tables.ts';

const DEFAULT_LIMIT = 1000;
const PREFIX_LIMIT = 10;
const HISTORY_LIMIT = 100;
/** Sorts after every character an id can have. */
const AFTER_ANY = '\u{10ffff}';

/** From the counter of AUTOINCREMENT, which pruning does not turn back. */
export const LAST_EVENT_SEQ = `SELECT seq AS n FROM sqlite_sequence WHERE name = 'events'`;

/**
 * The threads are found by jumping from one to the next in the index, so that it costs by their number and not by what waits in
 * them: a round of the delivery loop asks this after every send.
 */
const DUE_DELIVERIES = `
  WITH RECURSIVE threads (threadKey) AS (
    SELECT min(threadKey) FROM deliveries INDEXED BY deliveries_line
      WHERE channel = ?1 AND open = 1 AND inLine = 1
    UNION ALL
    SELECT (SELECT min(threadKey) FROM deliveries INDEXED BY deliveries_line
        WHERE channel = ?1 AND open = 1 AND inLine = 1 AND threadKey > threads.threadKey)
      FROM threads WHERE threads.threadKey IS NOT NULL),
  heads AS (
    SELECT
      (SELECT key FROM deliveries INDEXED BY deliveries_line
        WHERE channel = ?1 AND open = 1 AND inLine = 1 AND threadKey = threads.threadKey
        ORDER BY firstSeq, key LIMIT 1) AS key,
      (SELECT min(priority) FROM deliveries INDEXED BY deliveries_urgency
        WHERE channel = ?1 AND open = 1 AND inLine = 1 AND threadKey = threads.threadKey) AS urgency
    FROM threads WHERE threadKey IS NOT NULL)
  SELECT * FROM (
    SELECT head.*, heads.urgency FROM heads JOIN deliveries AS head ON head.key = heads.key
      WHERE head.nextAttemptAt <= ?2
    UNION ALL
    SELECT * FROM (
      SELECT *, priority AS urgency FROM deliveries INDEXED BY deliveries_free
        WHERE channel = ?1 AND open = 1 AND inLine = 0 AND nextAttemptAt <= ?2
        ORDER BY priority, firstSeq, key LIMIT ?3))
  ORDER BY urgency, firstSeq, key LIMIT ?3`;

/** When an action that waits is to be warned of. */
const WARN_AT = 'expiresAt - min((expiresAt - createdAt) / CAST(?1 AS INTEGER), ?2)';
const TO_WARN = `FROM actions WHERE status = 'PENDING' AND expiresAt IS NOT NULL AND NOT EXISTS
  (SELECT 1 FROM events WHERE events.type = 'action.expiring' AND events.actionId = actions.id)`;

type ReadPart<K extends keyof StoreReads> = Pick<StoreReads, K>;

/**
 * The reads of the port over one connection: the read-only one sees committed rows, the writing one what its transaction
 * wrote too. `guard` runs before each and throws when the connection must not be used any more.
 */
export function createReads(connection: Connection, guard: () => void): StoreReads {
  const one = <T>(decode: (row: Row) => T, sql: string, ...values: SQLInputValue[]): T | null => {
    guard();
    const row = connection.get(sql, ...values);
    return row === null ? null : decode(row);
  };
  const many = <T>(decode: (row: Row) => T, sql: string, ...values: SQLInputValue[]): T[] => {
    guard();
    return connection.all(sql, ...values).map((row) => decode(row));
  };
  return {
    ...agentReads(one, many),
    ...actionReads(one, many),
    ...logReads(one, many),
    ...deliveryReads(one, many),
  };
}

type One = <T>(decode: (row: Row) => T, sql: string, ...values: SQLInputValue[]) => T | null;
type Many = <T>(decode: (row: Row) => T, sql: string, ...values: SQLInputValue[]) => T[];

function agentReads(
  one: One,
  many: Many,
): ReadPart<
  'agent' | 'liveAgentByName' | 'agents' | 'agentsByIdPrefix' | 'agentByThread' | 'countLiveAgents'
> {
  const { decode } = agentTable;
  return {
    agent: async (id) => one(decode, 'SELECT * FROM agents WHERE id = ?', id),
    liveAgentByName: async (name) => one(decode, 'SELECT * FROM agents WHERE name = ? AND live = 1', name),
    agents: async (filter = {}) => {
      const { where, values } = agentConditions(filter);
      const sql = `SELECT * FROM agents ${where} ORDER BY createdAt DESC, rowid DESC LIMIT ?`;
      return many(decode, sql, ...values, filter.limit ?? DEFAULT_LIMIT);
    },
    agentsByIdPrefix: async (prefix) =>
      many(
        decode,
        'SELECT * FROM agents WHERE id >= ? AND id < ? ORDER BY live DESC, createdAt DESC LIMIT ?',
        prefix,
        prefix + AFTER_ANY,
        PREFIX_LIMIT,
      ),
    agentByThread: async (key) =>
      one(
        decode,
        'SELECT * FROM agents WHERE threadKey = ? ORDER BY createdAt DESC, rowid DESC LIMIT 1',
        key,
      ),
    countLiveAgents: async () => one(count, 'SELECT count(*) AS n FROM agents WHERE live = 1') ?? 0,
  };
}

function actionReads(
  one: One,
  many: Many,
): ReadPart<
  | 'action'
  | 'actions'
  | 'actionsByIdPrefix'
  | 'votes'
  | 'actionsToExpire'
  | 'nextActionExpiry'
  | 'actionsToWarn'
  | 'nextActionWarning'
> {
  const { decode } = actionTable;
  const expiring = `status IN ('PENDING', 'APPROVED') AND expiresAt IS NOT NULL`;
  return {
    action: async (id) => one(decode, 'SELECT * FROM actions WHERE id = ?', id),
    actions: async (filter = {}) => {
      const { where, values } = actionConditions(filter);
      const sql = `SELECT * FROM actions ${where} ORDER BY createdAt DESC, rowid DESC LIMIT ?`;
      return many(decode, sql, ...values, filter.limit ?? DEFAULT_LIMIT);
    },
    actionsByIdPrefix: async (prefix) =>
      many(
        decode,
        'SELECT * FROM actions WHERE id >= ? AND id < ? ORDER BY createdAt DESC LIMIT ?',
        prefix,
        prefix + AFTER_ANY,
        PREFIX_LIMIT,
      ),
    votes: async (actionId) =>
      many(voteTable.decode, 'SELECT * FROM votes WHERE actionId = ? ORDER BY seq', actionId),
    actionsToExpire: async (now) =>
      many(decode, `SELECT * FROM actions WHERE ${expiring} AND expiresAt <= ? ORDER BY expiresAt`, now),
    nextActionExpiry: async () =>
      one(numberOrNull, `SELECT min(expiresAt) AS n FROM actions WHERE ${expiring}`),
    actionsToWarn: async (now, { part, atMostMs }) =>
      many(decode, `SELECT * ${TO_WARN} AND ${WARN_AT} <= ?3 ORDER BY expiresAt`, part, atMostMs, now),
    nextActionWarning: async ({ part, atMostMs }) =>
      one(numberOrNull, `SELECT min(${WARN_AT}) AS n ${TO_WARN}`, part, atMostMs),
  };
}

function logReads(
  one: One,
  many: Many,
): ReadPart<
  'eventsAfter' | 'event' | 'lastEventSeq' | 'statusHistory' | 'auditHead' | 'auditAfter' | 'auditLast'
> {
  const history = (column: 'agentId' | 'actionId', type: string, id: string) =>
    many(
      eventTable.decode,
      `SELECT * FROM (
         SELECT * FROM events WHERE type = '${type}' AND ${column} = ? ORDER BY seq DESC LIMIT ?
       ) ORDER BY seq`,
      id,
      HISTORY_LIMIT,
    );
  return {
    eventsAfter: async (seq, limit) =>
      many(eventTable.decode, 'SELECT * FROM events WHERE seq > ? ORDER BY seq LIMIT ?', seq, limit),
    event: async (seq) => one(eventTable.decode, 'SELECT * FROM events WHERE seq = ?', seq),
    lastEventSeq: async () => one(count, LAST_EVENT_SEQ) ?? 0,
    statusHistory: async (subject) =>
      'agentId' in subject
        ? history('agentId', 'agent.status', subject.agentId)
        : history('actionId', 'action.status', subject.actionId),
    auditHead: async () =>
      one(
        (row) => ({ seq: Number(row['seq']), hash: String(row['hash']) }),
        'SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1',
      ) ?? { seq: 0, hash: AUDIT_GENESIS },
    auditAfter: async (seq, limit) =>
      many(auditTable.decode, 'SELECT * FROM audit WHERE seq > ? ORDER BY seq LIMIT ?', seq, limit),
    auditLast: async (limit) =>
      many(auditTable.decode, 'SELECT * FROM audit ORDER BY seq DESC LIMIT ?', limit),
  };
}

function deliveryReads(
  one: One,
  many: Many,
): ReadPart<
  | 'inboxEntry'
  | 'unsettledInbox'
  | 'delivery'
  | 'dueDeliveries'
  | 'openDeliveries'
  | 'nextDeliveryAt'
  | 'deadDeliveries'
  | 'setting'
> {
  const { decode } = deliveryTable;
  // The column is a minimum of priorities.
  const decodeDue = (row: Row): DueDelivery => {
    const delivery = decode(row);
    return { ...delivery, urgency: row['urgency'] === 0 ? 0 : row['urgency'] === 1 ? 1 : 2 };
  };
  return {
    inboxEntry: async (deliveryId) =>
      one(inboxTable.decode, 'SELECT * FROM inbox WHERE deliveryId = ?', deliveryId),
    unsettledInbox: async (nodeId) =>
      many(
        inboxTable.decode,
        'SELECT * FROM inbox WHERE nodeId = ? AND settledAt IS NULL ORDER BY receivedAt, rowid',
        nodeId,
      ),
    delivery: async (key) => one(decode, 'SELECT * FROM deliveries WHERE key = ?', key),
    dueDeliveries: async (channel, now, limit) => many(decodeDue, DUE_DELIVERIES, channel, now, limit),
    openDeliveries: async (channel) =>
      many(decode, 'SELECT * FROM deliveries WHERE channel = ? AND open = 1', channel),
    nextDeliveryAt: async (channel, after = -1) =>
      one(
        numberOrNull,
        'SELECT min(nextAttemptAt) AS n FROM deliveries WHERE channel = ? AND open = 1 AND nextAttemptAt > ?',
        channel,
        after,
      ),
    deadDeliveries: async (limit) =>
      many(
        decode,
        'SELECT * FROM deliveries WHERE deadReason IS NOT NULL ORDER BY wantedSeq DESC LIMIT ?',
        limit,
      ),
    setting: async (name) =>
      one((row) => String(row['value']), 'SELECT value FROM settings WHERE name = ?', name),
  };
}

interface Conditions {
  where: string;
  values: SQLInputValue[];
}

function agentConditions(filter: AgentFilter): Conditions {
  const conditions: Condition[] = [];
  if (filter.live !== undefined) conditions.push([`live = ${filter.live ? 1 : 0}`]);
  if (filter.statuses !== undefined) conditions.push(isOneOf('status', filter.statuses));
  if (filter.ownerPerson !== undefined) conditions.push(['ownerPerson = ?', filter.ownerPerson]);
  return all(conditions);
}

function actionConditions(filter: ActionFilter): Conditions {
  const conditions: Condition[] = [];
  if (filter.statuses !== undefined) conditions.push(isOneOf('status', filter.statuses));
  if (filter.kinds !== undefined) conditions.push(isOneOf('kind', filter.kinds));
  if (filter.agentId !== undefined) conditions.push(['agentId = ?', filter.agentId]);
  if (filter.requesterPerson !== undefined) conditions.push(['requesterPerson = ?', filter.requesterPerson]);
  return all(conditions);
}

type Condition = readonly [sql: string, ...values: SQLInputValue[]];

/** A list of any length in one placeholder, so that the statement's text stays the same. */
function isOneOf(column: string, values: readonly string[]): Condition {
  return [`${column} IN (SELECT value FROM json_each(?))`, JSON.stringify(values)];
}

function all(conditions: readonly Condition[]): Conditions {
  const where = conditions.map(([sql]) => sql).join(' AND ');
  return {
    where: where === '' ? '' : `WHERE ${where}`,
    values: conditions.flatMap(([, ...values]) => values),
  };
}

function count(row: Row): number {
  return Number(row['n']);
}

function numberOrNull(row: Row): number | null {
  return typeof row['n'] === 'number' ? row['n'] : null;
}
