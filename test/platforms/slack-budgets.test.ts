/** Rates, trigger ids, response URLs and acknowledgements, against a clock that is moved. */
import { describe, expect, test } from 'vitest';
import type { Json } from '../emulators/slack/slack-emulator.ts';
import { boltOverSocket, callSlack, type SlackStage, slackStage } from '../fixtures/slack-app.ts';

const VIEW: Json = {
  type: 'modal',
  title: { type: 'plain_text', text: 'Title' },
  blocks: [{ type: 'divider' }],
};

async function statuses(count: number, call: () => Promise<{ status: number }>): Promise<number[]> {
  const seen: number[] = [];
  for (let at = 0; at < count; at++) seen.push((await call()).status);
  return seen;
}

const oks = (count: number) => Array.from({ length: count }, () => 200);

describe('rates', () => {
  test('one post a second into a channel, three at once', async () => {
    await using stage = await slackStage();
    const { slack, clock, channel } = stage;
    const other = slack.addChannel({ name: 'other', members: [] }).id;
    const post = (to: string) => callSlack(slack, 'chat.postMessage', { channel: to, text: 'x' });

    expect(await statuses(4, () => post(channel))).toEqual([...oks(3), 429]);
    expect(await statuses(1, () => post(other))).toEqual([200]);
    clock.advance(1000);
    expect(await statuses(2, () => post(channel))).toEqual([200, 429]);
    clock.advance(60_000);

    expect(await statuses(4, () => post(channel))).toEqual([...oks(3), 429]);
    expect(slack.violations.map(({ rule }) => rule)).toEqual(['rate', 'rate', 'rate']);
    expect(slack.messages(channel)).toHaveLength(7);
  });

  test.each([
    ['chat.update', 50],
    ['chat.postEphemeral', 100],
    ['conversations.replies', 50],
    ['conversations.history', 50],
    ['usergroups.users.list', 20],
    ['views.publish', 100],
    ['files.getUploadURLExternal', 100],
  ])('%s %i times in 60 s, then Retry-After', async (method, most) => {
    await using stage = await slackStage();
    const { slack, clock, channel } = stage;

    const within = await statuses(most, () => callSlack(slack, method, { channel }));
    clock.advance(20_000);
    const above = await callSlack(slack, method, { channel });
    clock.advance(40_000);
    const later = await callSlack(slack, method, { channel });

    expect(within).toEqual(oks(most));
    expect(above.status).toBe(429);
    expect(above.headers.get('retry-after')).toBe('40');
    expect(above.body).toEqual({ ok: false, error: 'ratelimited' });
    expect(later.status).toBe(200);
  });

  test('a test sets its own budget, or none', async () => {
    await using stage = await slackStage({
      budgets: { 'apps.connections.open': 1, 'chat.postMessage': Number.POSITIVE_INFINITY },
    });
    const { slack, channel } = stage;
    const open = () => callSlack(slack, 'apps.connections.open', {}, slack.appToken);
    const post = () => callSlack(slack, 'chat.postMessage', { channel, text: 'x' });

    expect(await statuses(2, open)).toEqual([200, 429]);
    expect(await statuses(10, post)).toEqual(oks(10));
  });
});

describe('a trigger id', () => {
  const trigger = async ({ slack, ann, channel }: SlackStage) => {
    const { request } = await slack.slash({ user: ann, channel, text: '' });
    return request.payload['trigger_id'];
  };

  test('is good for three seconds', async () => {
    await using stage = await slackStage();
    const { slack, clock } = stage;
    const first = await trigger(stage);
    const second = await trigger(stage);

    clock.advance(3000);
    const inTime = await callSlack(slack, 'views.open', { trigger_id: first, view: VIEW });
    clock.advance(1);
    const late = await callSlack(slack, 'views.open', { trigger_id: second, view: VIEW });

    expect(inTime.body).toMatchObject({ ok: true });
    expect(late.body).toMatchObject({ error: 'expired_trigger_id' });
  });

  test('is good once', async () => {
    await using stage = await slackStage();
    const { slack } = stage;
    const id = await trigger(stage);

    await callSlack(slack, 'views.open', { trigger_id: id, view: VIEW });
    const again = await callSlack(slack, 'views.push', { trigger_id: id, view: VIEW });
    const invented = await callSlack(slack, 'views.open', { trigger_id: '1.2.3', view: VIEW });

    expect(again.body).toMatchObject({ error: 'exchanged_trigger_id' });
    expect(invented.body).toMatchObject({ error: 'invalid_trigger_id' });
    expect(slack.violations.map(({ rule }) => rule)).toEqual(['trigger', 'trigger']);
  });

  test('stacks three views, and an update needs the present hash', async () => {
    await using stage = await slackStage();
    const { slack, ann } = stage;
    const show = async (method: string) =>
      (await callSlack(slack, method, { trigger_id: await trigger(stage), view: VIEW })).body;

    const opened = await show('views.open');
    await show('views.push');
    await show('views.push');
    const fourth = await show('views.push');
    const view = opened['view'];
    const id = typeof view === 'object' && view !== null && 'id' in view ? view.id : '';
    const stale = await callSlack(slack, 'views.update', { view_id: id, hash: 'old', view: VIEW });
    const fresh = await callSlack(slack, 'views.update', { view_id: id, view: VIEW });

    expect(fourth).toMatchObject({ error: 'push_limit_reached' });
    expect(slack.views(ann)).toHaveLength(3);
    expect(slack.views(ann)[2]).toMatchObject({ root_view_id: id });
    expect(stale.body).toMatchObject({ error: 'hash_conflict' });
    expect(fresh.body).toMatchObject({ ok: true, view: { id } });
  });
});

