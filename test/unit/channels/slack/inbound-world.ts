import type { ReceiverEvent } from '@slack/bolt';
import type { z } from 'zod';
import { createBoltLogger } from '../../../../channels/slack/bolt-logger.ts';
import { type Inbound, registerListeners } from '../../../../channels/slack/inbound.ts';
import { LateAckApp } from '../../../../channels/slack/late-ack.ts';
import type { CallOptions, WebApi } from '../../../../channels/slack/web-api.ts';
import type { Inbox } from '../../../../src/conversation/channel.ts';
import { AppError } from '../../../../src/errors.ts';
import { createLogger } from '../../../../src/lib/logger.ts';
import { createRedactor } from '../../../../src/lib/redact.ts';
import { createManualClock, type ManualClock } from '../../../fakes/manual-clock.ts';

export const TEAM = 'T1';
export const BOT = 'UBOT';
export const ROOM = 'C1';

type Json = Record<string, unknown>;

export interface WebCall {
  method: string;
  args: Readonly<Record<string, unknown>>;
  options: CallOptions;
}

/** A Web API that answers as a test says, and keeps what it was asked. */
export interface ScriptedWeb extends WebApi {
  readonly calls: readonly WebCall[];
  /** What the method answers from now on, or throws; a function is asked each time. */
  answer(method: string, given: unknown): void;
  /** Resolves when the method was called so often. */
  called(method: string, times?: number): Promise<readonly WebCall[]>;
}

export function createScriptedWeb(): ScriptedWeb {
  const calls: WebCall[] = [];
  const answers = new Map<string, unknown>([
    ['conversations.info', { channel: { is_member: true } }],
    ['conversations.open', { channel: { id: 'D1' } }],
    ['users.info', { user: { name: 'someone' } }],
    ['usergroups.users.list', { users: [] }],
    ['views.open', { view: { id: 'V1' } }],
    ['views.update', { view: { id: 'V1' } }],
  ]);
  const waiting = new Set<() => void>();
  const of = (method: string) => calls.filter((call) => call.method === method);
  return {
    calls,
    answer: (method, given) => void answers.set(method, given),
    async call<T>(method: string, args: Json, schema: z.ZodType<T>, options: CallOptions = {}): Promise<T> {
      calls.push({ method, args, options });
      for (const look of waiting) look();
      const scripted = answers.get(method) ?? {};
      const given: unknown = typeof scripted === 'function' ? await scripted(args) : scripted;
      if (given instanceof Error) throw given;
      return schema.parse(given);
    },
    called(method, times = 1) {
      return new Promise((resolve) => {
        const look = () => {
          if (of(method).length < times) return;
          waiting.delete(look);
          resolve(of(method));
        };
        waiting.add(look);
        look();
      });
    },
  };
}

export function slackError(
  word: string,
  code: 'CHANNEL_PERMANENT' | 'CHANNEL_TRANSIENT' = 'CHANNEL_PERMANENT',
) {
  return new AppError(code, `Slack refused: ${word}`, { context: { slackError: word } });
}

export interface ResponsePost {
  url: string;
  body: Json;
}

export interface Delivered {
  acked: boolean;
  /** How often. */
  acks: number;
}

/** The real library with our listeners, requests in by `deliver`, everything out recorded. */
export interface InboundWorld {
  readonly web: ScriptedWeb;
  readonly clock: ManualClock;
  readonly inbound: Inbound;
  readonly responses: readonly ResponsePost[];
  /** What response URLs answer from now on. */
  responseStatus: number;
  readonly logged: readonly string[];
  readonly reports: readonly (readonly unknown[])[];
  /** Resolves when the listeners are done. */
  deliver(body: Json): Promise<Delivered>;
  /** Resolves when so many answers were posted to response URLs. */
  answered(times: number): Promise<readonly ResponsePost[]>;
}

