import type { ThreadRef } from '../../src/model/thread.ts';
import type { PrincipalId } from '../../src/model/principal.ts';
import { isDirect } from './rooms.ts';

/** Who we are on Slack, as `auth.test` said. */
export interface SlackSelf {
  teamId: string;
  botUserId: string;
}

/** Stands where Slack did not say whose user it is: nobody can be listed under it. */
const UNKNOWN_TEAM = 'unknown';

/**
 * A Slack user as a principal, by the workspace that the user belongs to, never by the one that the channel belongs to: ids of users
 * of two workspaces may be the same.
 */
export function slackPrincipal(team: string | null, user: string): PrincipalId {
  return `slack:${team ?? UNKNOWN_TEAM}:${user}`;
}

/**
 * The workspace of a user, from every place of a payload that names one. In a shared channel they may differ: then the one that is
 * not ours counts, so that a stranger is never taken for one of us. Null when none is named.
 */
export function userTeam(named: readonly (string | null | undefined)[], ourTeam: string): string | null {
  const teams = named.filter((team) => team !== undefined && team !== null && team !== '');
  return teams.find((team) => team !== ourTeam) ?? teams[0] ?? null;
}

/** A place of ours. What people say in a channel shared with another workspace is still said in front of our bot. */
export function slackThread(self: Pick<SlackSelf, 'teamId'>, room: string, thread: string | null): ThreadRef {
  return { channel: 'slack', space: self.teamId, room, thread };
}

/** The direct messages of the asker with us; null for people of other workspaces, whom we do not write to. */
export function privateRoomOf(asker: { principal: PrincipalId; thread: ThreadRef }): ThreadRef | null {
  const { principal, thread } = asker;
  const [, team, user = ''] = principal.split(':');
  if (team !== thread.space || user === '') return null;
  return isDirect(thread.room) ? thread : { ...thread, room: user, thread: null };
}
