/**
 * The Store port: SQLite now, PostgreSQL for several machines later, hence async. One contract suite
 * (`test/contracts/store.ts`). No SQL outside `src/store`. Callers and implementations import this file.
 */
import type { ActionRecord, ActionStatus, Vote } from '../model/action.ts';
import type { AgentInstance, AgentStatus } from '../model/agent.ts';
import type { AuditDraft, AuditEntry } from '../model/audit.ts';
import type { DeliveryRecord } from '../model/delivery.ts';
import type { EventBody, EventRecord } from '../model/event.ts';
import type { InboxRecord } from '../model/inbox.ts';

export interface AgentFilter {
  /** Only agents that count against the capacity and hold their name. */
  live?: boolean;
  statuses?: readonly AgentStatus[];
  ownerPerson?: string;
  /** Newest first; default 1000. */
  limit?: number;
}

export interface ActionFilter {
  statuses?: readonly ActionStatus[];
  kinds?: readonly string[];
  agentId?: string;
  requesterPerson?: string;
  /** Newest first; default 1000. */
  limit?: number;
}

/** When people are told that an approval is about to expire: with this part of its time left, at most so much. */
export interface ExpiryNotice {
  /** 4 for a quarter. */
  part: number;
  atMostMs: number;
}

/** With the priority of the most urgent card of its thread that waits behind it, or its own. */
export interface DueDelivery extends DeliveryRecord {
  urgency: DeliveryRecord['priority'];
}

/** Reads by purpose. On the Store they see committed rows only; in a transaction its own writes too. */
export interface StoreReads {
  agent(id: string): Promise<AgentInstance | null>;
  /** The live agent of that name. */
  liveAgentByName(name: string): Promise<AgentInstance | null>;
  agents(filter?: AgentFilter): Promise<AgentInstance[]>;
  /** Agents whose id starts so, live ones first; at most 10. */
  agentsByIdPrefix(prefix: string): Promise<AgentInstance[]>;
  /** The agent discussed in that thread, live or not, newest. */
  agentByThread(threadKey: string): Promise<AgentInstance | null>;
  countLiveAgents(): Promise<number>;

  action(id: string): Promise<ActionRecord | null>;
  actions(filter?: ActionFilter): Promise<ActionRecord[]>;
  actionsByIdPrefix(prefix: string): Promise<ActionRecord[]>;
  /** In the order they were cast. */
  votes(actionId: string): Promise<Vote[]>;
  /** Unsettled actions whose `expiresAt` is not after `now` (PENDING and APPROVED). */
  actionsToExpire(now: number): Promise<ActionRecord[]>;
  /** The next `expiresAt` of those, or null. */
  nextActionExpiry(): Promise<number | null>;
  /** PENDING actions that are to be warned of by `now` and have no `action.expiring` event yet, soonest expiry first. */
  actionsToWarn(now: number, notice: ExpiryNotice): Promise<ActionRecord[]>;
  /** When the next of those is to be warned of, or null. */
  nextActionWarning(notice: ExpiryNotice): Promise<number | null>;

  eventsAfter(seq: number, limit: number): Promise<EventRecord[]>;
  event(seq: number): Promise<EventRecord | null>;
  lastEventSeq(): Promise<number>;
  /** Its `agent.status` or `action.status` events, oldest first, at most the last 100. */
  statusHistory(subject: { agentId: string } | { actionId: string }): Promise<EventRecord[]>;

  auditHead(): Promise<{ seq: number; hash: string }>;
  /** Entries with `seq` above, oldest first. */
  auditAfter(seq: number, limit: number): Promise<AuditEntry[]>;
  /** The last ones, newest first. */
  auditLast(limit: number): Promise<AuditEntry[]>;

  inboxEntry(deliveryId: string): Promise<InboxRecord | null>;
  /** Oldest first. */
  unsettledInbox(nodeId: string): Promise<InboxRecord[]>;

  delivery(key: string): Promise<DeliveryRecord | null>;
  /**
   * What can be sent on a channel by `now` (wanted after shown, not dead, `nextAttemptAt` not after `now`): of the unposted cards
   * of a thread only the oldest, whether or not it is due, beside it edits and files. By urgency, then `firstSeq`.
   */
  dueDeliveries(channel: string, now: number, limit: number): Promise<DueDelivery[]>;
  /** Everything of a channel that is not shown yet and not dead, due or not. */
  openDeliveries(channel: string): Promise<DeliveryRecord[]>;
  /** The earliest `nextAttemptAt` (later than `after`, where given) of those not shown and not dead, or null. */
  nextDeliveryAt(channel: string, after?: number): Promise<number | null>;
  /** Dead ones, newest first, for `doctor`. */
  deadDeliveries(limit: number): Promise<DeliveryRecord[]>;
  /** Named counters and small values; null when never set. */
  setting(name: string): Promise<string | null>;
}

export type AgentPatch = Partial<Omit<AgentInstance, 'id' | 'version' | 'createdAt'>>;
export type ActionPatch = Partial<
  Pick<
    ActionRecord,
    | 'status'
    | 'expiresAt'
    | 'decidedAt'
    | 'startedAt'
    | 'finishedAt'
    | 'result'
    | 'error'
    | 'thread'
    | 'nodeId'
  >
>;

export interface StoreTransaction extends StoreReads {
  /** Throws NAME_TAKEN when a live agent has the name. */
  insertAgent(agent: AgentInstance): Promise<void>;
  /** Compare-and-set: only while `status` is one of `from` (and `version`, when given). Null = lost the race. */
  updateAgent(
    id: string,
    expected: { from: readonly AgentStatus[]; version?: number },
    patch: AgentPatch,
  ): Promise<AgentInstance | null>;
  insertAction(action: ActionRecord): Promise<void>;
  /** Compare-and-set on the status. Null = lost the race. */
  updateAction(id: string, from: readonly ActionStatus[], patch: ActionPatch): Promise<ActionRecord | null>;
  /** False when this person has voted before. */
  insertVote(vote: Vote): Promise<boolean>;
  appendEvent(body: EventBody): Promise<EventRecord>;
  /** Chains it to the head inside this transaction. */
  appendAudit(draft: AuditDraft): Promise<AuditEntry>;
  /** False when the delivery id is known. */
  insertInbox(entry: InboxRecord): Promise<boolean>;
  settleInbox(deliveryId: string, actionId: string | null): Promise<void>;
  putDelivery(delivery: DeliveryRecord): Promise<void>;
  setSetting(name: string, value: string): Promise<void>;
  /** Drops settled inbox rows and shown deliveries of the kinds that age, received before `olderThan`; never audit or actions. */
  prune(olderThan: { inbox: number; deliveries: number; events: number }): Promise<void>;
}

export interface Store extends StoreReads {
  /**
   * All or nothing, serialised, durable when it resolves. `work` awaits only `tx`, has no side effects and may run
   * again. Whatever it throws is thrown on, and nothing of it happened. Throws DISK_FULL when the disk is full.
   */
  transaction<T>(work: (tx: StoreTransaction) => Promise<T>): Promise<T>;
  /** Called after every commit that appended events (not awaited; must not throw). Disposing ends it. */
  onCommit(listener: (lastEventSeq: number) => void): Disposable;
  /** A consistent copy beside the database; keeps the newest seven. Returns its path. */
  backup(reason: 'migration' | 'daily' | 'manual'): Promise<string>;
  close(): Promise<void>;
}
