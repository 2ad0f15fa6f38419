import { homeOpenedSchema } from '../payloads.ts';
import type { Doorway } from './doorway.ts';

/** Somebody looks at the App Home. */
export function onHomeOpened(doorway: Doorway, body: unknown): void {
  const payload = doorway.read('app home', homeOpenedSchema, body);
  if (payload === null || payload.event.tab === 'messages') return;
  doorway.openHome(doorway.userOf(payload.event.user, [payload.team_id], null));
}
