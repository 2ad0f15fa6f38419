import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { App } from '@slack/bolt';
import { describe, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { createBoltLogger } from '../../channels/slack/bolt-logger.ts';
import { type Socket, openSocket } from '../../channels/slack/socket.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { silentLogger } from '../../src/lib/logger.ts';
import { rideTheStorm } from '../fixtures/slack-storm.ts';

/** A Slack that greets and then sends what it is given. */
async function slackThatSays(messages: readonly string[]) {
  const server = createServer((request, response) => {
    request.resume();
    const { port } = server.address() as AddressInfo;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ ok: true, url: `ws://127.0.0.1:${port}/` }));
  });
  const sockets = new WebSocketServer({ server });
  const acks: string[] = [];
  sockets.on('connection', (socket) => {
    socket.on('message', (data) => acks.push(Buffer.isBuffer(data) ? data.toString() : 'binary'));
    for (const message of ['{"type":"hello"}', ...messages]) socket.send(message);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    acks,
    apiUrl: `http://127.0.0.1:${port}/`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
      server.close();
      server.closeAllConnections();
    },
  };
}

function open(apiUrl: string, app: App): Socket {
  return openSocket({
    app,
    appToken: 'xapp-1',
    apiUrl,
    clock: systemClock,
    log: silentLogger,
    closing: new AbortController().signal,
  });
}

function quietApp(): App {
  return new App({
    receiver: { init: () => {}, start: async () => {}, stop: async () => {} },
    authorize: async () => ({ botToken: 'xoxb-1', botId: 'B1', botUserId: 'U1' }),
    logger: createBoltLogger(silentLogger),
    convoStore: false,
  });
}

describe('what the library throws where nobody catches it', () => {
  test('does not end the process: a storm of failures of the socket and of its address', async () => {
    await expect(rideTheStorm()).resolves.toBe('alive');
  }, 70_000);

  test('messages that are no envelopes are passed over, and the next one is taken', async () => {
    const good = { type: 'slash_commands', envelope_id: 'e1', payload: { command: '/agent', team_id: 'T1' } };
    await using slack = await slackThatSays([
      'null',
      '7',
      'no json',
      '{"type":"events_api","envelope_id":"e0","payload":{}}',
      '{"type":"events_api","envelope_id":"e0"}',
      JSON.stringify(good),
    ]);
    const app = quietApp();
    const taken = Promise.withResolvers<void>();
    app.command(/^/, async ({ ack }) => {
      await ack();
      taken.resolve();
    });

    const socket = open(slack.apiUrl, app);
    await socket.opened;
    await taken.promise;
    await socket.close();

    expect(slack.acks.map((ack): unknown => JSON.parse(ack))).toMatchObject([{ envelope_id: 'e1' }]);
  });

  test('a listener that fails leaves the request without an acknowledgement, so that it comes again', async () => {
    const good = { type: 'slash_commands', envelope_id: 'e1', payload: { command: '/agent', team_id: 'T1' } };
    await using slack = await slackThatSays([JSON.stringify(good)]);
    const app = quietApp();
    const called = Promise.withResolvers<void>();
    app.command(/^/, async () => {
      called.resolve();
      throw new Error('a defect');
    });

    const socket = open(slack.apiUrl, app);
    await socket.opened;
    await called.promise;
    await socket.close();

    expect(slack.acks).toEqual([]);
  });
});
