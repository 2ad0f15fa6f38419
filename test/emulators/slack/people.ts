/** What people do in Slack; each verb becomes the platform's payload, delivered one way or the other. */
import { afterClick, afterSlash, afterSubmission } from './after-ack.ts';
import type { Deliver } from './deliver.ts';
import { findAction } from './find-action.ts';
import {
  ephemeralActionPayload,
  homeOpenedPayload,
  mentionPayload,
  messageActionPayload,
  type Pressed,
  slashPayload,
  submissionPayload,
  viewActionPayload,
} from './payloads.ts';
import type { ResponseTarget, ResponseUrls } from './response-urls.ts';
import type { Triggers } from './triggers.ts';
import type {
  Json,
  PressInput,
  SlackDelivery,
  SlackMessage,
  SlackRequest,
  SlackUser,
  SlackVerbs,
  SlackView,
} from './types.ts';
import { filledState, initialState } from './view-state.ts';
import { addMessage, directChannel, messageAt, type World } from './world.ts';

export interface PeopleDeps {
  world: World;
  triggers: Triggers;
  responseUrls: ResponseUrls;
  url(path: string): string;
  command: string;
}

/** Text as the platform passes it on: its three special characters escaped. */
export const escapeText = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

export function createPeople(deps: PeopleDeps, deliver: Deliver): SlackVerbs {
  const { world, triggers, responseUrls } = deps;
  /** What becomes of the answer, by request, so that a redelivery is treated alike. */
  const effects = new WeakMap<SlackRequest, (delivery: SlackDelivery) => void>();

  async function send(
    type: SlackRequest['type'],
    payload: Json,
    effect: (delivery: SlackDelivery) => void,
  ): Promise<SlackDelivery> {
    const request: SlackRequest = { type, payload, envelopeId: world.id('env') };
    effects.set(request, effect);
    const delivery = await deliver(request, {});
    effect(delivery);
    return delivery;
  }

  const responseUrl = (target: ResponseTarget) => deps.url(responseUrls.issue(target));

  function pressMessage(input: PressInput, message: SlackMessage): Promise<SlackDelivery> {
    const user = memberOf(world, input.user, input.channel);
    const found = findAction(message.blocks, input.actionId, input.index);
    const pressed: Pressed = { user, ...found, triggerId: triggers.issue(user.id) };
    const url = responseUrl({
      user: user.id,
      channel: input.channel,
      source: { kind: 'message', ts: message.ts },
    });
    const payload = messageActionPayload(world, pressed, message, url);
    return send('interactive', payload, (delivery) => afterClick(world, delivery));
  }

  return {
    async slash(input) {
      if (input.threadTs !== undefined) throw new Error('Slack takes no slash command in a thread');
      const user = memberOf(world, input.user, input.channel);
      const command = input.command ?? deps.command;
      if (command !== deps.command) throw new Error(`${command} is not a valid command`);
      const target: ResponseTarget = { user: user.id, channel: input.channel, source: { kind: 'none' } };
      const payload = slashPayload(world, user, {
        channel: input.channel,
        command,
        text: escapeText(input.text.trim()),
        triggerId: triggers.issue(user.id),
        responseUrl: responseUrl(target),
      });
      return await send('slash_commands', payload, (delivery) => afterSlash(world, delivery, target));
    },
    async mention(input) {
      const user = memberOf(world, input.user, input.channel);
      if (world.channels.get(input.channel)?.members.has(world.botUser) !== true)
        throw new Error('the bot is not in that channel: Slack would offer to invite it');
      const message = addMessage(world, {
        channel: input.channel,
        user: user.id,
        team: user.team,
        text: `<@${world.botUser}> ${escapeText(input.text)}`,
        blocks: [mentionBlock(world, input.text)],
        ...(input.threadTs === undefined ? {} : { thread_ts: input.threadTs }),
      });
      return await send('events_api', mentionPayload(world, user, message), () => {});
    },
    async press(input) {
      const message = messageAt(world, input.channel, input.ts);
      if (message === undefined) throw new Error(`there is no message ${input.ts} in ${input.channel}`);
      return await pressMessage(input, message);
    },
    pressStale: async (input, message) => await pressMessage(input, message),
    async pressEphemeral({ user: userId, ephemeral, actionId, index }) {
      const user = memberOf(world, userId, ephemeral.channel);
      const pressed = {
        user,
        ...findAction(ephemeral.blocks, actionId, index),
        triggerId: triggers.issue(user.id),
      };
      const source = { kind: 'ephemeral' as const, ts: ephemeral.ts };
      const url = responseUrl({ user: user.id, channel: ephemeral.channel, source });
      const payload = ephemeralActionPayload(world, pressed, ephemeral, url);
      return await send('interactive', payload, (delivery) => afterClick(world, delivery));
    },
    async pressInView(input) {
      const user = personOf(world, input.user);
      const view = viewOf(world, user.id, input.viewId);
      const pressed = {
        user,
        ...findAction(view.blocks, input.actionId, input.index),
        triggerId: triggers.issue(user.id),
      };
      const payload = viewActionPayload(world, pressed, view, initialState(view));
      return await send('interactive', payload, (delivery) => afterClick(world, delivery));
    },
    async submit(input) {
      const user = personOf(world, input.user);
      const view = viewOf(world, user.id, input.viewId);
      if (view.submit === null) throw new Error('the view has nothing to submit');
      const values = filledState(view, input.values);
      const payload = submissionPayload(world, user, view, values, triggers.issue(user.id));
      return await send('interactive', payload, (delivery) =>
        afterSubmission(world, delivery, user.id, view),
      );
    },
    async openHome(userId) {
      const user = personOf(world, userId);
      if (user.team !== world.team) throw new Error('the app has no home in another workspace');
      const channel = directChannel(world, user.id).id;
      const payload = homeOpenedPayload(world, user, channel, world.homes.get(user.id) ?? null);
      return await send('events_api', payload, () => {});
    },
    async redeliver({ request }, options = {}) {
      const delivery = await deliver(request, options);
      effects.get(request)?.(delivery);
      return delivery;
    },
  };
}

const mentionBlock = (world: World, text: string): Json => ({
  type: 'rich_text',
  block_id: world.id('b'),
  elements: [
    {
      type: 'rich_text_section',
      elements: [
        { type: 'user', user_id: world.botUser },
        { type: 'text', text: ` ${text}` },
      ],
    },
  ],
});

function personOf(world: World, id: string): SlackUser {
  const user = world.users.get(id);
  if (user === undefined) throw new Error(`there is no user ${id}`);
  return user;
}

function memberOf(world: World, id: string, channelId: string): SlackUser {
  const user = personOf(world, id);
  const channel = world.channels.get(channelId);
  if (channel === undefined) throw new Error(`there is no channel ${channelId}`);
  if (channel.archived) throw new Error(`channel ${channelId} is archived`);
  if (!channel.members.has(id)) throw new Error(`${id} is not in ${channelId}`);
  return user;
}

function viewOf(world: World, user: string, id: string | undefined): SlackView {
  const home = world.homes.get(user);
  if (id !== undefined && home !== undefined && (id === 'home' || id === home.id)) return home;
  const stack = world.modals.get(user) ?? [];
  const view = id === undefined ? stack.at(-1) : stack.find((each) => each.id === id);
  if (view === undefined) throw new Error(`${user} has no view ${id ?? 'open'}`);
  return view;
}
