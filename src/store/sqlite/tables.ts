import type { ActionRecord, Vote } from '../../model/action.ts';
import type { AgentInstance } from '../../model/agent.ts';
import type { AuditEntry } from '../../model/audit.ts';
import type { DeliveryRecord } from '../../model/delivery.ts';
import type { EventRecord } from '../../model/event.ts';
import type { InboxRecord } from '../../model/inbox.ts';
import { recordTable } from './record-table.ts';

/** Every record type with its columns; the types make a missing or wrong column a compile error. */
export const agentTable = recordTable<AgentInstance>(
  'agents',
  {
    id: 'text',
    name: 'text',
    skillId: 'text?',
    image: 'text',
    imageDigest: 'text',
    sandboxType: 'text',
    status: 'text',
    createdAt: 'integer',
    startedAt: 'integer?',
    stoppedAt: 'integer?',
    containerId: 'text?',
    limits: 'json',
    exitCode: 'integer?',
    exitCause: 'text?',
    errorMessage: 'text?',
    warnings: 'json',
    owner: 'text',
    ownerPerson: 'text',
    thread: 'json',
    nodeId: 'text',
    expiresAt: 'integer',
    lastUsedAt: 'integer',
    warnedAt: 'integer?',
    cleaned: 'boolean',
    version: 'integer',
  },
  ['threadKey'],
);

export const actionTable = recordTable<ActionRecord>('actions', {
  id: 'text',
  kind: 'text',
  status: 'text',
  level: 'text',
  rule: 'text',
  payload: 'text',
  payloadHash: 'text',
  requester: 'text',
  requesterPerson: 'text',
  requesterName: 'text',
  persona: 'boolean',
  agentId: 'text?',
  thread: 'json',
  createdAt: 'integer',
  expiresAt: 'integer?',
  approval: 'json?',
  decidedAt: 'integer?',
  startedAt: 'integer?',
  finishedAt: 'integer?',
  result: 'json?',
  error: 'json?',
  nodeId: 'text',
});

export const voteTable = recordTable<Vote>('votes', {
  actionId: 'text',
  personId: 'text',
  principal: 'text',
  displayName: 'text',
  decision: 'text',
  note: 'text?',
  persona: 'boolean',
  at: 'integer',
});

/** `agentId` and `actionId` repeat what the body says, for the status history. */
export const eventTable = recordTable<EventRecord>(
  'events',
  { seq: 'integer', at: 'integer', body: 'json' },
  ['type', 'agentId', 'actionId'],
);

export const auditTable = recordTable<AuditEntry>('audit', {
  seq: 'integer',
  at: 'integer',
  type: 'text',
  actionId: 'text?',
  agentId: 'text?',
  actor: 'text',
  data: 'json',
  previousHash: 'text',
  hash: 'text',
});

export const inboxTable = recordTable<InboxRecord>('inbox', {
  deliveryId: 'text',
  channel: 'text',
  kind: 'text',
  request: 'text',
  receivedAt: 'integer',
  settledAt: 'integer?',
  actionId: 'text?',
  nodeId: 'text',
});

/** `updatedAt` is when it was last put: what `prune` goes by. */
export const deliveryTable = recordTable<DeliveryRecord>(
  'deliveries',
  {
    key: 'text',
    channel: 'text',
    thread: 'json',
    subject: 'json',
    opensThread: 'boolean',
    priority: 'integer',
    firstSeq: 'integer',
    wantedSeq: 'integer',
    shownSeq: 'integer',
    message: 'json?',
    maybePosted: 'boolean',
    deadReason: 'text?',
    attempts: 'integer',
    nextAttemptAt: 'integer',
    lastError: 'text?',
  },
  ['threadKey', 'subjectType', 'subjectId', 'updatedAt'],
);
