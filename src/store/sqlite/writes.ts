import type { SQLInputValue } from 'node:sqlite';
import { AppError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';
import { auditHash } from '../../model/audit.ts';
import type { DeliveryRecord } from '../../model/delivery.ts';
import type { EventBody } from '../../model/event.ts';
import { threadKey } from '../../model/thread.ts';
import type { StoreReads, StoreTransaction } from '../store.ts';
import type { Connection } from './connection.ts';
import { isConstraint } from './sqlite-error.ts';
import { pruneStatements } from './prune.ts';
import {
  actionTable,
  agentTable,
  auditTable,
  deliveryTable,
  eventTable,
  inboxTable,
  voteTable,
} from './tables.ts';

export type StoreWrites = Omit<StoreTransaction, keyof StoreReads>;

export interface WriteParts {
  connection: Connection;
  reads: StoreReads;
  clock: Clock;
  /** Throws when the transaction is over. */
  guard: () => void;
  /** Called for every event appended. */
  appended: () => void;
}

/** The writes of one transaction; each is one statement or a read and a statement on the writing connection. */
export function createWrites(parts: WriteParts): StoreWrites {
  const { reads, clock } = parts;
  const run = (sql: string, ...values: SQLInputValue[]): number => {
    parts.guard();
    return parts.connection.run(sql, ...values);
  };
  return {
    async insertAgent(agent) {
      nameTaken(agent.name, () =>
        run(agentTable.insertSql, ...agentTable.values(agent, [threadKey(agent.thread)])),
      );
    },
    async updateAgent(id, expected, patch) {
      const set = agentTable.assignments(patch);
      const assignments = [set.sql, 'version = version + 1'].filter((sql) => sql !== '');
      const values = [...set.values];
      if (patch.thread !== undefined) {
        assignments.push('threadKey = ?');
        values.push(threadKey(patch.thread));
      }
      const changed = nameTaken(patch.name ?? id, () =>
        run(
          `UPDATE agents SET ${assignments.join(', ')}
           WHERE id = ? AND status IN (SELECT value FROM json_each(?)) AND version = coalesce(?, version)`,
          ...values,
          id,
          JSON.stringify(expected.from),
          expected.version ?? null,
        ),
      );
      return changed === 0 ? null : reads.agent(id);
    },
    async insertAction(action) {
      run(actionTable.insertSql, ...actionTable.values(action));
    },
    async updateAction(id, from, patch) {
      const set = actionTable.assignments(patch);
      const changed = run(
        `UPDATE actions SET ${set.sql === '' ? 'id = id' : set.sql}
         WHERE id = ? AND status IN (SELECT value FROM json_each(?))`,
        ...set.values,
        id,
        JSON.stringify(from),
      );
      return changed === 0 ? null : reads.action(id);
    },
    async insertVote(vote) {
      const sql = `${voteTable.insertSql} ON CONFLICT (actionId, personId) DO NOTHING`;
      return run(sql, ...voteTable.values(vote)) === 1;
    },
    async appendEvent(body) {
      const event = { seq: (await reads.lastEventSeq()) + 1, at: clock.now(), body };
      run(eventTable.insertSql, ...eventTable.values(event, eventSubject(body)));
      parts.appended();
      return event;
    },
    async appendAudit(draft) {
      const head = await reads.auditHead();
      const { type, actionId, agentId, actor } = draft;
      // Stored and returned as its canonical form reads: what `verify` hashes later is what was hashed here.
      const data: Record<string, unknown> = JSON.parse(canonicalJson(draft.data));
      const body = {
        seq: head.seq + 1,
        at: clock.now(),
        type,
        actionId,
        agentId,
        actor,
        data,
        previousHash: head.hash,
      };
      const entry = { ...body, hash: auditHash(body) };
      run(auditTable.insertSql, ...auditTable.values(entry));
      return entry;
    },
    async insertInbox(entry) {
      const sql = `${inboxTable.insertSql} ON CONFLICT (deliveryId) DO NOTHING`;
      return run(sql, ...inboxTable.values(entry)) === 1;
    },
    async settleInbox(deliveryId, actionId) {
      run(
        'UPDATE inbox SET settledAt = ?, actionId = ? WHERE deliveryId = ? AND settledAt IS NULL',
        clock.now(),
        actionId,
        deliveryId,
      );
    },
    async putDelivery(delivery) {
      const extra = [threadKey(delivery.thread), ...deliverySubject(delivery), clock.now()];
      run(
        deliveryTable.insertSql.replace('INSERT', 'INSERT OR REPLACE'),
        ...deliveryTable.values(delivery, extra),
      );
    },
    async setSetting(name, value) {
      run(
        'INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
        name,
        value,
      );
    },
    async prune(olderThan) {
      for (const [sql, before] of pruneStatements(olderThan)) run(sql, before);
    },
  };
}

function nameTaken<T>(name: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    if (!isConstraint(error, 'agents.name')) throw error;
    throw new AppError('NAME_TAKEN', `the name ${name} is taken: a live agent has it`, {
      hint: 'choose another name, or stop the agent that has it',
      context: { name },
      cause: error,
    });
  }
}

function eventSubject(body: EventBody): SQLInputValue[] {
  return [body.type, 'agentId' in body ? body.agentId : null, 'actionId' in body ? body.actionId : null];
}

function deliverySubject({ subject }: DeliveryRecord): SQLInputValue[] {
  switch (subject.type) {
    case 'event':
      return [subject.type, String(subject.seq)];
    case 'file':
      return [subject.type, subject.actionId];
    case 'agent':
    case 'action':
      return [subject.type, subject.id];
  }
}
