import type { AddressInfo } from 'node:net';
import type { Clock } from '../../../src/lib/clock.ts';
import type { MovingClock } from '../../fakes/moving-clock.ts';
import type { RestFault, RouteName } from './faults.ts';
import type { Limits } from './limits.ts';
import type { PermissionName } from './permissions.ts';

/** A component of a message or a modal as Discord keeps it: every part has an `id`. */
export interface ComponentView {
  type: number;
  id: number;
  custom_id?: string;
  label?: string;
  description?: string;
  content?: string;
  style?: number;
  url?: string;
  disabled?: boolean;
  placeholder?: string;
  required?: boolean;
  value?: string;
  min_length?: number;
  max_length?: number;
  min_values?: number;
  max_values?: number;
  accent_color?: number;
  options?: { label: string; value: string; description?: string; default?: boolean }[];
  components?: ComponentView[];
  component?: ComponentView;
  accessory?: ComponentView;
  [key: string]: unknown;
}

export interface EmbedView {
  title?: string;
  description?: string;
  color?: number;
  fields?: { name: string; value: string; inline?: boolean }[];
  footer?: { text: string };
  author?: { name: string };
  [key: string]: unknown;
}

export interface AttachmentView {
  id: string;
  filename: string;
  size: number;
  content_type: string;
  /** Served by the emulator. */
  url: string;
  proxy_url: string;
  description?: string;
  ephemeral?: boolean;
}

export interface UserView {
  id: string;
  username: string;
  global_name: string;
  discriminator: string;
  avatar: string | null;
  bot: boolean;
  [key: string]: unknown;
}

/** A message as its readers see it, with the field set of REST v10. */
export interface MessageView {
  id: string;
  channel_id: string;
  author: UserView;
  content: string;
  timestamp: string;
  edited_timestamp: string | null;
  mention_everyone: boolean;
  mentions: UserView[];
  mention_roles: string[];
  attachments: AttachmentView[];
  embeds: EmbedView[];
  components: ComponentView[];
  flags: number;
  nonce?: string | number;
  thread?: ThreadView;
  [key: string]: unknown;
}

export interface ThreadView {
  id: string;
  name: string;
  parent_id: string;
  thread_metadata: {
    archived: boolean;
    locked: boolean;
    auto_archive_duration: number;
    [key: string]: unknown;
  };
  message_count: number;
  [key: string]: unknown;
}

export interface ModalView {
  customId: string;
  title: string;
  components: ComponentView[];
}

export interface Choice {
  name: string;
  value: string | number;
}

/** The names of the first answers of an interaction. */
export type AnswerKind = 'message' | 'deferred' | 'deferred-update' | 'update' | 'choices' | 'modal';

/** What a person saw within three seconds of what they did. */
export interface Outcome {
  interactionId: string;
  /** False: "The application did not respond". */
  answered: boolean;
  answer: AnswerKind | null;
  /** Milliseconds of the emulator's clock between the act and the first answer; null when there was none. */
  answerMs: number | null;
  /** Null where the answer shows no message. */
  ephemeral: boolean | null;
  /** The `data` of the first answer as the client sent it. */
  data: unknown;
  modal: ModalView | null;
  choices: readonly Choice[];
  /** The message that the first answer shows, once it says something; waits for the end of a deferral. */
  reply(): Promise<MessageView>;
}

/** A rule that a correct client never breaks, broken. */
export interface Violation {
  /** The rule's short name, such as `content-length` or `answered-twice`. */
  rule: string;
  detail: string;
  /** `POST /channels/:channel/messages`, or `gateway`. */
  route: string;
  at: number;
}

/** One request of the client and what it was told. */
export interface RestCall {
  route: string;
  method: string;
  path: string;
  query: Readonly<Record<string, string>>;
  body: unknown;
  files: readonly string[];
  /** Null while under way, and where the answer was kept back by a fault. */
  status: number | null;
  /** Discord's own code of an error. */
  code: number | null;
  at: number;
}

export interface StoredFile {
  id: string;
  messageId: string;
  channelId: string;
  name: string;
  contentType: string;
  bytes: Buffer;
  text(): string;
}

export interface UserOptions {
  id?: string;
  name?: string;
  /** Ids of roles in the guild. */
  roles?: readonly string[];
  /** False: refuses direct messages (50007). Default true. */
  dm?: boolean;
  /** False: a user of Discord, no member of the guild. Default true. */
  member?: boolean;
  /** May use commands that only administrators see. Default false. */
  administrator?: boolean;
}

export interface ChannelOptions {
  id?: string;
  name?: string;
  /** What the bot may do there. Default: all that it was invited with. */
  permissions?: readonly PermissionName[];
}

export type OptionValue = string | number | boolean;

export interface CommandAct {
  user: string;
  channel: string;
  /** The root command. Default: the only one registered. */
  name?: string;
  /** Group and subcommand below the root. */
  path?: readonly string[];
  options?: Readonly<Record<string, OptionValue>>;
}

