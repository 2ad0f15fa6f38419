import { createCommandRegistry } from '../../../../src/commands/registry.ts';
import type { PolicyFile } from '../../../../src/config/schema.ts';
import type { Card, Form } from '../../../../src/conversation/card.ts';
import type {
  ButtonRequest,
  Channel,
  ChannelLimits,
  FormRequest,
  Reply,
  RequestOutcome,
} from '../../../../src/conversation/channel.ts';
import { type Conversation, createConversation } from '../../../../src/conversation/conversation.ts';
import { silentLogger } from '../../../../src/lib/logger.ts';
import type { ThreadRef } from '../../../../src/model/thread.ts';
import { createFakeChannel, type FakeChannel } from '../../../fakes/fake-channel.ts';
import { openWorkbench, policyOf, type Workbench } from '../../orchestrator/workbench.ts';

export const ROOM: ThreadRef = { channel: 'slack', space: 'T1', room: 'C1', thread: null };

export type Answered = RequestOutcome & { cards: Card[]; forms: Form[] };

/** A conversation on one channel called slack, started, and people of the workbench who ask and press. */
export interface Desk extends AsyncDisposable {
  bench: Workbench;
  channel: FakeChannel;
  conversation: Conversation;
  ask(text: string, who?: string, reply?: Partial<Reply>): Promise<Answered>;
  press(
    button: ButtonRequest['button'],
    subject: string,
    who?: string,
    more?: Partial<ButtonRequest>,
  ): Promise<Answered>;
  send(
    button: ButtonRequest['button'],
    subject: string,
    values: FormRequest['values'],
    who?: string,
  ): Promise<Answered>;
  home(who: string): Promise<readonly Card[]>;
}

export async function openDesk(
  options: {
    policy?: PolicyFile;
    limits?: Partial<ChannelLimits>;
    images?: readonly string[];
    rootOf?: (channel: string) => string;
    privateRoom?: Channel['privateRoom'];
  } = {},
): Promise<Desk> {
  const danger = { kind: 'agent.exec', command: 'danger', level: 'high', reason: 'a test' };
  const bench = await openWorkbench({ policy: options.policy ?? policyOf({ rules: [danger] }) });
  const { limits = {}, privateRoom } = options;
  const channel = createFakeChannel({ name: 'slack', limits, ...(privateRoom && { privateRoom }) });
  const images = (options.images ?? ['busybox', 'node']).map((name) => ({ name }));
  const { store, orchestrator, agents, people, clock } = bench;
  const conversation = createConversation({
    store,
    orchestrator,
    agents,
    people,
    commands: createCommandRegistry({ images: { list: async () => images } }),
    channels: [channel],
    clock,
    log: silentLogger,
    nodeId: 'node-1',
    ...(options.rootOf === undefined ? {} : { rootOf: options.rootOf }),
  });
  await conversation.start();
  let deliveries = 0;

  function origin(who: string) {
    deliveries += 1;
    return {
      deliveryId: `d${deliveries}`,
      principal: `slack:T1:${who}`,
      displayName: who,
      groups: [],
      thread: ROOM,
    };
  }

  async function answered(
    send: (reply: Reply) => ReturnType<Conversation['inbox']['command']>,
    own: Partial<Reply> = {},
  ): Promise<Answered> {
    const cards: Card[] = [];
    const forms: Form[] = [];
    const accepted = await send({
      private: async (card) => void cards.push(card),
      form: async (form) => void forms.push(form),
      ...own,
    });
    return { ...(await accepted.settled), cards, forms };
  }

  return {
    bench,
    channel,
    conversation,
    ask: (text, who = 'alice', reply) =>
      answered((given) => conversation.inbox.command({ ...origin(who), text }, given), reply),
    press: (button, subject, who = 'alice', more = {}) =>
      answered((given) =>
        conversation.inbox.button({ ...origin(who), button, subject, hash: null, ...more }, given),
      ),
    send: (button, subject, values, who = 'alice') =>
      answered((given) =>
        conversation.inbox.form({ ...origin(who), button, subject, hash: null, values }, given),
      ),
    home: (who) => conversation.inbox.home({ principal: `slack:T1:${who}`, displayName: who, groups: [] }),
    async [Symbol.asyncDispose]() {
      await conversation.stop();
      await bench[Symbol.asyncDispose]();
    },
  };
}

/** The code on the error card somebody was answered with; null when it was no error. */
export function refusal({ ok, cards }: Answered): string | null {
  const [card] = cards;
  return !ok && card?.kind === 'error' ? (card.state?.label ?? null) : null;
}
