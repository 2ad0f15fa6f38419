import { DiscordAPIError, HTTPError, type RateLimitData, RateLimitError } from 'discord.js';
import { AppError } from '../../src/errors.ts';
import { escapeLine } from '../../src/lib/escape-text.ts';

/** What will be refused however often it is asked, by Discord's own codes, and what would mend it. */
const REFUSALS: Readonly<Record<number, string>> = {
  10003: 'the channel or thread was deleted: name another one',
  10004: 'the server is gone, or the bot was removed from it: invite it again',
  10008: 'the message was deleted',
  20016: 'switch the slow mode of the channel off',
  30033: 'the thread has as many members as Discord lets it have',
  40005: 'the file is larger than Discord takes',
  50001: "let the bot see the channel: 'npm run airlock -- doctor' prints the permissions it needs",
  50005: 'only the bot that posted a message can edit it: was the token changed?',
  50006: 'this is a defect of Airlock: please report it',
  50007: 'the person takes no direct messages from members of the server',
  50013: "give the bot the missing permission in the channel: 'npm run airlock -- doctor' names it",
  50024: 'name a text channel',
  50035: 'this is a defect of Airlock: please report it',
  50083: 'the thread is archived and locked: unlock it, or let the bot manage threads',
  160005: 'unlock the thread, or let the bot manage threads',
  200000: 'AutoMod of the server blocks the message: exempt the bot',
  200001: 'AutoMod of the server blocks the title: exempt the bot',
};
/** Refused now, perhaps not later. */
const PASSING: ReadonlySet<number> = new Set([
  // Too many writes, too many edits of old messages, too many active threads, overloaded.
  20022, 20028, 30046, 40062, 130_000, 160_006,
]);

/** Discord's code for what it refused, such as 10008; null where it said none. */
export function discordCodeOf(error: unknown): number | null {
  if (error instanceof AppError) {
    const { discordCode } = error.context;
    return typeof discordCode === 'number' ? discordCode : null;
  }
  return error instanceof DiscordAPIError && typeof error.code === 'number' ? error.code : null;
}

/** The token is no longer good: only the operator can mend it. */
export function isTokenError(error: unknown): boolean {
  if (error instanceof AppError) return error.context['status'] === 401;
  return error instanceof DiscordAPIError && error.status === 401;
}

/** Milliseconds until Discord takes the next request: of its three figures the one that is set. */
export function waitOf({
  retryAfter,
  timeToReset,
  sublimitTimeout,
}: Pick<RateLimitData, 'retryAfter' | 'timeToReset' | 'sublimitTimeout'>): number {
  return Math.max(retryAfter, timeToReset, sublimitTimeout);
}

export const TOKEN_HINT =
  "put the token that 'Bot' of the application on discord.com/developers gave into DISCORD_BOT_TOKEN and restart Airlock";

/**
 * A failed call as the Channel port has it. CHANNEL_PERMANENT only where Discord itself says that it will never be; a refused token, a
 * limit, a network that fails and an answer that is none are CHANNEL_TRANSIENT, for messages must not be lost. A limit that is not
 * that of the whole bot concerns only the room: `context.scope`.
 */
export function toChannelError(error: unknown, what: string): AppError {
  if (error instanceof AppError) return error;
  const discordCode = discordCodeOf(error);
  if (error instanceof RateLimitError) {
    const { global } = error;
    const retryAfterMs = waitOf(error);
    return new AppError('CHANNEL_TRANSIENT', `Discord asks to wait with ${what}`, {
      context: { what, discordCode: null, status: 429, retryAfterMs, scope: global ? 'channel' : 'room' },
    });
  }
  const status = error instanceof DiscordAPIError || error instanceof HTTPError ? error.status : null;
  const options = { context: { what, discordCode, status }, cause: withoutRequest(error) };
  if (isTokenError(error)) {
    return new AppError('CHANNEL_TRANSIENT', `Discord refuses the bot's token (${what})`, {
      ...options,
      hint: TOKEN_HINT,
    });
  }
  if (discordCode === null || discordCode === 0) {
    return new AppError('CHANNEL_TRANSIENT', `Discord did not answer ${what}: ${reasonOf(error)}`, options);
  }
  const message = `Discord refused ${what}: ${reasonOf(error)} (${discordCode})`;
  if (PASSING.has(discordCode) || (status !== null && status >= 500)) {
    return new AppError('CHANNEL_TRANSIENT', message, options);
  }
  const hint = REFUSALS[discordCode];
  return new AppError('CHANNEL_PERMANENT', message, hint === undefined ? options : { ...options, hint });
}

/** The library's errors carry the whole request, card and all; a log needs none of it. */
function withoutRequest(error: unknown): unknown {
  if (!(error instanceof DiscordAPIError || error instanceof HTTPError)) return error;
  return new Error(escapeLine(error.message.slice(0, 1000)));
}

/** One line, without what a proxy may have put into it. */
function reasonOf(error: unknown): string {
  if (error instanceof HTTPError) return `HTTP status ${error.status}`;
  if (error instanceof DiscordAPIError) return escapeLine(saidBy(error).slice(0, 200));
  if (!(error instanceof Error)) return 'unknown reason';
  if (error.name === 'AbortError') return 'no answer in time';
  const inner: unknown = error.cause;
  return escapeLine(inner instanceof Error && inner.message !== '' ? inner.message : error.message);
}

/** Without the places in the body that the library adds. */
function saidBy({ rawError, message }: DiscordAPIError): string {
  return 'message' in rawError ? rawError.message : message;
}
