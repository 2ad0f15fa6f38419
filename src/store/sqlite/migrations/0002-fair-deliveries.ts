import type { Migration } from './migration.ts';

/**
 * What may be sent is found thread by thread, so that a long queue in one hides no other. Only cards stand in line: files wait
 * for their card alone. And the event that warns of an expiry is found by its action.
 */
export const fairDeliveries: Migration = {
  version: 2,
  name: 'fair-deliveries',
  sql: `
    ALTER TABLE deliveries ADD COLUMN inLine INTEGER
      GENERATED ALWAYS AS (message IS NULL AND subjectType <> 'file') VIRTUAL;
    DROP INDEX deliveries_order;
    DROP INDEX deliveries_waiting;
    CREATE INDEX deliveries_line ON deliveries (channel, threadKey, firstSeq, key) WHERE open = 1 AND inLine = 1;
    CREATE INDEX deliveries_urgency ON deliveries (channel, threadKey, priority) WHERE open = 1 AND inLine = 1;
    CREATE INDEX deliveries_free ON deliveries (channel, priority, firstSeq, key) WHERE open = 1 AND inLine = 0;

    CREATE INDEX events_action_expiring ON events (actionId) WHERE type = 'action.expiring';
  `,
};
