import { webApi } from '@slack/bolt';
import { describe, expect, test } from 'vitest';
import { neededScopesOf, slackErrorOf, toChannelError } from '../../../../channels/slack/errors.ts';

const refusal = (error: string) => new webApi.WebAPIPlatformError({ ok: false, error });

describe('what Slack refuses', () => {
  test.each([
    'channel_not_found',
    'is_archived',
    'channel_is_archived',
    'not_in_channel',
    'thread_not_found',
    'message_not_found',
    'cant_update_message',
    'restricted_action_read_only_channel',
    'msg_blocks_too_long',
    'invalid_blocks',
    'user_not_found',
    'expired_trigger_id',
  ])('%s will never be otherwise', (word) => {
    const error = toChannelError(refusal(word), 'chat.postMessage', 'C1');

    expect(error).toMatchObject({
      code: 'CHANNEL_PERMANENT',
      message: `Slack refused chat.postMessage in C1: ${word}`,
      context: { slackError: word, method: 'chat.postMessage', room: 'C1' },
    });
  });

  test.each(['channel_not_found', 'is_archived', 'not_in_channel'])('%s says what to do', (word) => {
    expect(toChannelError(refusal(word), 'chat.postMessage', 'C1').hint).toMatch(/invite|unarchive/);
  });

  test.each([
    'ratelimited',
    'rate_limited',
    'internal_error',
    'fatal_error',
    'service_unavailable',
    'message_limit_exceeded',
    // No message is lost over a token or a scope: the operator mends it.
    'invalid_auth',
    'token_revoked',
    'account_inactive',
    'not_authed',
    'missing_scope',
    // A word nobody knows yet.
    'accesslimited',
  ])('%s may pass', (word) => {
    expect(toChannelError(refusal(word), 'chat.postMessage', 'C1').code).toBe('CHANNEL_TRANSIENT');
  });

  test('a bad token and a missing scope say what to do', () => {
    expect(toChannelError(refusal('token_revoked'), 'chat.update', 'C1').hint).toContain('restart');
    expect(toChannelError(refusal('missing_scope'), 'chat.update', 'C1').hint).toContain('manifest.yaml');
  });

  test('the time to wait is handed on', () => {
    const limited = new webApi.WebAPIRateLimitedError(7);

    expect(toChannelError(limited, 'chat.update', 'C1').context).toMatchObject({ retryAfterMs: 7000 });
  });

  test('the page of a proxy is neither a word of Slack nor repeated', () => {
    const page = refusal('<html><body>Bad gateway: xoxb-secret</body></html>');
    const error = toChannelError(page, 'chat.update', 'C1');

    expect(slackErrorOf(page)).toBeNull();
    expect(error.code).toBe('CHANNEL_TRANSIENT');
    expect(error.message).not.toContain('xoxb');
  });

  test('a network that fails is named by what failed below it', () => {
    const cause = new Error('connect ECONNREFUSED 127.0.0.1:1');
    const failed = new webApi.WebAPIRequestError(new TypeError('fetch failed', { cause }));

    const error = toChannelError(failed, 'auth.test', null);

    expect(error.code).toBe('CHANNEL_TRANSIENT');
    expect(error.message).toBe('Slack did not answer auth.test: connect ECONNREFUSED 127.0.0.1:1');
  });
});

test('the scopes that would do are known, however the error was wrapped', () => {
  const data = { ok: false, error: 'missing_scope', needed: 'im:history,mpim:history' } as const;
  const error = new webApi.WebAPIPlatformError(data);

  expect(neededScopesOf(error)).toEqual(['im:history', 'mpim:history']);
  expect(neededScopesOf(toChannelError(error, 'conversations.history', 'D1'))).toEqual([
    'im:history',
    'mpim:history',
  ]);
  expect(neededScopesOf(refusal('missing_scope'))).toEqual([]);
});
