/** What views.* and a submission's answer accept as a view. */
import { checkBlocks } from './check-blocks.ts';
import { createReport } from './check-elements.ts';
import { asList, asText, isJson, refuse } from './json.ts';
import { LIMITS } from './limits.ts';
import type { Json, SlackView } from './types.ts';
import type { World } from './world.ts';

const TEXTS = ['title', 'submit', 'close'] as const;

/** The platform's refusal of a view; null when it is well-formed. */
export function refuseView(world: World, view: Json, type: SlackView['type']): Json | null {
  const report = createReport();
  if (view['type'] !== type) report.say(`must be a ${type}`, '/type');
  checkBlocks(view['blocks'], LIMITS.blocksInView, report);
  report.length(view['private_metadata'], '/private_metadata', LIMITS.privateMetadata, false);
  report.length(view['callback_id'], '/callback_id', LIMITS.identifier, false);
  report.length(view['external_id'], '/external_id', LIMITS.identifier, false);
  if (type === 'modal') {
    for (const key of TEXTS)
      if (key === 'title' || view[key] !== undefined) report.plain(view[key], `/${key}`, LIMITS.viewTitle);
    const asks = asList(view['blocks']).some((block) => block['type'] === 'input');
    if (asks && !isJson(view['submit'])) report.say('submit is required when an input is there', '/submit');
  }
  const tooLarge = JSON.stringify(view).length > LIMITS.viewBytes;
  if (report.messages.length === 0 && !tooLarge) return null;
  const error = tooLarge ? 'view_too_large' : 'invalid_arguments';
  world.broke('view', `${error}: ${report.messages.join('; ')}`);
  return refuse(error, { response_metadata: { messages: report.messages } });
}

export function makeView(world: World, view: Json, type: SlackView['type'], over?: SlackView): SlackView {
  const part = (key: string) => (isJson(view[key]) ? view[key] : null);
  return {
    id: over?.id ?? world.id('V'),
    hash: newHash(world),
    type,
    callback_id: asText(view['callback_id']),
    private_metadata: asText(view['private_metadata']),
    title: part('title'),
    submit: part('submit'),
    close: part('close'),
    blocks: asList(view['blocks']).map((block) => ({
      ...block,
      block_id: block['block_id'] ?? world.id('b'),
    })),
    root_view_id: over?.root_view_id ?? null,
    previous_view_id: over?.previous_view_id ?? null,
    external_id: asText(view['external_id']),
  };
}

const newHash = (world: World) => `${Math.floor(world.clock.now() / 1000)}.${world.id('h').toLowerCase()}`;

/** A view as payloads and answers carry it. */
export function viewJson(world: World, view: SlackView, values: Json): Json {
  return {
    ...view,
    root_view_id: view.root_view_id ?? view.id,
    team_id: world.team,
    app_id: world.appId,
    app_installed_team_id: world.team,
    bot_id: world.botId,
    clear_on_close: false,
    notify_on_close: false,
    state: { values },
  };
}

/** Changes the open modals of a person: in place of all, on top, or instead of one. */
export function showModal(world: World, user: string, view: SlackView, how: 'open' | 'push'): void {
  const stack = how === 'open' ? [] : (world.modals.get(user) ?? []);
  const root = stack[0];
  view.root_view_id = root?.id ?? view.id;
  view.previous_view_id = stack.at(-1)?.id ?? null;
  world.modals.set(user, [...stack, view]);
}

export function replaceModal(world: World, user: string, view: SlackView): void {
  const stack = world.modals.get(user) ?? [];
  world.modals.set(
    user,
    stack.map((each) => (each.id === view.id ? view : each)),
  );
}
