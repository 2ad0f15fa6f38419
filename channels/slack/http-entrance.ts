import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type App, HTTPReceiver, verifySlackRequest } from '@slack/bolt';
import { AppError } from '../../src/errors.ts';
import type { Clock } from '../../src/lib/clock.ts';
import type { Logger } from '../../src/lib/logger.ts';
import { createBoltLogger } from './bolt-logger.ts';

/** Where the manifest points Slack at. */
export const HTTP_PATH = '/slack/events';
/** A press of a button carries its whole message; Slack's own are far below it. */
const MAX_BODY_BYTES = 1024 * 1024;
/** Slack's own window, kept on both sides: a request from the future would be good for that much longer. */
const SIGNATURE_WINDOW_SECONDS = 5 * 60;
/** For a request to come in whole. */
const REQUEST_TIMEOUT_MS = 10_000;
/** At the stop: for what is being answered. */
const LAST_ANSWERS_MS = 1000;

export interface HttpEntrance {
  /** Throws CONFIG_INVALID when the address cannot be had. */
  listen(): Promise<void>;
  /** Requests are refused (503, Slack tries again) until the app is there. */
  serve(app: App): void;
  /** Resolves when the port is free and no connection is left. */
  close(): Promise<void>;
}

export interface HttpEntranceOptions {
  host: string;
  port: number;
  signingSecret: string;
  clock: Clock;
  log: Logger;
}

/** Slack's requests over HTTP: checked here, worked on by the library's receiver. */
export function createHttpEntrance(options: HttpEntranceOptions): HttpEntrance {
  const { clock, log } = options;
  const receiver = new HTTPReceiver({
    signingSecret: options.signingSecret,
    // Checked below, with our clock and on both sides of the window.
    signatureVerification: false,
    endpoints: HTTP_PATH,
    logger: createBoltLogger(log),
    processEventErrorHandler: async ({ error, response }) => {
      log.warn({ err: error }, 'a request of Slack could not be handled');
      if (!response.headersSent) answer(response, 500, 'the request could not be handled');
      return false;
    },
  });
  let serving = false;
  let server: Server | null = null;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').split('?')[0];
    if (path !== HTTP_PATH) return answer(response, 404, `Slack's requests go to ${HTTP_PATH}`);
    if (request.method !== 'POST') return answer(response, 405, 'Slack posts');
    const body = await readBody(request);
    if (body === null) return answer(response, 413, `a request has at most ${MAX_BODY_BYTES} bytes`);
    // Slack asks so whether the certificate is good, unsigned; nothing else in it is looked at.
    if (isCertificateCheck(request, body)) return answer(response, 200, '');
    const problem = signatureProblem(request, body);
    if (problem !== null) {
      log.warn({ problem, from: request.socket.remoteAddress }, 'a request that is not of Slack was refused');
      return answer(response, 401, problem);
    }
    if (!isObject(request, body)) return answer(response, 400, 'the request cannot be read');
    if (!serving) return answer(response, 503, 'Airlock is starting');
    receiver.requestListener(Object.assign(request, { rawBody: body }), response);
  }

  /** Why it is not, or no longer, a request of Slack; null when it is. */
  function signatureProblem(request: IncomingMessage, body: Buffer): string | null {
    const signature = request.headers['x-slack-signature'];
    const timestamp = request.headers['x-slack-request-timestamp'];
    if (typeof signature !== 'string' || typeof timestamp !== 'string') return 'the request is not signed';
    if (!/^\d{1,12}$/.test(timestamp)) return 'the timestamp of the signature is no number';
    const now = Math.floor(clock.now() / 1000);
    if (Math.abs(Number(timestamp) - now) > SIGNATURE_WINDOW_SECONDS) {
      return 'the signature is more than 5 minutes away from the time of this machine';
    }
    try {
      verifySlackRequest({
        signingSecret: options.signingSecret,
        body: body.toString(),
        headers: { 'x-slack-signature': signature, 'x-slack-request-timestamp': Number(timestamp) },
        nowMilliseconds: clock.now(),
      });
      return null;
    } catch {
      return 'the signature is wrong: SLACK_SIGNING_SECRET is that of another app, or the request is not of Slack';
    }
  }

  return {
    async listen() {
      const listening = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
        handle(request, response).catch((error: unknown) => {
          log.warn({ err: error }, 'a request of Slack could not be handled');
          if (!response.headersSent) answer(response, 400, 'the request cannot be read');
        });
      });
      listening.listen(options.port, options.host);
      try {
        await once(listening, 'listening');
      } catch (error) {
        throw cannotListen(error, options);
      }
      listening.on('error', (error) => log.warn({ err: error }, 'the HTTP receiver of Slack'));
      server = listening;
    },
    serve(app) {
      receiver.init(app);
      serving = true;
    },
    async close() {
      serving = false;
      const open = server;
      server = null;
      if (open === null) return;
      const closed = once(open, 'close');
      open.close();
      open.closeIdleConnections();
      using _timer = clock.after(LAST_ANSWERS_MS, () => open.closeAllConnections());
      await closed;
    },
  };
}

function answer(response: ServerResponse, status: number, text: string): void {
  // What was refused may not have been read whole.
  if (status >= 400) response.setHeader('connection', 'close');
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(text === '' ? '' : `${text}\n`);
}

/** Null when it is too long; it is read to its end all the same, or the answer would not arrive. */
async function readBody(request: AsyncIterable<Buffer>): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.byteLength;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return bytes <= MAX_BODY_BYTES ? Buffer.concat(chunks) : null;
}

function isForm(request: IncomingMessage): boolean {
  return request.headers['content-type'] === 'application/x-www-form-urlencoded';
}

function isCertificateCheck(request: IncomingMessage, body: Buffer): boolean {
  return isForm(request) && new URLSearchParams(body.toString()).get('ssl_check') === '1';
}

/** The library throws where nobody catches it when the body is JSON, but no object. */
function isObject(request: IncomingMessage, body: Buffer): boolean {
  const text = isForm(request)
    ? (new URLSearchParams(body.toString()).get('payload') ?? '{}')
    : body.toString();
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null;
  } catch {
    return false;
  }
}

function cannotListen(error: unknown, { host, port }: HttpEntranceOptions): AppError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
  const taken = code === 'EADDRINUSE';
  const hint = taken
    ? 'another program listens there: end it, or set AIRLOCK_SLACK_PORT to a free port and send your proxy there'
    : 'set AIRLOCK_SLACK_HOST to an address of this machine and AIRLOCK_SLACK_PORT to a port that may be used';
  return new AppError('CONFIG_INVALID', `cannot listen on ${host}:${port} for Slack's requests: ${code}`, {
    hint,
    context: { host, port, code },
    cause: error,
  });
}
