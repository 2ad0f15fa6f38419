/**
 * What ages. A settled request answers redeliveries for a while only. A shown card ages with its subject: that of a live
 * agent or an open action is still edited, so it stays. An event ages once no card waits to show it; the newest stays.
 * Audit, actions, votes and agents never age here.
 */
export function pruneStatements(olderThan: {
  inbox: number;
  deliveries: number;
  events: number;
}): (readonly [sql: string, before: number])[] {
  return [
    ['DELETE FROM inbox WHERE settledAt IS NOT NULL AND receivedAt < ?', olderThan.inbox],
    [
      `DELETE FROM deliveries WHERE open = 0 AND deadReason IS NULL AND updatedAt < ?
         AND NOT (subjectType = 'agent' AND subjectId IN (SELECT id FROM agents WHERE live = 1))
         AND NOT (subjectType = 'action' AND subjectId IN
           (SELECT id FROM actions WHERE status IN ('PENDING', 'APPROVED', 'EXECUTING')))`,
      olderThan.deliveries,
    ],
    [
      `DELETE FROM events WHERE at < ? AND seq < (SELECT max(seq) FROM events)
         AND seq NOT IN (SELECT CAST(subjectId AS INTEGER) FROM deliveries WHERE open = 1 AND subjectType = 'event')`,
      olderThan.events,
    ],
    [
      // Who opened the whole of an action that waits: `viewed:<12 characters of its id>:<person>`. Age does not matter.
      `DELETE FROM settings WHERE name GLOB 'viewed:*' AND ? IS NOT NULL
         AND substr(name, 8, 12) NOT IN (SELECT id FROM actions WHERE status = 'PENDING')`,
      olderThan.inbox,
    ],
  ];
}