export interface PressAct {
  user: string;
  message: string | { id: string };
  customId?: string;
  label?: string;
  /** Chosen values of a select. */
  values?: readonly string[];
  /** Also finds components that an edit has taken away since: the click of somebody whose screen is behind. */
  stale?: boolean;
}

export interface SubmitAct {
  user: string;
  /** Default: the modal that was opened last. */
  modal?: ModalView;
  values: Readonly<Record<string, string | readonly string[]>>;
}

export interface GatewaySession {
  id: string;
  intents: number;
  connected: boolean;
  /** Sequence number of the last event. */
  sequence: number;
}

export interface GatewayControl {
  /** Asks the client to reconnect and resume (op 7). */
  reconnect(): void;
  /** Tells the client that its session is over (op 9). */
  invalidSession(resumable: boolean): void;
  /** Closes every socket with the code; 1006 cuts the connection without a close frame. */
  close(code: number): void;
  /** Leaves the next heartbeats without an ack. */
  dropAcks(times: number): void;
  /** Sends any event to the sessions whose intents cover it. */
  dispatch(event: string, data: unknown): void;
  /** While false, new connections and GET /gateway/bot fail: Discord is down for the gateway. */
  accepting: boolean;
  readonly sessions: readonly GatewaySession[];
  readonly identifies: number;
  readonly resumes: number;
  readonly heartbeats: number;
  /** Codes with which clients closed their sockets. */
  readonly closes: readonly number[];
  readonly connections: number;
}

export interface Faults {
  /** The next `times` requests of the route (`*` for any) meet the fault. */
  rest(route: RouteName | '*', fault: RestFault, times?: number): void;
  clear(): void;
}

export interface DiscordEmulatorOptions {
  /** Default: time that runs by itself and can be moved with `clock.advance`. */
  clock?: Clock & { advance(ms: number): void };
  /** Numbers to lower, so that a test need not send ten thousand requests. */
  limits?: Partial<Limits>;
  /** Privileged intents that were granted in the developer portal. Default none. */
  privileged?: readonly ('members' | 'presences' | 'message-content')[];
  /** Unit: ms of real time. Default 41,250. */
  heartbeatMs?: number;
}

/** Discord on 127.0.0.1: REST v10, the gateway, and the people who use it. Ids are plain strings. */
export interface DiscordEmulator extends AsyncDisposable {
  /** Base for `rest.api`, without the version. */
  readonly apiUrl: string;
  readonly address: AddressInfo;
  readonly botToken: string;
  readonly applicationId: string;
  readonly botUserId: string;
  readonly guild: { id: string; name: string };
  readonly clock: MovingClock;

  /** Each gives the id. */
  addUser(options?: UserOptions): string;
  addChannel(options?: ChannelOptions): string;
  addRole(name: string): string;
  setRoles(user: string, roles: readonly string[]): void;
  setPermissions(channel: string, permissions: readonly PermissionName[]): void;

  /**
   * Acts of people. Each resolves with what the client answered, at the latest when Discord gives up after three seconds.
   *
   * @throws Error when Discord's own client would not let a person do that.
   */
  command(act: CommandAct): Promise<Outcome>;
  autocomplete(act: CommandAct & { focused: string }): Promise<Outcome>;
  press(act: PressAct): Promise<Outcome>;
  submit(act: SubmitAct): Promise<Outcome>;
  say(act: { user: string; channel: string; text: string }): MessageView;
  removeMessage(message: string): void;
  /** A channel or a thread. */
  removeChannel(channel: string): void;
  archive(thread: string, options?: { locked?: boolean }): void;

  /** Public messages, oldest first, without Discord's own system messages. */
  messages(channel: string): MessageView[];
  /** What only this person sees, oldest first. */
  ephemerals(user: string): MessageView[];
  /** Direct messages from the bot, oldest first. */
  directMessages(user: string): MessageView[];
  /** Open modals, oldest first. */
  modals(user: string): ModalView[];
  threads(channel: string): ThreadView[];
  /** Definitions as registered: of the guild, then the global ones. */
  commands(): { name: string; [key: string]: unknown }[];
  readonly attachments: readonly StoredFile[];
  /** Mentions that rang somebody's bell. */
  readonly pings: readonly { messageId: string; everyone: boolean; users: string[]; roles: string[] }[];
  readonly calls: readonly RestCall[];
  /**
   * What a correct client can always avoid. What it can meet without a fault of its own (messages that are gone, archived
   * threads, missing permissions, injected faults) is answered as Discord answers and not listed here.
   */
  readonly violations: readonly Violation[];
  readonly faults: Faults;
  readonly gateway: GatewayControl;
  /** Asks `find` again after everything that happens until it gives something. Rejects after `timeoutMs` (default 5,000) of real time. */
  until<T>(find: () => T | undefined | null | false, timeoutMs?: number): Promise<T>;
  /** Ends every socket and timer. */
  close(): Promise<void>;
}
