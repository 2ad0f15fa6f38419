/** What the Slack emulator shows to tests. Shapes of the platform keep the platform's names (snake case). */
import type { Clock } from '../../../src/lib/clock.ts';

/** A JSON object as it travels on the wire. */
export type Json = Record<string, unknown>;

export interface SlackEmulatorOptions {
  /** Every lifetime and window follows it. Default the system's. */
  clock?: Clock;
  /** What the bot's token was granted; answered in `x-oauth-scopes`. Default all that the methods need. */
  scopes?: readonly string[];
  /** Calls in 60 s for a method, instead of the platform's tier; `Infinity` lifts it. */
  budgets?: Readonly<Record<string, number>>;
  /** The workspace's id, for tests with several. */
  team?: string;
  /** The slash command that is registered. Default `/agent`. */
  command?: string;
}

export interface SlackUser {
  id: string;
  /** The workspace that the user belongs to. */
  team: string;
  name: string;
  isBot: boolean;
}

export interface SlackChannelInfo {
  id: string;
  name: string;
  /** Ids of users, the bot's among them unless it was left out. */
  members: Set<string>;
  /** Shared with other workspaces. */
  shared: boolean;
  archived: boolean;
  /** Seen by members only. */
  private: boolean;
}

/** A message as conversations.history gives it. */
export interface SlackMessage {
  type: 'message';
  /** `tombstone`: deleted, and kept because replies stand under it. */
  subtype?: string;
  ts: string;
  thread_ts?: string;
  channel: string;
  user: string;
  bot_id?: string;
  /** The author's workspace. */
  team: string;
  text: string;
  blocks: Json[];
  metadata?: { event_type: string; event_payload: Json };
  files?: Json[];
  edited?: { user: string; ts: string };
}

/** What one person alone sees in a channel. */
export interface SlackEphemeral {
  ts: string;
  channel: string;
  thread_ts?: string;
  text: string;
  blocks: Json[];
  /** `api` by chat.postEphemeral, `ack` in the acknowledgement, `response` by a response URL. */
  by: 'api' | 'ack' | 'response';
}

/** A modal that is open, or a home tab, with Slack's own fields. */
export interface SlackView {
  id: string;
  hash: string;
  type: 'modal' | 'home';
  callback_id: string;
  private_metadata: string;
  title: Json | null;
  submit: Json | null;
  close: Json | null;
  blocks: Json[];
  root_view_id: string | null;
  previous_view_id: string | null;
  external_id: string;
}

/** A mention that notified somebody. */
export interface SlackMention {
  channel: string;
  ts: string;
  mention: string;
}

export interface SlackFile {
  id: string;
  name: string;
  title: string;
  size: number;
  content: string;
  channel: string | null;
  thread_ts: string | null;
  /** The message that carries it. */
  ts: string | null;
}

/** One call of the Web API, answered or not. */
export interface SlackCall {
  method: string;
  args: Json;
  /** Epoch milliseconds of the emulator's clock. */
  at: number;
  /** `ok`, the error's name, or what the fault did. */
  outcome: string;
}

/** One post to a response URL. */
export interface SlackResponse {
  user: string;
  channel: string;
  at: number;
  body: Json;
  outcome: string;
}

/** A rule that the client broke. */
export interface SlackViolation {
  /** A short name, such as `rate` or `blocks`. */
  rule: string;
  detail: string;
  at: number;
}

/** How a call goes wrong, once. */
export type SlackFault =
  | { kind: 'error'; error: string }
  | { kind: 'status'; status: number; body?: string }
  /** Status 429 with Retry-After, as the platform does above a tier. */
  | { kind: 'ratelimited'; retryAfterSeconds: number }
  /** Nothing is ever answered, and nothing done. */
  | { kind: 'hang' }
  /** The connection breaks before anything is done. */
  | { kind: 'drop-before' }
  /** The call lands, its answer never arrives. */
  | { kind: 'drop-after' }
  /** The call lands, and is answered so late. */
  | { kind: 'slow'; ms: number }
  /** The call lands, and then nothing is ever answered. */
  | { kind: 'hang-after' }
  /** An answer that is no JSON. */
  | { kind: 'garbage' };

export interface SlackFaults {
  /** The next `times` calls (default 1) of the method (`*` = any) go wrong like that. Faults of one method queue up. */
  next(method: string, fault: SlackFault, times?: number): void;
  /** Every call of the method until `clear`. */
  always(method: string, fault: SlackFault): void;
  clear(): void;
}

/** What came of a request that was delivered to the app. */
export interface SlackDelivery {
  /** Answered within 3 s, and well (HTTP: status 200). */
  acked: boolean;
  /** Milliseconds until the answer, or until it was given up; the longer of wall and clock. */
  ackMs: number;
  /** What the answer carried; null for an empty one. */
  body: Json | string | null;
  /** HTTP only. */
  status: number | null;
  /** For `redeliver`. */
  request: SlackRequest;
}

/** What is delivered: the same payload travels over Socket Mode and HTTP. */
export interface SlackRequest {
  type: 'slash_commands' | 'interactive' | 'events_api';
  payload: Json;
  envelopeId: string;
}

export interface RedeliverOptions {
  /** Says what try it is; default none: the duplicate looks like the first one. */
  retryNum?: number;
  /** Default `timeout` beside a number. */
  retryReason?: string;
  /** Keeps the envelope's id. Default true. */
  sameEnvelope?: boolean;
}

export interface SlashInput {
  user: string;
  channel: string;
  text: string;
  /** Default the registered one. */
  command?: string;
  /** Always refused: the platform takes no slash command in a thread. */
  threadTs?: string;
}

