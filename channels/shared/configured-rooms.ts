import type { PolicyFile } from '../../src/config/schema.ts';

/** The rooms that the configuration names on one platform. */
export type Rooms = PolicyFile['channels']['slack'];

/** A room in which the bot has to be. */
export interface ConfiguredRoom {
  id: string;
  /** What happens there: `operators ask and notices go`. */
  purpose: string;
}

const LIST = new Intl.ListFormat('en-GB', { type: 'conjunction' });

/** Each once, however often it is named. */
export function configuredRooms({
  operators = [],
  notify,
  approvals,
}: NonNullable<Rooms> = {}): ConfiguredRoom[] {
  const uses = [
    ...operators.map((id) => ({ id, use: 'operators ask' })),
    ...(notify === undefined ? [] : [{ id: notify, use: 'notices go' }]),
    ...(approvals === undefined ? [] : [{ id: approvals, use: 'approvals of the other platform are shown' }]),
  ];
  return [...Map.groupBy(uses, ({ id }) => id)].map(([id, named]) => ({
    id,
    purpose: LIST.format(new Set(named.map(({ use }) => use))),
  }));
}
