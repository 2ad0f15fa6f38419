/** What the platform does with the answer to a delivery. */
import { makeView, refuseView, replaceModal, showModal } from './check-view.ts';
import { asJson, asText } from './json.ts';
import { showResponse, type ResponseTarget } from './response-urls.ts';
import type { Json, SlackDelivery, SlackView } from './types.ts';
import type { World } from './world.ts';

/** A slash command's answer is shown to its author, or to all. */
export function afterSlash(world: World, delivery: SlackDelivery, target: ResponseTarget): void {
  if (!delivery.acked || delivery.body === null) return;
  const body = typeof delivery.body === 'string' ? { text: delivery.body } : delivery.body;
  showResponse(world, target, body, 'ack');
}

/** A click's answer carries nothing. */
export function afterClick(world: World, delivery: SlackDelivery): void {
  if (delivery.acked && delivery.body !== null) world.broke('ack', 'block_actions take no answer');
}

/** A submission's answer closes the modal or changes it. */
export function afterSubmission(world: World, delivery: SlackDelivery, user: string, view: SlackView): void {
  if (!delivery.acked) return;
  const body: Json = typeof delivery.body === 'string' ? {} : (delivery.body ?? {});
  const action = asText(body['response_action']);
  const stack = world.modals.get(user) ?? [];
  switch (action) {
    case '':
      if (Object.keys(body).length > 0)
        world.broke('ack', `a submission answered ${Object.keys(body).join(', ')}`);
      world.modals.set(
        user,
        stack.filter(({ id }) => id !== view.id),
      );
      return;
    case 'clear':
      world.modals.set(user, []);
      return;
    case 'errors':
      checkErrors(world, asJson(body['errors']), view);
      return;
    case 'update':
    case 'push': {
      const wanted = asJson(body['view']);
      if (refuseView(world, wanted, 'modal') !== null) return;
      if (action === 'push') showModal(world, user, makeView(world, wanted, 'modal'), 'push');
      else replaceModal(world, user, makeView(world, wanted, 'modal', view));
      return;
    }
    default:
      world.broke('ack', `unknown response_action ${action}`);
  }
}

function checkErrors(world: World, errors: Json, view: SlackView): void {
  const inputs = view.blocks.filter(({ type }) => type === 'input').map((block) => block['block_id']);
  const unknown = Object.keys(errors).filter((id) => !inputs.includes(id));
  if (unknown.length > 0 || Object.keys(errors).length === 0)
    world.broke('ack', `errors for blocks that are no inputs: ${unknown.join(', ')}`);
}
