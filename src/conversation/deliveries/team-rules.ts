import type { Level } from '../../model/action.ts';
import type { EventRecord } from '../../model/event.ts';
import type { StoreReads } from '../../store/store.ts';

const TOLD_LEVELS: ReadonlySet<Level> = new Set(['HIGH', 'CRITICAL']);
const DECISIONS: ReadonlySet<string> = new Set(['APPROVED', 'REJECTED', 'EXPIRED', 'CANCELLED']);

/** What the team's rooms get a line of: notices, agents that failed, approvals that run out, decisions on risky actions. */
export async function isNewsForTeam(
  reads: Pick<StoreReads, 'action'>,
  { body }: EventRecord,
): Promise<boolean> {
  switch (body.type) {
    case 'team.notice':
    case 'action.expiring':
      return true;
    case 'agent.status':
      return body.to === 'ERROR';
    case 'action.status': {
      // What was running and is cancelled had been decided before.
      if (body.from === null || body.from === 'EXECUTING' || !DECISIONS.has(body.to)) return false;
      const action = await reads.action(body.actionId);
      return action !== null && TOLD_LEVELS.has(action.level);
    }
    case 'agent.changed':
    case 'agent.warning':
    case 'action.vote':
    case 'notice':
      return false;
  }
}
