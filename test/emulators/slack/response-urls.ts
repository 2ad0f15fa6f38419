/** Response URLs: five uses in thirty minutes. */
import { checkMessage, withIds } from './check-message.ts';
import { asFlag, asText, isJson, refuse } from './json.ts';
import { LIFETIMES, LIMITS, RESPONSE_URL_USES } from './limits.ts';
import type { Json, SlackEphemeral } from './types.ts';
import { addMessage, listOf, messageAt, showEphemeral, type World } from './world.ts';

/** What a response URL speaks to. */
export interface ResponseTarget {
  user: string;
  channel: string;
  /** The message that was acted on. */
  source: { kind: 'none' } | { kind: 'message' | 'ephemeral'; ts: string };
}

export interface ResponseUrls {
  /** The path of a fresh one. */
  issue(target: ResponseTarget): string;
  post(path: string, body: unknown): { status: number; body: Json };
}

export function createResponseUrls(world: World): ResponseUrls {
  const issued = new Map<string, { target: ResponseTarget; at: number; uses: number }>();

  function answer(path: string, body: unknown): { status: number; body: Json } {
    const url = issued.get(path);
    if (url === undefined) return { status: 404, body: refuse('no_service') };
    if (world.clock.now() - url.at > LIFETIMES.responseUrlMs) {
      world.broke('response_url', 'used after 30 minutes');
      return { status: 404, body: refuse('expired_url') };
    }
    if (url.uses >= RESPONSE_URL_USES) {
      world.broke('response_url', 'used more than five times');
      return { status: 404, body: refuse('used_url') };
    }
    if (!isJson(body)) return { status: 400, body: refuse('invalid_payload') };
    const refusal = showResponse(world, url.target, body, 'response');
    if (refusal !== null) return { status: 400, body: refusal };
    url.uses += 1;
    return { status: 200, body: { ok: true } };
  }

  return {
    issue(target) {
      const path = `/commands/${world.team}/${world.id('r')}`;
      issued.set(path, { target, at: world.clock.now(), uses: 0 });
      return path;
    },
    post(path, body) {
      const answered = answer(path, body);
      const target = issued.get(path)?.target;
      world.responses.push({
        user: target?.user ?? '',
        channel: target?.channel ?? '',
        at: world.clock.now(),
        body: isJson(body) ? body : {},
        outcome: answered.status === 200 ? 'ok' : asText(answered.body['error']),
      });
      return answered;
    },
  };
}

/** Does what a response or an acknowledgement asks for; the refusal, or null. */
export function showResponse(
  world: World,
  target: ResponseTarget,
  body: Json,
  by: SlackEphemeral['by'],
): Json | null {
  const { user, channel, source } = target;
  const seen = listOf(world.ephemerals, user);
  if (asFlag(body['delete_original'])) {
    remove(world, target);
    return null;
  }
  const checked = checkMessage(world, body, LIMITS.messageText);
  if ('refusal' in checked) return checked.refusal;
  const blocks = withIds(world, checked.blocks);
  const { text } = checked;
  if (asFlag(body['replace_original']) && source.kind !== 'none') {
    const original =
      source.kind === 'message'
        ? messageAt(world, channel, source.ts)
        : seen.find((each) => each.ts === source.ts);
    if (original !== undefined) Object.assign(original, { text, blocks });
    return null;
  }
  const thread = asText(body['thread_ts']);
  const place = { channel, ...(thread === '' ? {} : { thread_ts: thread }) };
  if (body['response_type'] === 'in_channel')
    addMessage(world, { ...place, user: world.botUser, bot_id: world.botId, team: world.team, text, blocks });
  else showEphemeral(world, user, { ...place, ts: world.ts(), text, blocks, by });
  return null;
}

function remove(world: World, { user, channel, source }: ResponseTarget): void {
  if (source.kind === 'none') return;
  const drop = <T extends { ts: string }>(list: T[]) => list.filter(({ ts }) => ts !== source.ts);
  if (source.kind === 'message') world.messages.set(channel, drop(listOf(world.messages, channel)));
  else world.ephemerals.set(user, drop(listOf(world.ephemerals, user)));
}
