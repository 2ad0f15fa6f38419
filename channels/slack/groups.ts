import { z } from 'zod';
import {
  createMemberships,
  forOurTeam,
  type TeamMemberships,
  type TeamMembershipsDeps,
} from './memberships.ts';

const membersSchema = z.object({ users: z.array(z.string()) });

/** Which of the user groups that `airlock.yaml` names a person is in, in the form of the file: `slack-group:T1:S9`. */
export function createUserGroups(deps: TeamMembershipsDeps): TeamMemberships {
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

  return forOurTeam(members, self);
}