export interface MentionInput {
  user: string;
  channel: string;
  threadTs?: string;
  /** After the mention of the bot, as typed by the person. The platform escapes & < >. */
  text: string;
}

export interface PressInput {
  user: string;
  channel: string;
  ts: string;
  actionId: string;
  /** Which of the buttons with that action id, from 0. */
  index?: number;
}

export interface PressInViewInput {
  user: string;
  /** Default the modal on top; `home` is the home tab. */
  viewId?: string;
  actionId: string;
  index?: number;
}

export interface SubmitInput {
  user: string;
  /** Default the modal on top. */
  viewId?: string;
  /** By block id, action id or label; an input that is not named keeps its initial value. */
  values: Readonly<Record<string, string>>;
}

/** What people do. Each resolves when the app has answered, or 3 s have passed, and throws where the platform would not let them. */
export interface SlackVerbs {
  slash(input: SlashInput): Promise<SlackDelivery>;
  mention(input: MentionInput): Promise<SlackDelivery>;
  /** Presses a button of a message, as it is at this moment. */
  press(input: PressInput): Promise<SlackDelivery>;
  /** Presses a button that an earlier state of the message had: the payload carries the message as captured. */
  pressStale(input: PressInput, message: SlackMessage): Promise<SlackDelivery>;
  pressEphemeral(input: {
    user: string;
    ephemeral: SlackEphemeral;
    actionId: string;
    index?: number;
  }): Promise<SlackDelivery>;
  pressInView(input: PressInViewInput): Promise<SlackDelivery>;
  submit(input: SubmitInput): Promise<SlackDelivery>;
  openHome(user: string): Promise<SlackDelivery>;
  /** Delivers the same payload once more. */
  redeliver(delivery: SlackDelivery, options?: RedeliverOptions): Promise<SlackDelivery>;
}

/** How a signed request is spoilt. */
export interface SignatureOptions {
  /** Signed with another secret. */
  forged?: boolean;
  /** Added to the timestamp that is signed; milliseconds. */
  shiftMs?: number;
  unsigned?: boolean;
}

/** The same verbs by signed HTTP requests. */
export interface SlackHttpVerbs extends SlackVerbs {
  /** What follows is signed like that, until called with nothing. */
  sign(options?: SignatureOptions): void;
  /** Sends the bytes and headers of the last request once more. */
  replay(): Promise<{ status: number; body: string }>;
}

export interface SlackEmulator extends SlackVerbs {
  /** For `clientOptions.slackApiUrl`; ends with a slash. */
  readonly apiUrl: string;
  readonly botToken: string;
  readonly appToken: string;
  readonly signingSecret: string;
  readonly clock: Clock;
  /** The workspace that the app is installed in. */
  readonly team: string;
  readonly botUser: string;
  readonly appId: string;

  addUser(input: { id?: string; team?: string; name: string; isBot?: boolean }): SlackUser;
  /** The bot is a member unless `bot` is false. */
  addChannel(input: {
    id?: string;
    name: string;
    members: readonly string[];
    shared?: boolean;
    archived?: boolean;
    private?: boolean;
    bot?: boolean;
  }): SlackChannelInfo;
  /** The direct conversation of the bot with a person; its id. */
  direct(user: string): string;
  addUserGroup(id: string, users: readonly string[]): void;
  /** A person writes; nothing is delivered. Returns the ts. */
  /** `file` is the name of one that the person shares with it. */
  say(input: { user: string; channel: string; text: string; threadTs?: string; file?: string }): string;
  archive(channel: string): void;
  /** A person, or an administrator, deletes a message. */
  deleteMessage(channel: string, ts: string): void;
  removeBot(channel: string): void;
  /** What every call answers from now on, with that token: `token_revoked`, `account_inactive`, … */
  revoke(token: 'bot' | 'app', error: string): void;
  restore(): void;

  /** Everything in the channel, threads included, oldest first; with `threadTs` the replies of that thread alone. */
  messages(channel: string, threadTs?: string): readonly SlackMessage[];
  ephemerals(user: string): readonly SlackEphemeral[];
  /** Modals that are open, the topmost last. */
  views(user: string): readonly SlackView[];
  /** Closes the topmost modal, and nothing is delivered. */
  closeView(user: string): void;
  home(user: string): SlackView | null;
  files(channel: string, threadTs?: string): readonly SlackFile[];

  /** Everybody whom the app's messages notify, and every link that they carry, as they stand. */
  mentions(): readonly SlackMention[];
  links(): readonly string[];

  readonly calls: readonly SlackCall[];
  readonly responses: readonly SlackResponse[];
  readonly violations: readonly SlackViolation[];
  readonly faults: SlackFaults;

  /** Sockets that are open and greeted. */
  readonly connections: number;
  /** Resolves when so many sockets are open. */
  connected(count?: number): Promise<void>;
  /** Resolves when no socket is open. Bolt's `stop` resolves before that. */
  disconnected(): Promise<void>;
  /** Tells the socket `warning`, then `refresh_requested` and closes it, as the platform does every few hours. */
  refresh(): void;
  /** Cuts every socket without a word. */
  disconnect(): void;
  /** From now on sockets get no pong and deliver nothing; the TCP connection stays. */
  freeze(frozen: boolean): void;
  /** Refuses and cuts every connection, HTTP and WebSocket, until `online(true)`. */
  online(up: boolean): void;

  httpReceiver(options: { url: string }): SlackHttpVerbs;
  /** Ends every socket and timer. Twice is once. */
  close(): Promise<void>;
}
