import { z } from 'zod';
import { toAppError } from '../../src/errors.ts';
import {
  createMemberships,
  forOurTeam,
  type TeamMemberships,
  type TeamMembershipsDeps,
} from './memberships.ts';

/** Of one page, and pages at most: a room with more gives roles to nobody beyond them but in itself. */
const PAGE_MEMBERS = 1000;
const MAX_PAGES = 20;
/** Somebody's own workspace changes hardly ever. */
const KEEP_MS = 24 * 3_600_000;
const MAX_KEPT = 10_000;
/** Within the time of an acknowledgement. */
const IN_A_HURRY = { maxWaitMs: 800, timeoutMs: 1500 };

const membersSchema = z.object({
  members: z.array(z.string()),
  response_metadata: z.object({ next_cursor: z.string().optional() }).optional(),
});
const userSchema = z.object({ user: z.object({ team_id: z.string() }) });

/**
 * Which of the rooms that `airlock.yaml` gives a role by a person is in, for what they ask outside of any room: in App Home and in
 * direct messages. In a room it is that room that counts. In the form of the file: `slack-channel:T1:C1`; a room named without a
 * workspace (`slack-channel::C1`) is one of ours. Only for people of our own workspace: in a room that is shared, the others are
 * members too.
 */
export function createRoomMembers(deps: TeamMembershipsDeps): TeamMemberships {
  const { web, self, named, clock, log } = deps;
  const teams = new Map<string, { team: string; until: number }>();

  /** That App Home was opened says where, not whose user it was: somebody of another workspace may see ours. */
  async function isOurs(user: string): Promise<boolean> {
    const known = teams.get(user);
    if (known !== undefined && known.until > clock.monotonic()) return known.team === self().teamId;
    try {
      const answer = await web.call('users.info', { user }, userSchema, IN_A_HURRY);
      const { team_id: team } = answer.user;
      teams.delete(user);
      teams.set(user, { team, until: clock.monotonic() + KEEP_MS });
      const [oldest] = teams.keys();
      if (teams.size > MAX_KEPT && oldest !== undefined) teams.delete(oldest);
      return team === self().teamId;
    } catch (error) {
      log.info({ reason: toAppError(error).message }, 'the workspace of a member is not known');
      return false;
    }
  }

  function ours(): string[] {
    const { teamId } = self();
    const rooms = named().flatMap((group) => {
      const [kind, team, room = '', ...more] = group.split(':');
      const isOurs = kind === 'slack-channel' && (team === '' || team === teamId);
      return isOurs && room !== '' && more.length === 0 ? [`slack-channel:${teamId}:${room}`] : [];
    });
    return [...new Set(rooms)];
  }

  const members = createMemberships({
    ...deps,
    part: 'rooms',
    named: ours,
    async ask(group) {
      const channel = group.split(':')[2];
      const found: string[] = [];
      let cursor = '';
      for (let page = 0; page < MAX_PAGES; page += 1) {
        const answer = await web.call(
          'conversations.members',
          { channel, limit: PAGE_MEMBERS, ...(cursor === '' ? {} : { cursor }) },
          membersSchema,
        );
        found.push(...answer.members);
        cursor = answer.response_metadata?.next_cursor ?? '';
        if (cursor === '') break;
      }
      return found;
    },
  });

  const ofTeam = forOurTeam(members, self);
  return {
    ...ofTeam,
    async of(team, user) {
      const rooms = await ofTeam.of(team, user);
      return rooms.length > 0 && (await isOurs(user)) ? rooms : [];
    },
  };
}