export function createInboundWorld(options: { inbox: Inbox; groups?: readonly string[] }): InboundWorld {
  const web = createScriptedWeb();
  const clock = createManualClock();
  const logged: string[] = [];
  const reports: (readonly unknown[])[] = [];
  const responses: ResponsePost[] = [];
  let waiting: { times: number; resolve: () => void }[] = [];
  const log = createLogger({
    level: 'debug',
    redactor: createRedactor(),
    write: (line) => void logged.push(line),
  });
  const app = new LateAckApp({
    receiver: { init: () => {}, start: async () => {}, stop: async () => {} },
    authorize: async () => ({ teamId: TEAM, botUserId: BOT, botId: 'B1', botToken: 'xoxb-test' }),
    logger: createBoltLogger(log),
    convoStore: false,
  });
  const world = { responseStatus: 200 };
  const inbound = registerListeners(app, {
    inbox: options.inbox,
    web,
    self: () => ({ teamId: TEAM, botUserId: BOT }),
    groups: () => options.groups ?? [],
    health: { report: (...report) => void reports.push(report) },
    apiUrl: 'https://slack.com/api/',
    fetch: async (url, init) => {
      const body: Json = JSON.parse(typeof init?.body === 'string' ? init.body : '{}');
      responses.push({ url: new Request(url).url, body });
      const due = waiting.filter(({ times }) => responses.length >= times);
      waiting = waiting.filter(({ times }) => responses.length < times);
      for (const { resolve } of due) resolve();
      return new Response('ok', { status: world.responseStatus });
    },
    clock,
    log,
  });
  return Object.assign(world, {
    web,
    clock,
    inbound,
    responses,
    logged,
    reports,
    async deliver(body: Json): Promise<Delivered> {
      let acks = 0;
      const event: ReceiverEvent = {
        body,
        ack: async () => {
          acks += 1;
        },
      };
      // What the library throws its receivers catch.
      await app
        .processEvent(event)
        .catch((error: unknown) => log.warn({ err: error }, 'thrown to the receiver'));
      return { acked: acks > 0, acks };
    },
    async answered(times: number) {
      if (responses.length < times) {
        await new Promise<void>((resolve) => waiting.push({ times, resolve }));
      }
      return responses;
    },
  });
}

let triggers = 0;

/** What Slack sends, with what a test names. */
export function slashPayload(parts: Json = {}): Json {
  triggers += 1;
  return {
    command: '/agent',
    text: 'list',
    team_id: TEAM,
    user_id: 'U1',
    user_name: 'alice',
    channel_id: ROOM,
    channel_name: 'general',
    response_url: `https://hooks.slack.com/commands/${triggers}`,
    trigger_id: `trigger-${triggers}`,
    ...parts,
  };
}

export function mentionPayload(event: Json = {}, envelope: Json = {}): Json {
  triggers += 1;
  return {
    type: 'event_callback',
    team_id: TEAM,
    event_id: `Ev${triggers}`,
    ...envelope,
    event: {
      type: 'app_mention',
      user: 'U1',
      team: TEAM,
      text: `<@${BOT}> list`,
      ts: '1700000009.000100',
      channel: ROOM,
      ...event,
    },
  };
}

export function pressPayload(
  button: { id?: string; subject?: string; hash?: string | null } = {},
  parts: Json = {},
): Json {
  triggers += 1;
  const { id = 'stop', subject = 'agent1', hash = null } = button;
  return {
    type: 'block_actions',
    user: { id: 'U1', username: 'alice', team_id: TEAM },
    team: { id: TEAM },
    trigger_id: `trigger-${triggers}`,
    response_url: `https://hooks.slack.com/actions/${triggers}`,
    channel: { id: ROOM },
    container: { type: 'message', message_ts: '1700000001.000100', channel_id: ROOM, is_ephemeral: false },
    message: { ts: '1700000001.000100' },
    actions: [
      { type: 'button', action_id: `airlock:${id}`, block_id: 'b', value: JSON.stringify({ subject, hash }) },
    ],
    ...parts,
  };
}

export function submitPayload(view: Json, parts: Json = {}): Json {
  triggers += 1;
  return {
    type: 'view_submission',
    user: { id: 'U1', name: 'alice', team_id: TEAM },
    team: { id: TEAM },
    trigger_id: `trigger-${triggers}`,
    view: { id: 'V1', type: 'modal', callback_id: 'airlock:form', hash: 'h', ...view },
    ...parts,
  };
}

export function homePayload(event: Json = {}, envelope: Json = {}): Json {
  triggers += 1;
  return {
    type: 'event_callback',
    team_id: TEAM,
    event_id: `Ev${triggers}`,
    ...envelope,
    event: { type: 'app_home_opened', user: 'U1', channel: 'D1', tab: 'home', ...event },
  };
}
