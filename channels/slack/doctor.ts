import { z } from 'zod';
import { toAppError } from '../../src/errors.ts';
import { type Clock, systemClock } from '../../src/lib/clock.ts';
import { escapeLine } from '../../src/lib/escape-text.ts';
import { silentLogger } from '../../src/lib/logger.ts';
import type { Check } from '../../src/model/check.ts';
import { type ConfiguredRoom, configuredRooms, type Rooms } from '../shared/configured-rooms.ts';
import { failedCheck } from '../shared/failed-check.ts';
import { slackErrorOf } from './errors.ts';
import { HTTP_PATH } from './http-entrance.ts';
import { SLACK_SCOPES } from './scopes.ts';
import { readSettings, type SlackEnvironment, type SlackSettings } from './settings.ts';
import { createWebApi, type WebApi } from './web-api.ts';

const MANIFEST = 'channels/slack/manifest.yaml';
const ROOM_SUBJECT = 'slack channel';

const authSchema = z.object({
  team: z.string().default('unknown'),
  team_id: z.string(),
  user: z.string().default('unknown'),
  user_id: z.string(),
  bot_id: z.string().nullish(),
  response_metadata: z.object({ scopes: z.array(z.string()).optional() }).optional(),
});
const openSchema = z.object({ url: z.string() });
const roomSchema = z.object({
  channel: z.object({
    name: z.string().optional(),
    is_member: z.boolean().optional(),
    is_archived: z.boolean().optional(),
  }),
});

export interface CheckSlackOptions {
  environment: SlackEnvironment;
  /** Default none. */
  rooms?: Rooms;
  /** Default the system's. */
  clock?: Clock;
}

/** What Slack says about this installation, line by line. Asks only, and connects nothing. Never throws for what Slack answers. */
export async function checkSlack(options: CheckSlackOptions): Promise<Check[]> {
  const { environment, rooms, clock = systemClock } = options;
  let settings: SlackSettings;
  try {
    settings = readSettings(environment);
  } catch (error) {
    return [failedCheck('slack tokens', toAppError(error))];
  }
  const open = (token: string) =>
    createWebApi({
      token,
      apiUrl: settings.apiUrl,
      clock,
      log: silentLogger,
      closing: new AbortController().signal,
    });
  const web = open(settings.botToken);
  return [
    ...(await checkBot(web)),
    settings.appToken === null ? overHttp(settings) : await checkSocketMode(open(settings.appToken)),
    ...(await checkRooms(web, configuredRooms(rooms))),
    commandNote(environment),
  ];
}

async function checkBot(web: WebApi): Promise<Check[]> {
  const subject = 'slack bot';
  try {
    const self = await web.call('auth.test', {}, authSchema);
    if (typeof self.bot_id !== 'string') {
      return [
        {
          subject,
          status: 'fail',
          detail: 'SLACK_BOT_TOKEN is not the token of a bot',
          fix: "copy the bot token (xoxb-…) from 'OAuth & Permissions' of the Slack app",
        },
      ];
    }
    return [
      {
        subject,
        status: 'ok',
        detail: escapeLine(`${self.user} (${self.user_id}) in ${self.team} (${self.team_id})`),
      },
      checkScopes(self.response_metadata?.scopes ?? null),
    ];
  } catch (error) {
    return [failedCheck(subject, toAppError(error))];
  }
}

function checkScopes(granted: readonly string[] | null): Check {
  const subject = 'slack scopes';
  if (granted === null)
    return { subject, status: 'warn', detail: 'Slack did not say which scopes the token has' };
  const missing = Object.entries(SLACK_SCOPES).filter(([scope]) => !granted.includes(scope));
  if (missing.length > 0) {
    return {
      subject,
      status: 'fail',
      detail: `missing: ${missing.map(([scope, purpose]) => `${scope} (${purpose})`).join('; ')}`,
      fix: `put ${MANIFEST} into 'App Manifest' of the Slack app and install the app again`,
    };
  }
  const more = granted.filter((scope) => !Object.hasOwn(SLACK_SCOPES, scope));
  if (more.length === 0) return { subject, status: 'ok', detail: 'those of the manifest' };
  return {
    subject,
    status: 'warn',
    detail: escapeLine(`wider than needed: ${more.join(', ')}`),
    fix: `put ${MANIFEST} into 'App Manifest' of the Slack app and install the app again`,
  };
}

/** Asks for the address of a socket, and opens none: a bot that runs keeps its own. */
async function checkSocketMode(web: WebApi): Promise<Check> {
  const subject = 'slack socket mode';
  try {
    await web.call('apps.connections.open', {}, openSchema);
    return { subject, status: 'ok', detail: 'SLACK_APP_TOKEN opens sockets' };
  } catch (error) {
    const failure = toAppError(error);
    const limited = typeof failure.context['retryAfterMs'] === 'number';
    if (limited)
      return { subject, status: 'note', detail: 'asked too often just now; try again in a minute' };
    const check = failedCheck(subject, failure);
    const fix =
      "switch Socket Mode on, and make an app-level token with the scope connections:write under 'Basic Information'";
    return slackErrorOf(failure) === null ? check : { ...check, fix };
  }
}

function overHttp({ http }: SlackSettings): Check {
  return {
    subject: 'slack http',
    status: 'note',
    detail: `requests are awaited on ${http?.host}:${http?.port}${HTTP_PATH}; whether Slack reaches it is seen in 'Event Subscriptions' of the Slack app, where 'Request URL' says Verified while the bot runs`,
  };
}

async function checkRooms(web: WebApi, rooms: readonly ConfiguredRoom[]): Promise<Check[]> {
  if (rooms.length > 0) return Promise.all(rooms.map((room) => checkRoom(web, room)));
  const detail =
    'AIRLOCK_SLACK_CHANNEL is not set: its members would be operators, and it would get the notices';
  return [{ subject: ROOM_SUBJECT, status: 'note', detail }];
}

async function checkRoom(web: WebApi, { id: room, purpose }: ConfiguredRoom): Promise<Check> {
  const subject = ROOM_SUBJECT;
  try {
    const { channel } = await web.call('conversations.info', { channel: room }, roomSchema);
    const name = escapeLine(channel.name === undefined ? room : `#${channel.name} (${room})`);
    if (channel.is_archived === true) {
      return {
        subject,
        status: 'fail',
        detail: `${name}, where ${purpose}, is archived`,
        fix: 'unarchive it, or name another channel',
      };
    }
    if (channel.is_member !== true) {
      return {
        subject,
        status: 'fail',
        detail: `the bot is not in ${name}, where ${purpose}`,
        fix: 'type /invite @Airlock in the channel',
      };
    }
    return { subject, status: 'ok', detail: `the bot is in ${name}, where ${purpose}` };
  } catch (error) {
    const check = failedCheck(subject, toAppError(error));
    return { ...check, detail: `${escapeLine(room)}, where ${purpose}: ${check.detail}` };
  }
}

/** A bot token cannot ask which commands its app has. */
function commandNote({ AIRLOCK_SLACK_COMMAND: command, SLACK_APP_TOKEN: appToken }: SlackEnvironment): Check {
  // The id of the app is part of its app-level token, and no secret.
  const app = /^xapp-\d-(A[A-Z0-9]+)-/.exec(appToken ?? '')?.[1];
  const page = `https://api.slack.com/apps${app === undefined ? '' : `/${app}/slash-commands`}`;
  return {
    subject: 'slack command',
    status: 'note',
    detail: `a bot token cannot ask whether ${command} exists: 'Slash Commands' on ${page} shows it, and so does typing ${command} in Slack`,
  };
}