describe('a response URL', () => {
  async function responder({ slack, ann, channel }: SlackStage) {
    const { request } = await slack.slash({ user: ann, channel, text: '' });
    const url = String(request.payload['response_url']);
    return async (body: Json) => {
      const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
      return { status: response.status, body: await response.text() };
    };
  }

  test('is good five times', async () => {
    await using stage = await slackStage();
    const respond = await responder(stage);

    const seen = await statuses(6, () => respond({ text: 'x' }));

    expect(seen).toEqual([...oks(5), 404]);
    expect(stage.slack.responses.at(-1)).toMatchObject({ outcome: 'used_url' });
    expect(stage.slack.violations).toMatchObject([{ rule: 'response_url' }]);
    expect(stage.slack.ephemerals(stage.ann)).toHaveLength(5);
  });

  test('is good for thirty minutes', async () => {
    await using stage = await slackStage();
    const respond = await responder(stage);

    stage.clock.advance(30 * 60_000);
    const inTime = await respond({ text: 'x' });
    stage.clock.advance(1);
    const late = await respond({ text: 'x' });

    expect(inTime.status).toBe(200);
    expect(late).toEqual({ status: 404, body: '{"ok":false,"error":"expired_url"}' });
  });

  test('speaks to all when told so, and refuses what a message refuses', async () => {
    await using stage = await slackStage();
    const respond = await responder(stage);

    await respond({ text: 'for all', response_type: 'in_channel' });
    const bad = await respond({ text: 'x', blocks: [{ type: 'nonsense' }] });

    expect(stage.slack.messages(stage.channel)).toMatchObject([{ text: 'for all' }]);
    expect(bad.status).toBe(400);
  });

  test('shows nothing in a thread that has no replies', async () => {
    await using stage = await slackStage();
    const { slack, ann, channel } = stage;
    const thread_ts = slack.say({ user: ann, channel, text: 'alone' });
    const respond = await responder(stage);

    const { status } = await respond({ text: 'x', thread_ts });
    slack.say({ user: ann, channel, text: 'reply', threadTs: thread_ts });
    await respond({ text: 'y', thread_ts });

    expect(status).toBe(200);
    expect(slack.ephemerals(ann)).toMatchObject([{ text: 'y', thread_ts }]);
    expect(slack.violations).toMatchObject([{ rule: 'ephemeral' }]);
  });

  test('replaces and deletes the message that was pressed', async () => {
    await using stage = await slackStage();
    const { slack, ann, channel } = stage;
    const button = { type: 'button', action_id: 'go', text: { type: 'plain_text', text: 'Go' } };
    const blocks = [{ type: 'actions', elements: [button] }];
    await callSlack(slack, 'chat.postEphemeral', { channel, user: ann, text: 'first', blocks });
    const [ephemeral] = slack.ephemerals(ann);
    if (ephemeral === undefined) throw new Error('nothing was shown');
    const { request } = await slack.pressEphemeral({ user: ann, ephemeral, actionId: 'go' });
    const url = String(request.payload['response_url']);
    const respond = (body: Json) => fetch(url, { method: 'POST', body: JSON.stringify(body) });

    await respond({ replace_original: true, text: 'second' });
    expect(slack.ephemerals(ann)).toMatchObject([{ text: 'second' }]);
    await respond({ delete_original: true });

    expect(slack.ephemerals(ann)).toEqual([]);
    expect(request.payload['container']).toMatchObject({ is_ephemeral: true });
    expect(request.payload['message']).toBeUndefined();
  });
});

describe('an acknowledgement', () => {
  test('is due in three seconds of the clock', async () => {
    await using stage = await slackStage();
    const asked = Promise.withResolvers<() => Promise<void>>();
    await using _bolt = await boltOverSocket(stage.slack, (app) =>
      app.command('/agent', async ({ ack }) => asked.resolve(ack)),
    );

    const delivering = stage.slack.slash({ user: stage.ann, channel: stage.channel, text: '' });
    const ack = await asked.promise;
    stage.clock.advance(3000);
    const delivery = await delivering;
    await ack();
    await expect.poll(() => stage.slack.violations).toHaveLength(2);

    expect(delivery).toMatchObject({ acked: false, ackMs: 3000 });
    expect(stage.slack.violations).toMatchObject([
      { rule: 'ack', detail: 'slash_commands was not acknowledged within 3 s' },
      { rule: 'ack' },
    ]);
  });
});
