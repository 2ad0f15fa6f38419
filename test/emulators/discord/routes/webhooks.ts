import { violate } from '../core.ts';
import { refuse } from '../errors.ts';
import { type Interaction, KIND } from '../interactions.ts';
import { createMessage, deleteMessage, editMessage } from '../messages.ts';
import { messageSchema } from '../payloads.ts';
import { type ApiRequest, bodyOf } from '../request.ts';
import { FLAG } from '../rules/messages.ts';
import { messageView } from '../views.ts';
import type { Message, Room } from '../world.ts';
import { type Desk, type HandlerTable, NO_CONTENT, ok, param } from './desk.ts';

/** The interaction whose token this is, while it lives and after its first answer. */
function requireToken({ core, interactions }: Desk, request: ApiRequest): Interaction {
  const interaction = interactions.byToken(param(request, 'token'));
  if (interaction === undefined || param(request, 'application') !== core.world.applicationId)
    return refuse(10015);
  const ageMs = core.clock.now() - interaction.createdAt;
  if (ageMs >= core.limits.tokenMs) {
    violate(core, request.route, 'token-expired', `used after ${ageMs} ms`);
    refuse(50027);
  }
  if (interaction.answer === null) {
    violate(core, request.route, 'followup-before-answer', `${interaction.kind} ${interaction.id}`);
    refuse(10015);
  }
  return interaction;
}

function requireOwnMessage(desk: Desk, request: ApiRequest): { message: Message; room: Room } {
  const interaction = requireToken(desk, request);
  const id = param(request, 'message');
  const message =
    desk.core.world.findMessage(id === '@original' ? (interaction.originalId ?? '') : id) ?? refuse(10008);
  const own = message.id === interaction.originalId || message.answers?.id === interaction.id;
  const room = desk.core.world.rooms.get(message.channelId);
  return own && room !== undefined ? { message, room } : refuse(10008);
}

function isEphemeral(flags: number | null | undefined): boolean {
  return ((flags ?? 0) & FLAG.ephemeral) !== 0;
}

/** What follows the first answer, by the interaction's token. */
export const webhookRoutes: HandlerTable = {
  'POST /webhooks/:application/:token': (desk, request) => {
    const { core } = desk;
    const interaction = requireToken(desk, request);
    const body = bodyOf(core, request, messageSchema);
    const original = core.world.findMessage(interaction.originalId ?? '');
    // The first follow-up of a deferral takes the place of "thinking", as it was deferred: private or public.
    if (original !== undefined && (original.flags & FLAG.loading) !== 0) {
      if (isEphemeral(body.flags) !== (original.visibleTo !== null))
        violate(
          core,
          request.route,
          'ephemeral-fixed',
          'the deferral has settled who sees the first follow-up',
        );
      editMessage(core, original, body, { route: request.route, uploads: request.uploads });
      return ok(messageView(original, core.world));
    }
    const room = core.world.rooms.get(interaction.roomId) ?? refuse(10003);
    const message = createMessage(core, {
      room,
      authorId: core.world.bot.id,
      body,
      uploads: request.uploads,
      visibleTo: isEphemeral(body.flags) ? interaction.userId : null,
      answers: { id: interaction.id, type: KIND[interaction.kind], userId: interaction.userId },
      route: request.route,
    });
    return ok(messageView(message, core.world));
  },
  'GET /webhooks/:application/:token/messages/:message': (desk, request) =>
    ok(messageView(requireOwnMessage(desk, request).message, desk.core.world)),
  'PATCH /webhooks/:application/:token/messages/:message': (desk, request) => {
    const { core } = desk;
    const { message, room } = requireOwnMessage(desk, request);
    if (room.thread?.archived === true) refuse(50083);
    const body = bodyOf(core, request, messageSchema);
    if (isEphemeral(body.flags) && message.visibleTo === null)
      violate(core, request.route, 'ephemeral-fixed', 'a public message cannot become private');
    editMessage(core, message, body, { route: request.route, uploads: request.uploads });
    return ok(messageView(message, core.world));
  },
  'DELETE /webhooks/:application/:token/messages/:message': (desk, request) => {
    const { message, room } = requireOwnMessage(desk, request);
    deleteMessage(desk.core, room, message);
    return NO_CONTENT;
  },
};
