/** The Web API's answers, and its refusals by name. */
import { describe, expect, test } from 'vitest';
import type { Json } from '../emulators/slack/slack-emulator.ts';
import { callSlack, type SlackStage, slackStage } from '../fixtures/slack-app.ts';

const text = (value: unknown) => String(value);

async function posted({ slack, channel }: SlackStage, more: Json = {}): Promise<string> {
  const { body } = await callSlack(slack, 'chat.postMessage', { channel, text: 'posted', ...more });
  return text(body['ts']);
}

/** What is asked, and the error that answers. */
const REFUSALS: readonly [
  what: string,
  method: string,
  args: (stage: SlackStage) => Json | Promise<Json>,
  error: string,
][] = [
  [
    'a channel that is not there',
    'chat.postMessage',
    () => ({ channel: 'C404', text: 'x' }),
    'channel_not_found',
  ],
  [
    'a channel without the bot',
    'chat.postMessage',
    ({ slack }) => ({ channel: slack.addChannel({ name: 'out', members: [], bot: false }).id, text: 'x' }),
    'not_in_channel',
  ],
  [
    'a private channel without the bot',
    'chat.postMessage',
    ({ slack }) => ({
      channel: slack.addChannel({ name: 'out', members: [], bot: false, private: true }).id,
      text: 'x',
    }),
    'channel_not_found',
  ],
  [
    'an archived channel',
    'chat.postMessage',
    ({ slack }) => ({
      channel: slack.addChannel({ name: 'old', members: [], archived: true }).id,
      text: 'x',
    }),
    'is_archived',
  ],
  ['nothing to say', 'chat.postMessage', ({ channel }) => ({ channel }), 'no_text'],
  [
    'text above 40,000',
    'chat.postMessage',
    ({ channel }) => ({ channel, text: 'x'.repeat(40_001) }),
    'msg_too_long',
  ],
  [
    'metadata without a type',
    'chat.postMessage',
    ({ channel }) => ({ channel, text: 'x', metadata: { event_payload: {} } }),
    'invalid_metadata_format',
  ],
  [
    'metadata that is too large',
    'chat.postMessage',
    ({ channel }) => ({
      channel,
      text: 'x',
      metadata: { event_type: 't', event_payload: { key: 'x'.repeat(16_000) } },
    }),
    'metadata_too_large',
  ],
  [
    'an update of nothing',
    'chat.update',
    ({ channel }) => ({ channel, ts: '1.1', text: 'x' }),
    'message_not_found',
  ],
  [
    "an update of somebody's message",
    'chat.update',
    ({ slack, ann, channel }) => ({
      channel,
      ts: slack.say({ user: ann, channel, text: 'mine' }),
      text: 'x',
    }),
    'cant_update_message',
  ],
  [
    'an update above 4000',
    'chat.update',
    async (stage) => ({ channel: stage.channel, ts: await posted(stage), text: 'x'.repeat(4001) }),
    'msg_too_long',
  ],
  [
    'an update in an archived channel',
    'chat.update',
    async (stage) => {
      const ts = await posted(stage);
      stage.slack.archive(stage.channel);
      return { channel: stage.channel, ts, text: 'x' };
    },
    'is_inactive',
  ],
  [
    'an ephemeral for one who is not there',
    'chat.postEphemeral',
    ({ slack, channel }) => ({ channel, user: slack.addUser({ name: 'eve' }).id, text: 'x' }),
    'user_not_in_channel',
  ],
  [
    "somebody's message to be deleted",
    'chat.delete',
    ({ slack, ann, channel }) => ({ channel, ts: slack.say({ user: ann, channel, text: 'mine' }) }),
    'cant_delete_message',
  ],
  [
    'a thread that is not there',
    'conversations.replies',
    ({ channel }) => ({ channel, ts: '1.1' }),
    'thread_not_found',
  ],
  ['a user who is not there', 'users.info', () => ({ user: 'U404' }), 'user_not_found'],
  ['a group that is not there', 'usergroups.users.list', () => ({ usergroup: 'S404' }), 'no_such_subteam'],
  ['a file that is not there', 'files.info', () => ({ file: 'F404' }), 'file_not_found'],
  [
    'a file that was never sent',
    'files.completeUploadExternal',
    async ({ slack, channel }) => {
      const { body } = await callSlack(slack, 'files.getUploadURLExternal', { filename: 'a.txt', length: 3 });
      return { files: [{ id: body['file_id'] }], channel_id: channel };
    },
    'file_not_found',
  ],
  ['a view that is not open', 'views.update', () => ({ view_id: 'V404', view: {} }), 'not_found'],
  ['a method that is not there', 'chat.shout', () => ({}), 'unknown_method'],
];

