import type { z } from 'zod';
import type { HomeRequest, Inbox, Reply, RequestOrigin } from '../../../src/conversation/channel.ts';
import type { Clock } from '../../../src/lib/clock.ts';
import type { Logger } from '../../../src/lib/logger.ts';
import type { PrincipalId } from '../../../src/model/principal.ts';
import type { ThreadRef } from '../../../src/model/thread.ts';
import { type Incoming, takeIn } from '../acknowledge.ts';
import { createUserGroups } from '../groups.ts';
import type { SlackHealth } from '../health.ts';
import { createHome } from '../home.ts';
import { type SlackSelf, slackPrincipal, slackThread, userTeam } from '../identity.ts';
import { createModals, type Modals } from '../modals.ts';
import { createNames } from '../names.ts';
import { type Asker, createReply } from '../replies.ts';
import { createResponseUrl } from '../response-url.ts';
import { createRoomMembers } from '../room-members.ts';
import { createRooms, isDirect, type Rooms } from '../rooms.ts';
import { createTrigger } from '../triggers.ts';
import type { WebApi } from '../web-api.ts';

export interface InboundDeps {
  inbox: Inbox;
  web: WebApi;
  /** Known from `auth.test` before the first request comes. */
  self: () => SlackSelf;
  /** The user groups and rooms that `airlock.yaml` gives roles by now. */
  groups: () => readonly string[];
  health: Pick<SlackHealth, 'report'>;
  /** Where the Web API is: answers go to the same platform. */
  apiUrl: string;
  /** Default the global one. */
  fetch?: typeof fetch;
  clock: Clock;
  log: Logger;
}

/** Tells Slack that a request is taken. */
export type Ack = () => Promise<void>;

/** Somebody on Slack; `team` is their own workspace, null where Slack did not say. */
export interface SlackUser {
  team: string | null;
  user: string;
}

/** How somebody can be answered. What Slack left out of a payload is undefined or null. */
export interface Answering extends Pick<Asker, 'shownIn' | 'pressed'> {
  /** The person in App Home. */
  room: string;
  responseUrl?: string | null | undefined;
  triggerId?: string | null | undefined;
}

/** What every way in needs. */
export interface Doorway {
  readonly inbox: Inbox;
  readonly modals: Modals;
  readonly rooms: Rooms;
  readonly log: Logger;
  self(): SlackSelf;
  /** Null for what cannot be read: it would be the same the next time. Its content is not logged. */
  read<T>(door: string, schema: z.ZodType<T>, body: unknown): T | null;
  /** Whose user it is, from all that names a workspace, and how Slack calls them where it says so. */
  userOf(
    user: string,
    named: readonly (string | null | undefined)[],
    name: string | null | undefined,
  ): SlackUser;
  originOf(who: SlackUser, thread: ThreadRef, deliveryId: string): Promise<RequestOrigin>;
  /** App Home is no room: what is asked there is discussed in the direct messages with that person. */
  threadOf(who: SlackUser, room: string, thread: string | null): Promise<ThreadRef>;
  replyTo(who: SlackUser, answering: Answering): Reply;
  /** Into the inbox, and acknowledged in time; the person's App Home follows. Never throws. */
  take(who: SlackUser, incoming: Omit<Incoming, 'onSettled'>): Promise<void>;
  /** Shows one of ours their App Home; others have none. */
  openHome(who: SlackUser): void;
  /** See `Channel.stillIn`. */
  stillIn(principal: PrincipalId, asked: readonly string[]): Promise<readonly string[] | null>;
  /** The bot said something: pages that are looked at may have changed. */
  stirHomes(): void;
  start(): void;
  stop(): void;
}

export function createDoorway(deps: InboundDeps): Doorway {
  const { inbox, web, self, clock, log } = deps;
  const modals = createModals({ web, log });
  const groups = createUserGroups({ ...deps, named: deps.groups });
  const roomMembers = createRoomMembers({ ...deps, named: deps.groups });
  const names = createNames({ web, clock, log });
  const rooms = createRooms({ web, clock, log });
  const home = createHome({ web, inbox, clock, log });

  /** Where people are in no room, those that they are members of count. */
  async function asPerson({ team, user }: SlackUser, outside: boolean): Promise<HomeRequest> {
    const [displayName, held, rooms] = await Promise.all([
      names.of(team, user),
      groups.of(team, user),
      outside ? roomMembers.of(team, user) : [],
    ]);
    return { principal: slackPrincipal(team, user), displayName, groups: [...held, ...rooms] };
  }

  const isOurs = ({ team }: SlackUser) => team === self().teamId;

  return {
    inbox,
    modals,
    rooms,
    log,
    self,
    read(door, schema, body) {
      const parsed = schema.safeParse(body);
      if (parsed.success) return parsed.data;
      const fields = parsed.error.issues.map(({ path }) => path.join('.'));
      log.warn({ door, fields }, 'a payload of Slack could not be read');
      return null;
    },
    userOf(user, named, name) {
      const team = userTeam(named, self().teamId);
      names.remember(team, user, name);
      return { team, user };
    },
    async originOf(who, thread, deliveryId) {
      return { deliveryId, ...(await asPerson(who, isDirect(thread.room))), thread };
    },
    async threadOf({ user }, room, thread) {
      return slackThread(self(), room === user ? await rooms.directMessages(user) : room, thread);
    },
    replyTo({ user }, { room, shownIn, pressed, responseUrl, triggerId }) {
      const asker: Asker = {
        user,
        room: isDirect(room) ? null : room,
        shownIn,
        pressed,
        responseUrl: typeof responseUrl === 'string' ? createResponseUrl(responseUrl, deps) : null,
        trigger: typeof triggerId === 'string' ? createTrigger(triggerId, clock) : null,
      };
      return createReply({ web, modals, log }, asker);
    },
    take(who, incoming) {
      const onSettled = () => {
        if (isOurs(who)) home.touch(who.user);
      };
      return takeIn({ ...incoming, onSettled }, { clock, log });
    },
    openHome(who) {
      // The page follows: Slack is not kept waiting for it.
      if (isOurs(who)) void home.open(who.user, () => asPerson(who, true));
    },
    async stillIn(principal, asked) {
      const [, team = null, user = ''] = principal.split(':');
      const [held, inside] = await Promise.all([
        groups.stillIn(team, user, asked),
        roomMembers.stillIn(team, user, asked),
      ]);
      return held === null || inside === null ? null : [...held, ...inside];
    },
    stirHomes: () => home.stir(),
    start() {
      groups.start();
      roomMembers.start();
    },
    stop() {
      groups.stop();
      roomMembers.stop();
      home.stop();
    },
  };
}
