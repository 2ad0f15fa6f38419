/** views.* */
import { makeView, refuseView, replaceModal, showModal, viewJson } from '../check-view.ts';
import { asJson, asText, refuse } from '../json.ts';
import { LIMITS } from '../limits.ts';
import type { Json, SlackView } from '../types.ts';
import type { World } from '../world.ts';
import type { Method, MethodContext } from './method.ts';

function show(how: 'open' | 'push'): Method {
  return (args, { world, triggers }: MethodContext): Json => {
    const view = asJson(args['view']);
    const refusal = refuseView(world, view, 'modal');
    if (refusal !== null) return refusal;
    const trigger = triggers.exchange(asText(args['trigger_id']));
    if ('error' in trigger) {
      // That one is too old can be bad luck; that it is used twice or made up cannot.
      if (trigger.error !== 'expired_trigger_id') world.broke('trigger', trigger.error);
      return refuse(trigger.error);
    }
    const depth = world.modals.get(trigger.user)?.length ?? 0;
    if (how === 'push' && depth === 0) return refuse('not_found');
    if (how === 'push' && depth >= LIMITS.viewStack) {
      world.broke('view', 'more than three views on each other');
      return refuse('push_limit_reached');
    }
    const made = makeView(world, view, 'modal');
    showModal(world, trigger.user, made, how);
    return { ok: true, view: viewJson(world, made, {}) };
  };
}

function findView(world: World, args: Json): { user: string; view: SlackView } | null {
  const id = asText(args['view_id']);
  const external = asText(args['external_id']);
  const matches = (view: SlackView) =>
    id === '' ? external !== '' && view.external_id === external : view.id === id;
  for (const [user, stack] of world.modals) {
    const view = stack.find(matches);
    if (view !== undefined) return { user, view };
  }
  return null;
}

const stale = (args: Json, view: SlackView | undefined) =>
  asText(args['hash']) !== '' && asText(args['hash']) !== view?.hash;

const update: Method = (args, { world }) => {
  const found = findView(world, args);
  if (found === null) return refuse('not_found');
  if (stale(args, found.view)) return refuse('hash_conflict');
  const view = asJson(args['view']);
  const refusal = refuseView(world, view, 'modal');
  if (refusal !== null) return refusal;
  const made = makeView(world, view, 'modal', found.view);
  replaceModal(world, found.user, made);
  return { ok: true, view: viewJson(world, made, {}) };
};

const publish: Method = (args, { world }) => {
  const user = asText(args['user_id']);
  if (!world.users.has(user)) return refuse('invalid_arguments');
  const present = world.homes.get(user);
  if (stale(args, present)) return refuse('hash_conflict');
  const view = asJson(args['view']);
  const refusal = refuseView(world, view, 'home');
  if (refusal !== null) return refusal;
  const made = makeView(world, view, 'home', present);
  world.homes.set(user, made);
  return { ok: true, view: viewJson(world, made, {}) };
};

export const viewsMethods: Readonly<Record<string, Method>> = {
  'views.open': show('open'),
  'views.push': show('push'),
  'views.update': update,
  'views.publish': publish,
};