describe('the Web API', () => {
  test.each(REFUSALS)('refuses %s', async (_, method, makeArgs, error) => {
    await using stage = await slackStage();

    const { status, body } = await callSlack(stage.slack, method, await makeArgs(stage));

    expect(status).toBe(200);
    expect(body).toMatchObject({ ok: false, error });
    expect(stage.slack.calls.at(-1)).toMatchObject({ method, outcome: error });
  });

  test.each([
    ['no token', '', 'auth.test', 'not_authed'],
    ['a token of somebody else', 'xoxb-other', 'auth.test', 'invalid_auth'],
    ['the bot token for a socket', 'bot', 'apps.connections.open', 'not_allowed_token_type'],
    ['the app token for a message', 'app', 'chat.postMessage', 'not_allowed_token_type'],
  ])('refuses %s', async (_, which, method, error) => {
    await using stage = await slackStage();
    const tokens: Readonly<Record<string, string>> = { bot: stage.slack.botToken, app: stage.slack.appToken };

    const { body } = await callSlack(stage.slack, method, {}, tokens[which] ?? which);

    expect(body).toMatchObject({ ok: false, error });
  });

  test('refuses every call of a revoked token, until it is restored', async () => {
    await using stage = await slackStage();

    stage.slack.revoke('bot', 'token_revoked');
    const revoked = await callSlack(stage.slack, 'auth.test');
    stage.slack.restore();
    const restored = await callSlack(stage.slack, 'auth.test');

    expect(revoked.body).toMatchObject({ ok: false, error: 'token_revoked' });
    expect(restored.body).toMatchObject({
      ok: true,
      team_id: stage.slack.team,
      user_id: stage.slack.botUser,
    });
  });

  test('tells the granted scopes, and what a call lacks', async () => {
    await using stage = await slackStage({ scopes: ['commands', 'users:read'] });

    const test = await callSlack(stage.slack, 'auth.test');
    const post = await callSlack(stage.slack, 'chat.postMessage', { channel: stage.channel, text: 'x' });

    expect(test.headers.get('x-oauth-scopes')).toBe('commands,users:read');
    expect(post.body).toMatchObject({ error: 'missing_scope', needed: 'chat:write' });
  });

  test('gives metadata back only to who asks for it', async () => {
    await using stage = await slackStage();
    const { slack, channel } = stage;
    const metadata = { event_type: 'delivery', event_payload: { key: 'k1' } };
    const parent = await posted(stage, { metadata });
    await posted(stage, { metadata, thread_ts: parent });

    const without = await callSlack(slack, 'conversations.history', { channel });
    const top = await callSlack(slack, 'conversations.history', { channel, include_all_metadata: true });
    const thread = await callSlack(slack, 'conversations.replies', {
      channel,
      ts: parent,
      include_all_metadata: 'true',
    });

    expect(JSON.stringify(without.body)).not.toContain('k1');
    expect(top.body['messages']).toMatchObject([{ ts: parent, metadata, reply_count: 1 }]);
    expect(thread.body['messages']).toMatchObject([
      { ts: parent, metadata },
      { thread_ts: parent, metadata, parent_user_id: slack.botUser },
    ]);
  });

  test('keeps metadata over an update that does not name it', async () => {
    await using stage = await slackStage();
    const metadata = { event_type: 'delivery', event_payload: { key: 'k1' } };
    const ts = await posted(stage, { metadata });

    await callSlack(stage.slack, 'chat.update', { channel: stage.channel, ts, text: 'new' });

    expect(stage.slack.messages(stage.channel)).toMatchObject([{ ts, text: 'new', metadata }]);
  });

  test('pages through a thread', async () => {
    await using stage = await slackStage({ budgets: { 'chat.postMessage': 100 } });
    const { slack, channel } = stage;
    const ts = await posted(stage);
    for (let count = 0; count < 4; count++) await posted(stage, { thread_ts: ts, text: `reply ${count}` });

    const seen: unknown[] = [];
    let cursor = '';
    do {
      const { body } = await callSlack(slack, 'conversations.replies', { channel, ts, limit: 2, cursor });
      seen.push(...(Array.isArray(body['messages']) ? body['messages'] : []));
      const more = body['response_metadata'];
      cursor =
        typeof more === 'object' && more !== null && 'next_cursor' in more ? text(more.next_cursor) : '';
    } while (cursor !== '');

    expect(seen).toMatchObject([
      { ts },
      { text: 'reply 0' },
      { text: 'reply 1' },
      { text: 'reply 2' },
      { text: 'reply 3' },
    ]);
  });

  test('posts a reply to a deleted parent in the channel itself, and says so only by what is missing', async () => {
    await using stage = await slackStage();
    const { slack, channel } = stage;
    const parent = await posted(stage);
    slack.deleteMessage(channel, parent);

    const { body } = await callSlack(slack, 'chat.postMessage', { channel, text: 'lost', thread_ts: parent });

    expect(body).toMatchObject({ ok: true });
    expect(JSON.stringify(body)).not.toContain('thread_ts');
  });

  test('keeps the place of a deleted parent that has replies', async () => {
    await using stage = await slackStage();
    const { slack, channel } = stage;
    const parent = await posted(stage);
    await posted(stage, { thread_ts: parent });

    slack.deleteMessage(channel, parent);
    const { body } = await callSlack(slack, 'chat.update', { channel, ts: parent, text: 'x' });
    await posted(stage, { thread_ts: parent });

    expect(slack.messages(channel)[0]).toMatchObject({ subtype: 'tombstone' });
    expect(body).toMatchObject({ error: 'cant_update_message' });
    expect(slack.messages(channel, parent)).toHaveLength(2);
  });

  test('shows an ephemeral to one person, and none in a thread without replies', async () => {
    await using stage = await slackStage();
    const { slack, ann, bob, channel } = stage;
    const parent = await posted(stage);

    await callSlack(slack, 'chat.postEphemeral', { channel, user: ann, text: 'psst' });
    await callSlack(slack, 'chat.postEphemeral', { channel, user: ann, text: 'gone', thread_ts: parent });
    const clean = slack.violations.map(({ rule }) => rule);
    await posted(stage, { thread_ts: parent });
    await callSlack(slack, 'chat.postEphemeral', { channel, user: ann, text: 'there', thread_ts: parent });

    expect(slack.ephemerals(ann)).toMatchObject([{ text: 'psst' }, { text: 'there', thread_ts: parent }]);
    expect(slack.ephemerals(bob)).toEqual([]);
    expect(clean).toEqual(['ephemeral']);
  });

  test('sends a message to a person', async () => {
    await using stage = await slackStage();
    const { slack, ann } = stage;

    const { body } = await callSlack(slack, 'chat.postMessage', { channel: ann, text: 'hello' });

    expect(text(body['channel'])).toMatch(/^D/);
    expect(slack.messages(text(body['channel']))).toMatchObject([{ text: 'hello' }]);
  });

  test('takes a file in three steps, and shows it in the thread', async () => {
    await using stage = await slackStage();
    const { slack, channel } = stage;
    const parent = await posted(stage);

    const start = await callSlack(slack, 'files.getUploadURLExternal', { filename: 'out.txt', length: 5 });
    const id = start.body['file_id'];
    const sent = await fetch(text(start.body['upload_url']), { method: 'POST', body: 'hello' });
    const end = await callSlack(slack, 'files.completeUploadExternal', {
      files: [{ id, title: 'Output' }],
      channel_id: channel,
      thread_ts: parent,
    });
    const thread = await callSlack(slack, 'conversations.replies', { channel, ts: parent });

    expect(sent.status).toBe(200);
    expect(end.body).toEqual({ ok: true, files: [{ id, title: 'Output' }] });
    expect(slack.files(channel, parent)).toMatchObject([{ name: 'out.txt', content: 'hello' }]);
    expect(thread.body['messages']).toMatchObject([{ ts: parent }, { files: [{ id, name: 'out.txt' }] }]);
  });

  test('tells whom the messages of the app notify, and where they lead', async () => {
    await using stage = await slackStage();
    const { slack, ann, channel } = stage;
    const quiet = 'no <!channel> & no <https://example.com|link>';
    await posted(stage, {
      text: 'quiet',
      blocks: [{ type: 'section', text: { type: 'plain_text', text: quiet } }],
    });
    const silent = [slack.mentions(), slack.links()];

    await posted(stage, {
      text: `hey <@${ann}>`,
      blocks: [{ type: 'section', text: { type: 'mrkdwn', text: quiet } }],
    });

    expect(silent).toEqual([[], []]);
    expect(slack.mentions()).toMatchObject([{ channel, mention: `<@${ann}>` }, { mention: '<!channel>' }]);
    expect(slack.links()).toEqual(['https://example.com']);
  });

  test('refuses bytes that are not as many as announced', async () => {
    await using stage = await slackStage();
    const { body } = await callSlack(stage.slack, 'files.getUploadURLExternal', { filename: 'a', length: 5 });

    const sent = await fetch(text(body['upload_url']), { method: 'POST', body: 'longer' });

    expect(sent.status).toBe(400);
    expect(stage.slack.violations).toMatchObject([{ rule: 'upload' }]);
  });

  test('tells channels, members, people and groups', async () => {
    await using stage = await slackStage();
    const { slack, ann, bob, channel } = stage;
    slack.addUserGroup('S1', [ann]);

    const info = await callSlack(slack, 'conversations.info', { channel });
    const members = await callSlack(slack, 'conversations.members', { channel });
    const user = await callSlack(slack, 'users.info', { user: ann });
    const groups = await callSlack(slack, 'usergroups.list');
    const users = await callSlack(slack, 'usergroups.users.list', { usergroup: 'S1' });

    expect(info.body['channel']).toMatchObject({ id: channel, is_member: true, is_archived: false });
    expect(members.body['members']).toEqual([ann, bob, slack.botUser]);
    expect(user.body['user']).toMatchObject({ id: ann, team_id: slack.team, is_bot: false });
    expect(groups.body['usergroups']).toMatchObject([{ id: 'S1' }]);
    expect(users.body['users']).toEqual([ann]);
  });
});
