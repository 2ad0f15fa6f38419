import type {
  Accepted,
  ButtonRequest,
  Card,
  Choice,
  CommandRequest,
  CompletionRequest,
  FormRequest,
  Inbox,
  Reply,
  RequestOutcome,
} from '../../src/conversation/channel.ts';

export type RecordedRequest =
  | { type: 'command'; request: CommandRequest }
  | { type: 'button'; request: ButtonRequest }
  | { type: 'form'; request: FormRequest };

/** An inbox that keeps what reaches it and answers as a test says. */
export interface RecordingInbox extends Inbox {
  readonly requests: RecordedRequest[];
  readonly completions: CompletionRequest[];
  /** Resolves when `count` requests have come in. */
  received(count: number): Promise<readonly RecordedRequest[]>;
}

export interface RecordingInboxOptions {
  /** Default: settled at once, successfully. Whatever it throws is thrown to the channel. */
  answer?(recorded: RecordedRequest, reply: Reply): Promise<RequestOutcome>;
  /** As `answer`, but the request is accepted at once and settles with this. */
  work?(recorded: RecordedRequest, reply: Reply): Promise<RequestOutcome>;
  choices?: readonly Choice[];
  home?: readonly Card[];
}

const DONE: RequestOutcome = { ok: true, waiting: false, actionId: null };

export function createRecordingInbox(options: RecordingInboxOptions = {}): RecordingInbox {
  const requests: RecordedRequest[] = [];
  const completions: CompletionRequest[] = [];
  const seen = new Set<string>();
  let waiting: { count: number; resolve: () => void }[] = [];

  async function accept(recorded: RecordedRequest, reply: Reply): Promise<Accepted> {
    const { deliveryId } = recorded.request;
    if (seen.has(deliveryId)) return { duplicate: true, settled: Promise.resolve(DONE) };
    seen.add(deliveryId);
    requests.push(recorded);
    const due = waiting.filter(({ count }) => requests.length >= count);
    waiting = waiting.filter(({ count }) => requests.length < count);
    for (const { resolve } of due) resolve();
    if (options.work !== undefined) return { duplicate: false, settled: options.work(recorded, reply) };
    const outcome = await (options.answer?.(recorded, reply) ?? Promise.resolve(DONE));
    return { duplicate: false, settled: Promise.resolve(outcome) };
  }

  return {
    requests,
    completions,
    command: (request, reply) => accept({ type: 'command', request }, reply),
    button: (request, reply) => accept({ type: 'button', request }, reply),
    form: (request, reply) => accept({ type: 'form', request }, reply),
    async complete(request) {
      completions.push(request);
      return [...(options.choices ?? [])];
    },
    home: async () => options.home ?? [],
    async received(count) {
      if (requests.length < count) {
        await new Promise<void>((resolve) => waiting.push({ count, resolve }));
      }
      return requests;
    },
  };
}
