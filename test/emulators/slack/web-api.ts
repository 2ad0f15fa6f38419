/** The Web API: who may call, how often, and what goes wrong on the way. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FaultBox } from './faults.ts';
import { readArguments, readBody, readUpload, sendJson } from './http-io.ts';
import { asText, refuse } from './json.ts';
import { chatMethods } from './methods/chat.ts';
import { conversationsMethods } from './methods/conversations.ts';
import { filesMethods, receiveFile } from './methods/files.ts';
import type { Method, MethodContext } from './methods/method.ts';
import { peopleMethods } from './methods/people.ts';
import { viewsMethods } from './methods/views.ts';
import type { Rates } from './rates.ts';
import { NEEDED_SCOPES } from './scopes.ts';
import type { Json, SlackFault } from './types.ts';

const METHODS: Readonly<Record<string, Method>> = {
  ...chatMethods,
  ...conversationsMethods,
  ...filesMethods,
  ...peopleMethods,
  ...viewsMethods,
};

export interface Tokens {
  bot: string;
  app: string;
  /** What a call with that token is refused with; null when it is good. */
  botError: string | null;
  appError: string | null;
}

interface WebApiDeps {
  context: MethodContext;
  faults: FaultBox;
  rates: Rates;
  tokens: Tokens;
}

interface Answer {
  status: number;
  body: Json | string;
  headers?: Record<string, string>;
  /** For the record. */
  outcome: string;
}

export interface WebApi {
  handleCall(method: string, request: IncomingMessage, response: ServerResponse): Promise<void>;
  handleUpload(id: string, request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Meets the faults of `name` around `work`. */
  withFault(name: string, response: ServerResponse, work: () => Answer): Promise<string>;
}

export function createWebApi({ context, faults, rates, tokens }: WebApiDeps): WebApi {
  const { world } = context;

  function authorize(method: string, token: string): Json | null {
    if (token === '') return refuse('not_authed');
    const needsApp = method === 'apps.connections.open';
    if (token !== tokens.bot && token !== tokens.app) return refuse('invalid_auth');
    if (needsApp !== (token === tokens.app)) return refuse('not_allowed_token_type');
    const error = needsApp ? tokens.appError : tokens.botError;
    if (error !== null) return refuse(error);
    const needed = NEEDED_SCOPES[method];
    if (needed === undefined || needed.some((scope) => world.scopes.includes(scope))) return null;
    world.broke('scope', `${method} needs ${needed.join(' or ')}`);
    return refuse('missing_scope', { needed: needed.join(','), provided: world.scopes.join(',') });
  }

  function perform(method: string, args: Json, token: string): Answer {
    const headers = {
      'x-oauth-scopes': token === tokens.app ? 'connections:write' : world.scopes.join(','),
      'x-accepted-oauth-scopes': (NEEDED_SCOPES[method] ?? []).join(','),
    };
    const done = (body: Json): Answer => ({
      status: 200,
      body,
      headers,
      outcome: body['ok'] === true ? 'ok' : asText(body['error']),
    });
    const work = METHODS[method];
    if (work === undefined) {
      world.broke('method', `unknown method ${method}`);
      return done(refuse('unknown_method', { req_method: method }));
    }
    const refusal = authorize(method, token);
    if (refusal !== null) return done(refusal);
    const retryAfter = rates.take(method, asText(args['channel']));
    if (retryAfter === null) return done(work(args, context));
    world.broke('rate', `${method} ${asText(args['channel'])}`.trim());
    return rateLimited(retryAfter);
  }

  async function withFault(name: string, response: ServerResponse, work: () => Answer): Promise<string> {
    const fault = faults.take(name);
    const instead = fault === null ? null : before(fault);
    if (instead === 'silence') return asText(fault?.kind);
    if (instead === 'cut') {
      response.destroy();
      return 'drop-before';
    }
    const answer = instead ?? work();
    if (fault?.kind === 'hang-after') return fault.kind;
    if (fault?.kind === 'drop-after') {
      response.destroy();
      return fault.kind;
    }
    if (fault?.kind === 'slow') await later(fault.ms, response);
    if (typeof answer.body === 'string') response.writeHead(answer.status, answer.headers).end(answer.body);
    else sendJson(response, answer.status, answer.body, answer.headers);
    return answer.outcome;
  }

  const later = (ms: number, response: ServerResponse) =>
    new Promise<void>((resolve) => {
      const timer = world.clock.after(ms, resolve);
      response.once('close', () => {
        timer[Symbol.dispose]();
        resolve();
      });
    });

  return {
    withFault,
    async handleCall(method, request, response) {
      const body = await readBody(request);
      const args = readArguments(body, request.headers['content-type'] ?? '');
      const bearer = (request.headers.authorization ?? '').replace(/^Bearer ?/, '');
      const { token, ...shown } = args;
      const call = { method, args: shown, at: world.clock.now(), outcome: 'pending' };
      world.calls.push(call);
      call.outcome = await withFault(method, response, () => {
        const answer = perform(method, args, bearer || asText(token));
        call.outcome = answer.outcome;
        return answer;
      });
    },
    async handleUpload(id, request, response) {
      const bytes = await readUpload(await readBody(request), request.headers['content-type'] ?? '');
      const call = {
        method: 'upload',
        args: { id, bytes: bytes.length },
        at: world.clock.now(),
        outcome: '',
      };
      world.calls.push(call);
      call.outcome = await withFault('upload', response, () => {
        const { status, body } = receiveFile(world, id, bytes);
        call.outcome = status === 200 ? 'ok' : body;
        return { status, body, outcome: call.outcome };
      });
    },
  };
}

function rateLimited(seconds: number): Answer {
  return {
    status: 429,
    body: refuse('ratelimited'),
    headers: { 'retry-after': String(seconds) },
    outcome: 'ratelimited',
  };
}

/** The answer that a fault gives in place of the call; null when the call is to land. */
function before(fault: SlackFault): Answer | 'silence' | 'cut' | null {
  switch (fault.kind) {
    case 'error':
      return { status: 200, body: refuse(fault.error), outcome: fault.error };
    case 'status':
      return {
        status: fault.status,
        body: fault.body ?? 'upstream error',
        outcome: `status ${fault.status}`,
      };
    case 'ratelimited':
      return rateLimited(fault.retryAfterSeconds);
    case 'garbage':
      return { status: 200, body: '<html>not what you asked for</html>', outcome: 'garbage' };
    case 'hang':
      return 'silence';
    case 'drop-before':
      return 'cut';
    case 'drop-after':
    case 'hang-after':
    case 'slow':
      return null;
  }
}
