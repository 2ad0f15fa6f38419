/** Delivery by signed HTTP requests, good and spoilt. */
import { createHmac } from 'node:crypto';
import { awaitAck, type Deliver } from './deliver.ts';
import { isJson, parseJson } from './json.ts';
import { LIFETIMES } from './limits.ts';
import type { Json, RedeliverOptions, SignatureOptions, SlackRequest } from './types.ts';
import type { World } from './world.ts';

export interface HttpDelivery {
  deliver: Deliver;
  sign: (options?: SignatureOptions) => void;
  replay: () => Promise<{ status: number; body: string }>;
}

/** Requests under way end with `signal`. */
export function createHttpDelivery(
  world: World,
  url: string,
  secret: string,
  signal: AbortSignal,
): HttpDelivery {
  let spoilt: SignatureOptions = {};
  let last: { body: string; headers: Record<string, string> } | null = null;

  function post(body: string, headers: Record<string, string>): Promise<{ status: number; body: string }> {
    last = { body, headers };
    return send(url, body, headers, signal);
  }

  const deliver: Deliver = (request, options) =>
    awaitAck(
      world,
      request,
      (settle) => {
        const { body, contentType } = encode(request);
        const headers = {
          'content-type': contentType,
          'user-agent': 'Slackbot 1.0 (+https://api.slack.com/robots)',
          ...signature(body),
          ...retryHeaders(request, options),
        };
        post(body, headers).then(
          ({ status, body: text }) => settle({ acked: status === 200, body: readAnswer(text), status }),
          () => settle({ acked: false, body: null, status: null }),
        );
      },
      () => true,
    );

  function signature(body: string): Record<string, string> {
    if (spoilt.unsigned === true) return {};
    const timestamp = String(Math.floor((world.clock.now() + (spoilt.shiftMs ?? 0)) / 1000));
    const key = spoilt.forged === true ? `${secret}-of-somebody-else` : secret;
    const digest = createHmac('sha256', key).update(`v0:${timestamp}:${body}`).digest('hex');
    return { 'x-slack-request-timestamp': timestamp, 'x-slack-signature': `v0=${digest}` };
  }

  return {
    deliver,
    sign: (options = {}) => void (spoilt = options),
    async replay() {
      if (last === null) throw new Error('nothing was sent yet');
      return await send(url, last.body, last.headers, signal);
    },
  };
}

async function send(url: string, body: string, headers: Record<string, string>, signal: AbortSignal) {
  const response = await fetch(url, {
    method: 'POST',
    body,
    headers,
    // A little more than the platform waits: whether it was in time is judged elsewhere.
    signal: AbortSignal.any([signal, AbortSignal.timeout(LIFETIMES.ackMs + 1000)]),
  });
  return { status: response.status, body: await response.text() };
}

function encode({ type, payload }: SlackRequest): { body: string; contentType: string } {
  if (type === 'events_api') return { body: JSON.stringify(payload), contentType: 'application/json' };
  const contentType = 'application/x-www-form-urlencoded';
  if (type === 'interactive')
    return { body: new URLSearchParams({ payload: JSON.stringify(payload) }).toString(), contentType };
  const fields = Object.entries(payload).map(([key, value]): [string, string] => [key, String(value)]);
  return { body: new URLSearchParams(fields).toString(), contentType };
}

const retryHeaders = ({ type }: SlackRequest, options: RedeliverOptions): Record<string, string> =>
  type !== 'events_api' || options.retryNum === undefined
    ? {}
    : {
        'x-slack-retry-num': String(options.retryNum),
        'x-slack-retry-reason': options.retryReason ?? 'http_timeout',
      };

function readAnswer(text: string): Json | string | null {
  if (text === '') return null;
  const json = parseJson(text);
  return isJson(json) ? json : text;
}
