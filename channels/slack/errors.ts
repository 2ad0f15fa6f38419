import { webApi } from '@slack/bolt';
import { AppError } from '../../src/errors.ts';
import { escapeLine } from '../../src/lib/escape-text.ts';

/** The token is no longer good: only the operator, or an administrator of the workspace, can mend it. */
const TOKEN_ERRORS: ReadonlySet<string> = new Set([
  'access_denied',
  'account_inactive',
  'app_missing_action_url',
  'invalid_auth',
  'not_allowed_token_type',
  'not_authed',
  'org_login_required',
  'team_access_not_granted',
  'team_disabled',
  'token_expired',
  'token_revoked',
  'two_factor_setup_required',
  'user_removed_from_team',
]);

/** What will be refused however often it is asked, and what would mend it. */
const REFUSALS: Readonly<Record<string, string>> = {
  cant_update_message: 'only the bot that posted a message can edit it: was the app installed anew?',
  channel_is_archived: 'unarchive the channel',
  channel_not_found: 'check the channel id, and invite the bot: /invite it in the channel',
  is_archived: 'unarchive the channel',
  is_inactive: 'the channel is archived or frozen: unarchive it, or ask an administrator of the workspace',
  message_not_found: 'the message was deleted',
  msg_blocks_too_long: 'this is a defect of Airlock: please report it',
  msg_too_long: 'this is a defect of Airlock: please report it',
  invalid_blocks: 'this is a defect of Airlock: please report it',
  not_in_channel: 'invite the bot: /invite it in the channel',
  restricted_action: 'let the app post there: ask an administrator of the workspace',
  thread_not_found: 'the thread was deleted',
  user_not_found: 'the user left the workspace',
};
/** Names of refusals that are not listed above; what is called otherwise may pass. */
const REFUSAL_PATTERN =
  /^(?:cannot_|cant_|file_uploads_|invalid_|message_|messages_tab_|metadata_|missing_|msg_|no_|not_|restricted_|too_|trigger_)|_(?:not_found|disabled|exceeded|too_long)$|expired/;
/** Told by the platform when it has trouble of its own; some look like a refusal. */
const PASSING: ReadonlySet<string> = new Set([
  'fatal_error',
  'internal_error',
  'message_limit_exceeded',
  'rate_limited',
  'ratelimited',
  'request_timeout',
  'service_unavailable',
]);
/** A platform's error is a word; anything else (a page of a proxy) is not repeated. */
const WORD = /^[a-z][a-z0-9_]{0,79}$/;

/** What Slack said, where it said something: a word such as `channel_not_found`. */
export function slackErrorOf(error: unknown): string | null {
  if (error instanceof AppError) {
    const { slackError } = error.context;
    return typeof slackError === 'string' ? slackError : null;
  }
  if (!(error instanceof webApi.WebAPIPlatformError)) return null;
  const word: unknown = error.data.error;
  return typeof word === 'string' && WORD.test(word) ? word : null;
}

/** The operator must act; trying again alone changes nothing. */
export function isTokenError(slackError: string | null): boolean {
  return slackError !== null && TOKEN_ERRORS.has(slackError);
}

/** The scopes that Slack misses for a call, any of which would do; empty when it did not say. */
export function neededScopesOf(error: unknown): readonly string[] {
  if (error instanceof AppError) return neededScopesOf(error.cause);
  if (!(error instanceof webApi.WebAPIPlatformError)) return [];
  const data: object = error.data;
  const needed = 'needed' in data ? data.needed : null;
  return typeof needed === 'string' ? needed.split(',').map((scope) => scope.trim()) : [];
}

/** How long Slack asked to wait; null when it did not. */
export function retryAfterMsOf(error: unknown): number | null {
  if (error instanceof webApi.WebAPIRateLimitedError) return error.retryAfter * 1000;
  if (error instanceof webApi.WebAPIPlatformError) {
    const seconds: unknown = error.data.response_metadata?.['retryAfter'];
    if (typeof seconds === 'number') return seconds * 1000;
  }
  return null;
}

/**
 * A failed call as the Channel port has it. CHANNEL_PERMANENT only where Slack itself says that it will never be: a bad token, a
 * missing scope, a limit, a network that fails and an answer that is none are CHANNEL_TRANSIENT, for messages must not be lost.
 * `context.slackError` is Slack's word, null without one.
 */
export function toChannelError(error: unknown, method: string, room: string | null): AppError {
  if (error instanceof AppError) return error;
  const slackError = slackErrorOf(error);
  const retryAfterMs = retryAfterMsOf(error);
  const context = { method, room, slackError, ...(retryAfterMs === null ? {} : { retryAfterMs }) };
  const options = { context, cause: error };
  const what = room === null ? method : `${method} in ${escapeLine(room)}`;
  if (slackError === null) {
    return new AppError('CHANNEL_TRANSIENT', `Slack did not answer ${what}: ${reasonOf(error)}`, options);
  }
  const message = `Slack refused ${what}: ${slackError}`;
  if (slackError === 'missing_scope') {
    return new AppError('CHANNEL_TRANSIENT', message, { ...options, hint: MISSING_SCOPE_HINT });
  }
  if (isTokenError(slackError)) {
    return new AppError('CHANNEL_TRANSIENT', message, { ...options, hint: TOKEN_HINT });
  }
  if (PASSING.has(slackError) || !(slackError in REFUSALS || REFUSAL_PATTERN.test(slackError))) {
    return new AppError('CHANNEL_TRANSIENT', message, options);
  }
  const hint = REFUSALS[slackError];
  return new AppError('CHANNEL_PERMANENT', message, hint === undefined ? options : { ...options, hint });
}

export const TOKEN_HINT =
  'put the token of the installed app into the environment (OAuth & Permissions shows it) and restart Airlock';
export const MISSING_SCOPE_HINT =
  "install the app again with the scopes of channels/slack/manifest.yaml; 'npm run airlock -- doctor' names the missing one";

/** One line, without what a proxy or a library may have put into it. */
function reasonOf(error: unknown): string {
  if (error instanceof webApi.WebAPIRateLimitedError) return `rate limit, again in ${error.retryAfter} s`;
  if (error instanceof webApi.WebAPIHTTPError) return `HTTP status ${error.statusCode}`;
  if (error instanceof webApi.WebAPIPlatformError) return 'the answer is none of its own';
  if (error instanceof webApi.WebAPIRequestError) return causeOf(error.original);
  return error instanceof Error ? causeOf(error) : 'unknown reason';
}

/** `fetch failed` says nothing; the error below it does. */
function causeOf(error: Error): string {
  if (error.name === 'TimeoutError') return 'no answer in time';
  if (error.name === 'AbortError') return 'stopped';
  const inner: unknown = error.cause;
  return escapeLine(inner instanceof Error && inner.message !== '' ? inner.message : error.message);
}
