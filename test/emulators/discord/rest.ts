import type { IncomingMessage, ServerResponse } from 'node:http';
import { createWindow, violate } from './core.ts';
import { Refusal, Slowdown } from './errors.ts';
import type { RestFault } from './faults.ts';
import { createRateLimiter, type RateVerdict } from './rate-limits.ts';
import { type Answer, readBody, readBytes } from './request.ts';
import { callbackRoutes } from './routes/callbacks.ts';
import { commandRoutes } from './routes/commands.ts';
import type { Desk, HandlerTable } from './routes/desk.ts';
import { identityRoutes } from './routes/identity.ts';
import { messageRoutes } from './routes/messages.ts';
import { isInteractionRoute, matchRoute, type Route } from './routes/table.ts';
import { threadRoutes } from './routes/threads.ts';
import { webhookRoutes } from './routes/webhooks.ts';
import type { RestCall } from './types.ts';

const BASE = '/api/v10';
const TEN_MINUTES_MS = 10 * 60_000;

const HANDLERS: HandlerTable = {
  ...identityRoutes,
  ...commandRoutes,
  ...messageRoutes,
  ...threadRoutes,
  ...callbackRoutes,
  ...webhookRoutes,
};

interface Reply extends Answer {
  headers?: Record<string, string>;
}

function limited({ headers, retryAfterMs, global }: RateVerdict): Reply {
  return {
    status: 429,
    headers,
    body: { message: 'You are being rate limited.', retry_after: (retryAfterMs ?? 0) / 1000, global },
  };
}

function refused(error: Refusal): Reply {
  if (error instanceof Slowdown) {
    const { retryAfterMs } = error;
    return {
      status: 429,
      headers: { 'retry-after': String(Math.ceil(retryAfterMs / 1000)), 'x-ratelimit-scope': 'user' },
      body: {
        message: error.message,
        retry_after: retryAfterMs / 1000,
        global: false,
        ...(error.code === 0 ? {} : { code: error.code }),
      },
    };
  }
  return {
    status: error.status,
    body: {
      message: error.message,
      code: error.code,
      ...(error.errors === undefined ? {} : { errors: error.errors }),
    },
  };
}

/** Answers the requests of REST v10. */
export function createRest(
  desk: Desk,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const { core } = desk;
  const rates = createRateLimiter(core);
  const invalid = createWindow(core, TEN_MINUTES_MS);

  function bucketOf(params: Readonly<Record<string, string>>): string {
    return params['token'] ?? params['channel'] ?? params['guild'] ?? '';
  }

  function byFault(route: Route, fault: RestFault | undefined): Reply | null {
    if (fault?.kind === 'error')
      return {
        status: fault.status,
        body: { message: fault.message ?? 'Injected fault', code: fault.code ?? 0 },
      };
    if (fault?.kind !== 'rate-limit') return null;
    return limited(rates.block(fault.global === true ? 'global' : route, fault.retryAfterMs));
  }

  async function work(
    message: IncomingMessage,
    call: RestCall,
    fault: RestFault | undefined,
  ): Promise<Reply> {
    const found = matchRoute(call.method, call.path);
    const bytes = await readBytes(message);
    if (found === null) {
      violate(core, call.route, 'unknown-endpoint', call.path);
      return { status: 404, body: { message: '404: Not Found', code: 0 } };
    }
    const exempt = isInteractionRoute(found.route);
    if (invalid.count('all') >= core.limits.invalidRequests) {
      violate(core, call.route, 'banned', `${core.limits.invalidRequests} invalid requests in ten minutes`);
      return { status: 429, headers: { 'retry-after': '600' }, body: 'error code: 1015' };
    }
    if (fault?.kind === 'hold') await fault.until;
    const injected = byFault(found.route, fault);
    if (injected !== null) return injected;
    if (!exempt && message.headers.authorization !== `Bot ${core.botToken}`)
      return { status: 401, body: { message: '401: Unauthorized', code: 0 } };
    const verdict = rates.count(found.route, bucketOf(found.params), exempt);
    if (verdict.retryAfterMs !== null) {
      if (fault === undefined) violate(core, call.route, 'rate-limit', verdict.global ? 'global' : call.path);
      return limited(verdict);
    }
    try {
      const { body, uploads } = await readBody(
        core,
        call.route,
        message.headers['content-type'] ?? '',
        bytes,
      );
      call.body = body;
      call.files = uploads.map(({ name }) => name);
      const handler = HANDLERS[found.route];
      if (handler === undefined) throw new Error(`${found.route} has no handler`);
      const request = { route: found.route, params: found.params, query: call.query, body, uploads };
      return { ...handler(desk, request), headers: verdict.headers };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const reply = refused(error);
      return { ...reply, headers: { ...verdict.headers, ...reply.headers } };
    }
  }

  function send(response: ServerResponse, { status, body, headers = {} }: Reply): void {
    if (body === undefined) response.writeHead(status, headers).end();
    else if (typeof body === 'string')
      response.writeHead(status, { ...headers, 'content-type': 'text/html' }).end(body);
    else
      response
        .writeHead(status, { ...headers, 'content-type': 'application/json' })
        .end(JSON.stringify(body));
  }

  return async (message, response) => {
    const url = new URL(message.url ?? '/', core.origin);
    if (url.pathname.startsWith('/attachments/')) {
      const file = core.world.files.find(({ id }) => id === url.pathname.split('/')[3]);
      if (file === undefined) response.writeHead(404).end();
      else response.writeHead(200, { 'content-type': file.contentType }).end(file.bytes);
      return;
    }
    const method = message.method ?? 'GET';
    const path = url.pathname.startsWith(`${BASE}/`) ? url.pathname.slice(BASE.length) : url.pathname;
    const found = matchRoute(method, path);
    const route = found?.route ?? `${method} ${path}`;
    const call: RestCall = {
      route,
      method,
      path,
      query: Object.fromEntries(url.searchParams),
      body: undefined,
      files: [],
      status: null,
      code: null,
      at: core.clock.now(),
    };
    core.calls.push(call);
    core.changed();
    const fault = core.faults.take(route);
    const kept = fault?.kind === 'hang' || fault?.kind === 'drop';
    if (kept && !fault.landed) {
      await readBytes(message);
      if (fault.kind === 'drop') message.socket.destroy();
      core.changed();
      return;
    }
    const reply = await work(message, call, fault);
    if (kept) {
      if (fault.kind === 'drop') message.socket.destroy();
      core.changed();
      return;
    }
    if ([401, 403, 429].includes(reply.status)) invalid.hit('all');
    call.status = reply.status;
    call.code = codeOf(reply.body);
    send(response, reply);
    core.changed();
  };
}

function codeOf(body: unknown): number | null {
  if (typeof body !== 'object' || body === null || !('code' in body)) return null;
  return typeof body.code === 'number' ? body.code : null;
}
