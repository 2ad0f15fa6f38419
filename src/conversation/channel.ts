/** The Channel port. One contract suite (`test/contracts/channel.ts`) runs on every channel. */
import type { PrincipalId } from '../model/principal.ts';
import type { MessageRef, ThreadRef } from '../model/thread.ts';
import type { ButtonId, Card, Form, FormInput } from './card.ts';

export type { Button, ButtonId, Card, Form } from './card.ts';

/** What a platform can do; the delivery loop keeps to it. */
export interface ChannelLimits {
  /** Posts and edits, each a token bucket over the whole channel. */
  postsPerMinute: number;
  editsPerMinute: number;
  /** Posts into one room, threads included; infinite where the platform counts only the whole. */
  postsPerRoomPerMinute: number;
  /** Between two edits of one message; milliseconds. */
  editIntervalMs: number;
  /** Kept of live output on a card; characters. */
  outputCharacters: number;
  /**
   * The longest code that a card shows whole; infinite where all is shown. The card of a longer one is cut by the channel, the whole
   * is attached as a file, and nobody approves on this channel before opening the full text (`view`).
   */
  codeCharacters: number;
  /** True where an agent gets a thread of its own. */
  threads: boolean;
}

/** How a channel stands with its platform. */
export interface ChannelHealth {
  state: 'starting' | 'up' | 'degraded' | 'down';
  /** What is wrong and what mends it, without secrets; null when up. */
  detail: string | null;
  /** Epoch milliseconds. */
  since: number;
}

/** A file of a thread: one that is on disk, or a text. */
export interface UploadFile {
  /** A plain name that tells files of one thread apart; a second upload of the same key has the same name. */
  name: string;
  bytes: number;
  content: { path: string } | { text: string };
}

export interface Channel {
  readonly name: string;
  readonly limits: ChannelLimits;
  /** Connects and hands what comes in to `inbox`. Twice is once. */
  start(inbox: Inbox): Promise<void>;
  /** Lets go of the platform. Twice is once; stopping what never started succeeds. */
  stop(): Promise<void>;
  /**
   * Posts a card. `key` names the delivery; with `maybePosted` an earlier try may have landed: look the key up before posting.
   * Throws AppError CHANNEL_PERMANENT (thread gone, bot removed) or CHANNEL_TRANSIENT (`context.retryAfterMs` if known).
   */
  post(ref: ThreadRef, card: Card, key: string, options: { maybePosted: boolean }): Promise<MessageRef>;
  /** The thread under a posted card; `card` is the first message when the platform needs one. */
  openThread(ref: MessageRef, card: Card, key: string): Promise<ThreadRef>;
  update(ref: MessageRef, card: Card): Promise<void>;
  /** Puts a file into a thread. `maybePosted` as for {@link Channel.post}: its name is looked up first. */
  upload(
    ref: ThreadRef,
    file: UploadFile,
    key: string,
    options: { maybePosted: boolean },
  ): Promise<MessageRef>;
  /**
   * Where the asker alone reads what is posted, for an answer that could not be given at the time; known before `start` too. Null, or left
   * out, where there is no such place: then the thread is told that there was a request, and nothing of it.
   */
  privateRoom?(asker: Pick<RequestOrigin, 'principal' | 'thread'>): ThreadRef | null;
  /**
   * Those of `groups` that somebody is in now, for the re-check of approvals: by an answer of the platform that is five minutes old at
   * most. Null, or an error, when it does not say; left out where nobody can be asked.
   */
  stillIn?(principal: PrincipalId, groups: readonly string[]): Promise<readonly string[] | null>;
  health(): ChannelHealth;
  /** Told every change; the first call comes with the next change. */
  onHealth(listener: (health: ChannelHealth) => void): Disposable;
}

/** Who and where, as the channel verified it. Roles are the people directory's business. */
export interface RequestOrigin {
  /** The platform's own id of this delivery; a second one is answered and not repeated. */
  deliveryId: string;
  principal: PrincipalId;
  displayName: string;
  /** Groups, roles and channels on the platform that `airlock.yaml` may map: `slack-group:T1:S9`. */
  groups: readonly string[];
  thread: ThreadRef;
  /** Terminal only: `/as alice admin`. */
  persona?: { id: string; role: string };
}

export interface CommandRequest extends RequestOrigin {
  /** What stands after the root command, as typed, platform escapes decoded: `exec box -- ls`. */
  text: string;
  /** In a mention or a thread: the agent the thread belongs to is found by it. Default `command`. */
  via?: 'command' | 'mention';
}
export interface ButtonRequest extends RequestOrigin {
  button: ButtonId;
  subject: string;
  hash: string | null;
  /**
   * False where the platform could not ask whether the press was meant: then the inbox does, with a form, before what cannot be undone.
   * Default true.
   */
  sure?: boolean;
}
export interface FormRequest extends ButtonRequest {
  values: Partial<Record<FormInput['name'], string>>;
}

/** The first answers to one person; both may be called more than once. */
export interface Reply {
  private(card: Card): Promise<void>;
  form(form: Form): Promise<void>;
}

/** How long a request may take to be saved. */
export interface Patience {
  /**
   * Aborted when the asker cannot be kept waiting for the disk any longer. A request whose writing has not begun by then is void: it is
   * never worked on, not even when the store answers later or after a crash, and the asker is told to ask again. Of one that is being
   * written the asker is told that its answer follows. Default: as long as it takes.
   */
  patience?: AbortSignal;
}

/** How a request came out, for surfaces that wait (the piped terminal, later HTTP). */
export interface RequestOutcome {
  /** False when it was refused, failed, or its command ended with another code than 0. */
  ok: boolean;
  /** An approval is awaited. */
  waiting: boolean;
  actionId: string | null;
}

/** Resolves as soon as the request is durably accepted, recognised, refused or void: that is the moment to acknowledge. */
export interface Accepted {
  duplicate: boolean;
  /** When its action has settled or waits for approval and its cards were handed to the channel. Never rejects. */
  settled: Promise<RequestOutcome>;
}

export interface Inbox {
  command(request: CommandRequest, reply: Reply, patience?: Patience): Promise<Accepted>;
  button(request: ButtonRequest, reply: Reply, patience?: Patience): Promise<Accepted>;
  form(request: FormRequest, reply: Reply, patience?: Patience): Promise<Accepted>;
  /** Completions for what is typed so far, at most 25, best first. Never throws. */
  complete(request: CompletionRequest): Promise<Choice[]>;
  /**
   * What concerns this person now, for a page of their own (Slack's App Home): live agents, approvals that wait for them, their own
   * requests, best first. Never throws.
   */
  home(request: HomeRequest): Promise<readonly Card[]>;
}
export interface HomeRequest extends Pick<RequestOrigin, 'principal' | 'displayName' | 'groups'> {
  /** The channel brings a page up to date by itself: that is no request of the person, and is not counted as one. Default false. */
  refresh?: boolean;
}
export interface CompletionRequest {
  principal: PrincipalId;
  groups: readonly string[];
  thread: ThreadRef;
  text: string;
}
export interface Choice {
  /** Replaces the last word. */
  value: string;
  label: string;
}
