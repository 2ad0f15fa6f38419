import { randomBytes } from 'node:crypto';
import type { Core } from './core.ts';
import { FLAG } from './rules/messages.ts';
import type { AnswerKind, Choice, MessageView, ModalView, Outcome } from './types.ts';
import { messageView } from './views.ts';
import type { Watch } from './watch.ts';

export const KIND = { command: 2, component: 3, autocomplete: 4, modal: 5 } as const;
export type InteractionKind = keyof typeof KIND;

export interface Interaction {
  id: string;
  token: string;
  kind: InteractionKind;
  userId: string;
  roomId: string;
  /** The message whose component was used, also behind a modal that it opened. */
  sourceId: string | null;
  createdAt: number;
  /** No client was connected then: that its answer comes late is nobody's fault. */
  missed: boolean;
  answeredAt: number | null;
  answer: AnswerKind | null;
  ephemeral: boolean | null;
  data: unknown;
  /** The message of `@original`. */
  originalId: string | null;
  modal: ModalView | null;
  choices: Choice[];
}

export interface OpenModal {
  view: ModalView;
  userId: string;
  roomId: string;
  sourceId: string | null;
}

export interface InteractionBook {
  readonly modals: OpenModal[];
  open(made: Pick<Interaction, 'kind' | 'userId' | 'roomId' | 'sourceId'>): Interaction;
  byToken(token: string): Interaction | undefined;
  /** What the person sees: the first answer, or after three seconds that there was none. */
  outcome(interaction: Interaction): Promise<Outcome>;
  settle(interaction: Interaction): void;
}

export function createInteractionBook(core: Core, watch: Watch): InteractionBook {
  const known = new Map<string, Interaction>();
  const waiting = new Map<Interaction, () => void>();
  core.stack.defer(() => {
    for (const settle of waiting.values()) settle();
  });

  async function reply(interaction: Interaction): Promise<MessageView> {
    const message = await watch.until(() => {
      const found =
        interaction.originalId === null ? undefined : core.world.findMessage(interaction.originalId);
      return found !== undefined && (found.flags & FLAG.loading) === 0 ? found : undefined;
    });
    return messageView(message, core.world);
  }

  return {
    modals: [],
    open(made) {
      const interaction: Interaction = {
        ...made,
        id: core.world.nextId(),
        token: randomBytes(48).toString('base64url'),
        createdAt: core.clock.now(),
        missed: false,
        answeredAt: null,
        answer: null,
        ephemeral: null,
        data: null,
        originalId: null,
        modal: null,
        choices: [],
      };
      known.set(interaction.token, interaction);
      return interaction;
    },
    byToken: (token) => known.get(token),
    async outcome(interaction) {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      waiting.set(interaction, () => resolve(undefined));
      using _deadline = core.clock.after(core.limits.answerMs, () => resolve(undefined));
      await promise;
      waiting.delete(interaction);
      return {
        interactionId: interaction.id,
        answered: interaction.answer !== null,
        answer: interaction.answer,
        answerMs: interaction.answeredAt === null ? null : interaction.answeredAt - interaction.createdAt,
        ephemeral: interaction.ephemeral,
        data: interaction.data,
        modal: interaction.modal,
        choices: interaction.choices,
        reply: () => reply(interaction),
      };
    },
    settle(interaction) {
      waiting.get(interaction)?.();
    },
  };
}
