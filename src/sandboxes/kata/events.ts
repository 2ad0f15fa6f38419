import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import { spawnStreaming } from '../../lib/spawn.ts';
import type { EngineClient } from './engine-cli.ts';
import { type EngineEvent, parseJson } from './engines.ts';

/** `look`: the stream began anew and may have missed something. */
export type Notice = EngineEvent['kind'] | 'look';

/** One event stream of the engine for all sandboxes of a driver; it runs while somebody listens. */
export interface EngineEvents {
  /** `hear` is called with every notice about the container, and with `look` whenever the stream has (re)started. */
  listen(engineId: string, hear: (notice: Notice) => void): Disposable;
}

const FIRST_RETRY_MS = 200;
const LONGEST_RETRY_MS = 5000;
/** A stream that lasted so long was a good one: the next retry comes soon. */
const GOOD_AFTER_MS = 10_000;
/** An engine's line about one event; what is longer is none. */
const MAX_LINE_BYTES = 256 * 1024;
/** What happened between a look and the engine's hearing of the stream is looked for once more. */
const SECOND_LOOK_MS = 1000;

export function createEngineEvents(deps: {
  client: EngineClient;
  label: string;
  clock: Clock;
  log: Logger;
}): EngineEvents {
  const { client, clock, log } = deps;
  const listeners = new Set<{ engineId: string; hear: (notice: Notice) => void }>();
  let abort: AbortController | null = null;

  function tell(matches: (engineId: string) => boolean, notice: Notice): void {
    for (const { engineId, hear } of listeners) if (matches(engineId)) hear(notice);
  }

  function read(line: string): void {
    const event = client.engine.parseEvent(parseJson(line));
    if (event !== null) tell((engineId) => engineId === event.engineId, event.kind);
  }

  async function stream(signal: AbortSignal): Promise<void> {
    let text = '';
    const spawned = await spawnStreaming({
      file: client.binary,
      args: client.engine.eventArgs(deps.label),
      env: client.environment,
      signal,
      clock,
      async onOutput(name, chunk) {
        if (name === 'stderr') return;
        text += Buffer.from(chunk).toString('utf8');
        const lines = text.split('\n');
        text = (lines.pop() ?? '').slice(-MAX_LINE_BYTES);
        for (const line of lines) read(line);
      },
    });
    tell(() => true, 'look');
    using _second = clock.after(SECOND_LOOK_MS, () => tell(() => true, 'look'));
    const end = await spawned.ended;
    if (!signal.aborted) {
      log.warn({ exitCode: end.exitCode, error: end.notStarted?.message }, "the engine's event stream ended");
    }
  }

  async function keepStreaming(signal: AbortSignal): Promise<void> {
    let retryMs = FIRST_RETRY_MS;
    while (!signal.aborted) {
      const since = clock.monotonic();
      await stream(signal);
      if (signal.aborted) return;
      retryMs =
        clock.monotonic() - since >= GOOD_AFTER_MS ? FIRST_RETRY_MS : Math.min(retryMs * 2, LONGEST_RETRY_MS);
      await pause(clock, retryMs, signal);
    }
  }

  return {
    listen(engineId, hear) {
      const listener = { engineId, hear };
      listeners.add(listener);
      if (abort === null) {
        abort = new AbortController();
        keepStreaming(abort.signal).catch((error: unknown) => {
          log.error({ error: String(error) }, "the engine's events are no longer heard");
        });
      } else {
        hear('look');
      }
      return {
        [Symbol.dispose]() {
          listeners.delete(listener);
          if (listeners.size > 0) return;
          abort?.abort();
          abort = null;
        },
      };
    },
  };
}

async function pause(clock: Clock, durationMs: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  using _timer = clock.after(durationMs, resolve);
  const wake = () => resolve();
  signal.addEventListener('abort', wake, { once: true });
  await promise;
  signal.removeEventListener('abort', wake);
}
