import { requireValid, violate } from '../core.ts';
import { refuse } from '../errors.ts';
import type { Interaction, InteractionKind } from '../interactions.ts';
import { KIND } from '../interactions.ts';
import { createMessage, editMessage, numberComponents } from '../messages.ts';
import { callbackSchema, choicesSchema, messageSchema, modalSchema } from '../payloads.ts';
import { type ApiRequest, bodyOf } from '../request.ts';
import { createChecker } from '../rules/checker.ts';
import { checkChoices } from '../rules/commands.ts';
import { FLAG } from '../rules/messages.ts';
import { checkModal } from '../rules/modals.ts';
import type { AnswerKind } from '../types.ts';
import { messageView } from '../views.ts';
import type { Message } from '../world.ts';
import { type Desk, type HandlerTable, NO_CONTENT, ok, param } from './desk.ts';

const ANSWERS: Readonly<Record<number, AnswerKind>> = {
  4: 'message',
  5: 'deferred',
  6: 'deferred-update',
  7: 'update',
  8: 'choices',
  9: 'modal',
};

function mayAnswer(kind: InteractionKind, answer: AnswerKind, hasSource: boolean): boolean {
  if (answer === 'choices' || kind === 'autocomplete') return answer === 'choices' && kind === 'autocomplete';
  if (answer === 'update' || answer === 'deferred-update') return hasSource;
  return answer !== 'modal' || kind !== 'modal';
}

function requireFirstInTime({ core, interactions }: Desk, request: ApiRequest): Interaction {
  const interaction = interactions.byToken(param(request, 'token'));
  if (interaction === undefined || interaction.id !== param(request, 'interaction')) return refuse(10062);
  if (interaction.answer !== null) {
    violate(core, request.route, 'answered-twice', `${interaction.kind} ${interaction.id}`);
    refuse(40060);
  }
  const lateMs = core.clock.now() - interaction.createdAt;
  if (lateMs >= core.limits.answerMs) {
    if (!interaction.missed)
      violate(core, request.route, 'answered-late', `${interaction.kind} after ${lateMs} ms`);
    refuse(10062);
  }
  return interaction;
}

function sourceOf(desk: Desk, interaction: Interaction): Message {
  return desk.core.world.findMessage(interaction.sourceId ?? '') ?? refuse(10008);
}

/** Does what the answer says and gives the message that `@original` is from now on. */
function carryOut(
  desk: Desk,
  request: ApiRequest,
  interaction: Interaction,
  answer: AnswerKind,
): Message | null {
  const { core, interactions } = desk;
  const inner: ApiRequest = { ...request, body: callbackSchema.parse(request.body).data };
  const room = core.world.rooms.get(interaction.roomId) ?? refuse(10003);
  switch (answer) {
    case 'message':
    case 'deferred': {
      const body = bodyOf(core, inner, messageSchema);
      interaction.ephemeral = ((body.flags ?? 0) & FLAG.ephemeral) !== 0;
      return createMessage(core, {
        room,
        authorId: core.world.bot.id,
        body: answer === 'deferred' ? {} : body,
        uploads: answer === 'deferred' ? [] : request.uploads,
        visibleTo: interaction.ephemeral ? interaction.userId : null,
        answers: { id: interaction.id, type: KIND[interaction.kind], userId: interaction.userId },
        setFlags: answer === 'deferred' ? FLAG.loading : 0,
        route: request.route,
      });
    }
    case 'deferred-update':
      return sourceOf(desk, interaction);
    case 'update': {
      const source = sourceOf(desk, interaction);
      editMessage(core, source, bodyOf(core, inner, messageSchema), {
        route: request.route,
        uploads: request.uploads,
      });
      return source;
    }
    case 'choices': {
      const { choices } = bodyOf(core, inner, choicesSchema);
      const check = createChecker();
      checkChoices(check, 'data.choices', choices, 'autocomplete-choices');
      requireValid(core, request.route, check.problems);
      interaction.choices = choices.map(({ name, value }) => ({ name, value }));
      return null;
    }
    case 'modal': {
      const modal = bodyOf(core, inner, modalSchema);
      requireValid(core, request.route, checkModal(modal));
      interaction.modal = {
        customId: modal.custom_id,
        title: modal.title,
        components: numberComponents(modal.components),
      };
      const { userId, roomId, sourceId } = interaction;
      interactions.modals.push({ view: interaction.modal, userId, roomId, sourceId });
      return null;
    }
  }
}

/** The first answer of an interaction. */
export const callbackRoutes: HandlerTable = {
  'POST /interactions/:interaction/:token/callback': (desk, request) => {
    const { core } = desk;
    const interaction = requireFirstInTime(desk, request);
    const { type, data } = bodyOf(core, request, callbackSchema);
    const answer = ANSWERS[type];
    if (answer === undefined || !mayAnswer(interaction.kind, answer, interaction.sourceId !== null)) {
      const rule = interaction.kind === 'modal' && answer === 'modal' ? 'modal-on-modal' : 'answer-type';
      const message = `${interaction.kind} cannot be answered with type ${type}`;
      requireValid(core, request.route, [
        { at: 'type', rule, code: 'INTERACTION_RESPONSE_TYPE_INVALID', message },
      ]);
      return NO_CONTENT;
    }
    const original = carryOut(desk, request, interaction, answer);
    interaction.originalId = original?.id ?? null;
    interaction.answer = answer;
    interaction.answeredAt = core.clock.now();
    interaction.data = data ?? null;
    desk.interactions.settle(interaction);
    core.changed();
    if (request.query['with_response'] !== 'true') return NO_CONTENT;
    return ok({
      interaction: {
        id: interaction.id,
        type: KIND[interaction.kind],
        ...(original === null
          ? {}
          : {
              response_message_id: original.id,
              response_message_loading: (original.flags & FLAG.loading) !== 0,
              response_message_ephemeral: original.visibleTo !== null,
              channel_id: original.channelId,
              guild_id: core.world.guild.id,
            }),
      },
      resource: { type, ...(original === null ? {} : { message: messageView(original, core.world) }) },
    });
  },
};
