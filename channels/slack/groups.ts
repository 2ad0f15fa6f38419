import { z } from 'zod';
import type { Clock } from '../../src/lib/clock.ts';
import type { Logger } from '../../src/lib/logger.ts';
import type { SlackHealth } from './health.ts';
import type { SlackSelf } from './identity.ts';
import { createMemberships } from './memberships.ts';
import type { WebApi } from './web-api.ts';

const membersSchema = z.object({ users: z.array(z.string()) });

/** Which of the user groups that `airlock.yaml` names a person is in. */
export interface UserGroups {
  /** In the form of the file: `slack-group:T1:S9`. Nobody of another workspace is in a group of ours. Never throws. */
  of(team: string | null, user: string): Promise<readonly string[]>;
  /** Of `asked`, those that they are in by an answer of the last five minutes; null when Slack does not say. Never throws. */
  stillIn(team: string | null, user: string, asked: readonly string[]): Promise<readonly string[] | null>;
  /** Keeps the memberships fresh until it is stopped. Twice is once. */
  start(): void;
  stop(): void;
}

export function createUserGroups(deps: {
  web: WebApi;
  self: () => SlackSelf;
  /** What the file names now, groups of other workspaces and platforms among them. */
  named: () => readonly string[];
  health: Pick<SlackHealth, 'report'>;
  clock: Clock;
  log: Logger;
}): UserGroups {
  const { web, self, named } = deps;

  function ours(): string[] {
    const prefix = `slack-group:${self().teamId}:`;
    return named().filter((group) => group.startsWith(prefix) && group.length > prefix.length);
  }

  const members = createMemberships({
    ...deps,
    part: 'groups',
    named: ours,
    async ask(group) {
      const usergroup = group.split(':')[2];
      return (await web.call('usergroups.users.list', { usergroup }, membersSchema)).users;
    },
  });

  return {
    of: async (team, user) => (team === self().teamId ? members.of(user) : []),
    stillIn: async (team, user, asked) => (team === self().teamId ? members.stillIn(user, asked) : []),
    start: () => members.start(),
    stop: () => members.stop(),
  };
}
