import { AppError } from '../../src/errors.ts';
import type { Clock } from '../../src/lib/clock.ts';
import type { KnownBlock } from './render/block-kit.ts';

/** Slack takes five posts within half an hour; a minute less, for its clock is not ours. */
const USES = 5;
const LIFE_MS = 29 * 60_000;
/** An ephemeral message by other means follows, so this is not waited for long. */
const TIMEOUT_MS = 3000;

export interface PrivateMessage {
  text: string;
  blocks: readonly KnownBlock[];
}

/** The address that Slack gave with a command or a press, for answers that only the asker sees. */
export interface ResponseUrl {
  /** Not used up and not too old. */
  usable(): boolean;
  /** Throws CHANNEL_TRANSIENT when Slack did not take it; it may have landed all the same. */
  post(message: PrivateMessage, threadTs: string | null): Promise<void>;
}

export interface ResponseUrlDeps {
  clock: Clock;
  /** Of the Web API: answers go to Slack, or to where its emulator listens, and nowhere else. */
  apiUrl: string;
  /** Default the global one. */
  fetch?: typeof fetch;
}

/** Null for an address that is not one of Slack's. */
export function createResponseUrl(address: string, deps: ResponseUrlDeps): ResponseUrl | null {
  if (!isAllowed(address, deps.apiUrl)) return null;
  const { clock } = deps;
  const send = deps.fetch ?? fetch;
  const until = clock.monotonic() + LIFE_MS;
  let used = 0;
  return {
    usable: () => used < USES && clock.monotonic() < until,
    async post({ text, blocks }, threadTs) {
      used += 1;
      const body = {
        response_type: 'ephemeral',
        replace_original: false,
        text,
        blocks,
        ...(threadTs === null ? {} : { thread_ts: threadTs }),
      };
      const aborted = new AbortController();
      using _limit = clock.after(TIMEOUT_MS, () => aborted.abort());
      const status = await statusOf(
        send(address, {
          method: 'POST',
          headers: { 'content-type': 'application/json; charset=utf-8' },
          body: JSON.stringify(body),
          redirect: 'error',
          signal: aborted.signal,
        }),
      );
      if (status >= 200 && status < 300) return;
      throw new AppError('CHANNEL_TRANSIENT', `Slack did not take an answer: status ${status}`);
    },
  };
}

async function statusOf(sending: Promise<Response>): Promise<number> {
  try {
    const response = await sending;
    await response.body?.cancel();
    return response.status;
  } catch (error) {
    // The address is a secret of that conversation: fetch puts it into its messages.
    const reason = error instanceof Error ? error.name : 'unknown';
    throw new AppError('CHANNEL_TRANSIENT', `Slack did not take an answer: ${reason}`);
  }
}

function isAllowed(address: string, apiUrl: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname } = new URL(address);
  const api = new URL(apiUrl);
  if (api.hostname === '127.0.0.1') return hostname === api.hostname;
  return protocol === 'https:' && (hostname === 'slack.com' || /\.slack(?:-gov)?\.com$/.test(hostname));
}
