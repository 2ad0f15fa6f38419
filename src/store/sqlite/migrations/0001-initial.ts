import type { Migration } from './migration.ts';

/**
 * Columns are named as the members of the records in src/model. The database itself refuses what must never happen: two
 * live agents of one name, two votes of one person, a changed or removed audit entry or vote, a gap in the audit.
 */
export const initial: Migration = {
  version: 1,
  name: 'initial',
  sql: `
    CREATE TABLE agents (
      id TEXT PRIMARY KEY, name TEXT NOT NULL, skillId TEXT, image TEXT NOT NULL, imageDigest TEXT NOT NULL,
      sandboxType TEXT NOT NULL, status TEXT NOT NULL, createdAt INTEGER NOT NULL, startedAt INTEGER, stoppedAt INTEGER,
      containerId TEXT, limits TEXT NOT NULL, exitCode INTEGER, exitCause TEXT, errorMessage TEXT, warnings TEXT NOT NULL,
      owner TEXT NOT NULL, ownerPerson TEXT NOT NULL, thread TEXT NOT NULL, nodeId TEXT NOT NULL,
      expiresAt INTEGER NOT NULL, lastUsedAt INTEGER NOT NULL, warnedAt INTEGER, cleaned INTEGER NOT NULL,
      version INTEGER NOT NULL, threadKey TEXT NOT NULL,
      -- Live agents hold their name and count against the capacity: isLive in src/model/agent.ts.
      live INTEGER NOT NULL GENERATED ALWAYS AS
        (CASE status WHEN 'STOPPED' THEN 0 WHEN 'ERROR' THEN 1 - cleaned ELSE 1 END) VIRTUAL
    ) STRICT;
    CREATE UNIQUE INDEX agents_live_name ON agents (name) WHERE live = 1;
    CREATE INDEX agents_live ON agents (createdAt) WHERE live = 1;
    CREATE INDEX agents_created ON agents (createdAt);
    CREATE INDEX agents_owner ON agents (ownerPerson, createdAt);
    CREATE INDEX agents_thread ON agents (threadKey, createdAt);

    CREATE TABLE actions (
      id TEXT PRIMARY KEY, kind TEXT NOT NULL, status TEXT NOT NULL, level TEXT NOT NULL, rule TEXT NOT NULL,
      payload TEXT NOT NULL, payloadHash TEXT NOT NULL, requester TEXT NOT NULL, requesterPerson TEXT NOT NULL,
      requesterName TEXT NOT NULL, persona INTEGER NOT NULL, agentId TEXT, thread TEXT NOT NULL,
      createdAt INTEGER NOT NULL, expiresAt INTEGER, approval TEXT, decidedAt INTEGER, startedAt INTEGER,
      finishedAt INTEGER, result TEXT, error TEXT, nodeId TEXT NOT NULL
    ) STRICT;
    CREATE INDEX actions_created ON actions (createdAt);
    CREATE INDEX actions_status ON actions (status, createdAt);
    CREATE INDEX actions_agent ON actions (agentId, createdAt);
    CREATE INDEX actions_requester ON actions (requesterPerson, createdAt);

    CREATE TABLE votes (
      seq INTEGER PRIMARY KEY, actionId TEXT NOT NULL REFERENCES actions (id), personId TEXT NOT NULL,
      principal TEXT NOT NULL, displayName TEXT NOT NULL, decision TEXT NOT NULL CHECK (decision IN ('approve', 'deny')),
      note TEXT, persona INTEGER NOT NULL, at INTEGER NOT NULL,
      UNIQUE (actionId, personId)
    ) STRICT;
    CREATE TRIGGER votes_no_update BEFORE UPDATE ON votes BEGIN SELECT raise(ABORT, 'votes are final'); END;
    CREATE TRIGGER votes_no_delete BEFORE DELETE ON votes BEGIN SELECT raise(ABORT, 'votes are final'); END;

    -- AUTOINCREMENT: a number is never given twice, also after the newest rows were pruned.
    CREATE TABLE events (
      seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, body TEXT NOT NULL,
      type TEXT NOT NULL, agentId TEXT, actionId TEXT
    ) STRICT;
    CREATE INDEX events_agent_status ON events (agentId, seq) WHERE type = 'agent.status';
    CREATE INDEX events_action_status ON events (actionId, seq) WHERE type = 'action.status';
    CREATE INDEX events_at ON events (at);

    CREATE TABLE audit (
      seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, type TEXT NOT NULL, actionId TEXT, agentId TEXT, actor TEXT NOT NULL,
      data TEXT NOT NULL, previousHash TEXT NOT NULL, hash TEXT NOT NULL
    ) STRICT;
    CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT raise(ABORT, 'the audit is append-only'); END;
    CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT raise(ABORT, 'the audit is append-only'); END;
    CREATE TRIGGER audit_no_gap BEFORE INSERT ON audit
      WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM audit)
        OR NEW.previousHash <> coalesce((SELECT hash FROM audit ORDER BY seq DESC LIMIT 1), printf('%064d', 0))
      BEGIN SELECT raise(ABORT, 'the audit is a chain'); END;

    CREATE TABLE inbox (
      deliveryId TEXT PRIMARY KEY, channel TEXT NOT NULL, kind TEXT NOT NULL, request TEXT NOT NULL,
      receivedAt INTEGER NOT NULL, settledAt INTEGER, actionId TEXT, nodeId TEXT NOT NULL
    ) STRICT;
    CREATE INDEX inbox_unsettled ON inbox (nodeId, receivedAt) WHERE settledAt IS NULL;
    CREATE INDEX inbox_settled ON inbox (receivedAt) WHERE settledAt IS NOT NULL;

    CREATE TABLE deliveries (
      key TEXT PRIMARY KEY, channel TEXT NOT NULL, thread TEXT NOT NULL, subject TEXT NOT NULL,
      opensThread INTEGER NOT NULL, priority INTEGER NOT NULL, firstSeq INTEGER NOT NULL, wantedSeq INTEGER NOT NULL,
      shownSeq INTEGER NOT NULL, message TEXT, maybePosted INTEGER NOT NULL, deadReason TEXT, attempts INTEGER NOT NULL,
      nextAttemptAt INTEGER NOT NULL, lastError TEXT,
      threadKey TEXT NOT NULL, subjectType TEXT NOT NULL, subjectId TEXT NOT NULL, updatedAt INTEGER NOT NULL,
      open INTEGER NOT NULL GENERATED ALWAYS AS (wantedSeq > shownSeq AND deadReason IS NULL) VIRTUAL
    ) STRICT;
    CREATE INDEX deliveries_order ON deliveries (channel, priority, firstSeq, key) WHERE open = 1;
    CREATE INDEX deliveries_next ON deliveries (channel, nextAttemptAt) WHERE open = 1;
    CREATE INDEX deliveries_waiting ON deliveries (channel, nextAttemptAt, threadKey, firstSeq)
      WHERE open = 1 AND message IS NULL;
    CREATE INDEX deliveries_dead ON deliveries (wantedSeq) WHERE deadReason IS NOT NULL;
    CREATE INDEX deliveries_shown ON deliveries (updatedAt) WHERE open = 0;

    CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  `,
};
