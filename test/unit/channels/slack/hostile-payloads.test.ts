import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRecordingInbox } from '../../../fakes/recording-inbox.ts';
import {
  createInboundWorld,
  homePayload,
  mentionPayload,
  pressPayload,
  ROOM,
  slashPayload,
  submitPayload,
} from './inbound-world.ts';

type Json = Record<string, unknown>;

const SECRET = 'what-was-typed-is-not-for-the-log';
const memory = JSON.stringify({
  button: 'run',
  subject: 'agent1',
  hash: null,
  room: ROOM,
  thread: null,
  shownIn: null,
});
/** A fresh one each time: delivery ids are recognised. */
const payloads: Readonly<Record<string, () => Json>> = {
  'a slash command': () => slashPayload({ text: SECRET }),
  'a mention': () => mentionPayload({ text: `<@UBOT> ${SECRET}` }),
  'a button': () => pressPayload({ subject: SECRET }),
  'a form': () =>
    submitPayload({ private_metadata: memory, state: { values: { command: { value: { value: SECRET } } } } }),
  'an opened home': () => homePayload(),
};
/** What the library itself tells the kinds of requests apart by. */
const KINDS: ReadonlySet<string> = new Set(['type', 'event', 'command', 'actions', 'view']);

/** Every path to a member, innermost last. */
function pathsIn(value: unknown, at: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [[...at, name], ...pathsIn(inner, [...at, name])]);
}

function spoilt(value: unknown, [name, ...rest]: readonly string[], put: unknown): unknown {
  if (name === undefined) return put;
  if (Array.isArray(value)) {
    return value.map((item: unknown, index) => (String(index) === name ? spoilt(item, rest, put) : item));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, key === name ? spoilt(inner, rest, put) : inner]),
  );
}

describe('a payload with anything anywhere', () => {
  test.each(Object.entries(payloads))(
    'that began as %s is acknowledged once, and its words are not logged',
    async (_, make) => {
      const paths = pathsIn(make()).filter((path) => path.length > 1 || !KINDS.has(path[0] ?? ''));
      const put = fc.oneof(fc.constant(undefined), fc.jsonValue({ maxDepth: 2 }), fc.string());
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...paths), put, async (path, value) => {
          const world = createInboundWorld({ inbox: createRecordingInbox() });
          const payload = spoilt(make(), path, value);
          if (typeof payload !== 'object' || payload === null) throw new Error('the payload is gone');

          const { acks } = await world.deliver({ ...payload });

          expect(acks).toBe(1);
          expect(world.logged.join('\n')).not.toContain(SECRET);
        }),
        { numRuns: 60 },
      );
    },
  );
});
