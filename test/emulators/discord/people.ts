import type { CommandBook } from './command-book.ts';
import type { Core } from './core.ts';
import { composeCommand } from './compose-command.ts';
import { composeSubmit } from './compose-submit.ts';
import { type Interaction, type InteractionBook, KIND } from './interactions.ts';
import { permissionBits } from './permissions.ts';
import { flatten } from './rules/components.ts';
import type { ComponentView, DiscordEmulator, Outcome, PressAct } from './types.ts';
import { channelView, memberPermissions, memberView, messageView, userView } from './views.ts';
import type { Message, Person, Room } from './world.ts';

const BUTTON = 2;
const ATTACHMENT_LIMIT = 10 * 1024 * 1024;

export type Acts = Pick<DiscordEmulator, 'command' | 'autocomplete' | 'press' | 'submit'>;

export interface Deps {
  core: Core;
  interactions: InteractionBook;
  commands: CommandBook;
}

/** What people do in the official client. What that client would not let them do throws. */
export function createActs({ core, interactions, commands }: Deps): Acts {
  const { world } = core;

  function who(user: string): Person {
    const person = world.people.get(user);
    if (person === undefined) throw new Error(`there is no user ${user}`);
    return person;
  }

  function where(channel: string): Room {
    const room = world.rooms.get(channel);
    if (room === undefined) throw new Error(`there is no channel ${channel}`);
    return room;
  }

  /** The INTERACTION_CREATE that the act makes. */
  function payload(
    interaction: Interaction,
    person: Person,
    room: Room,
    data: unknown,
    source: Message | null,
  ) {
    const direct = room.recipientId !== null;
    const member = { ...memberView(person), permissions: memberPermissions(person) };
    return {
      id: interaction.id,
      application_id: world.applicationId,
      type: KIND[interaction.kind],
      token: interaction.token,
      version: 1,
      data,
      channel: channelView(room, world),
      channel_id: room.id,
      ...(direct
        ? { user: userView(person) }
        : {
            guild_id: world.guild.id,
            guild: { id: world.guild.id, locale: 'en-US', features: [] },
            guild_locale: 'en-US',
            member,
          }),
      ...(source === null ? {} : { message: messageView(source, world) }),
      app_permissions: permissionBits([...world.permissionsIn(room)]),
      locale: 'en-US',
      entitlements: [],
      entitlement_sku_ids: [],
      authorizing_integration_owners: { '0': direct ? '0' : world.guild.id },
      context: direct ? 1 : 0,
      attachment_size_limit: ATTACHMENT_LIMIT,
    };
  }

  async function act(
    kind: Interaction['kind'],
    person: Person,
    room: Room,
    data: unknown,
    source: Message | null = null,
  ): Promise<Outcome> {
    const interaction = interactions.open({
      kind,
      userId: person.id,
      roomId: room.id,
      sourceId: source?.id ?? null,
    });
    const outcome = interactions.outcome(interaction);
    interaction.missed = !core.dispatch(
      'INTERACTION_CREATE',
      payload(interaction, person, room, data, source),
    );
    return await outcome;
  }

  function find(message: Message, made: PressAct): ComponentView {
    const { customId, label, stale = false } = made;
    const shown = [message.components, ...(stale ? message.earlier.toReversed() : [])];
    const wanted = shown
      .flatMap((parts) => flatten(parts))
      .find((part) => part.custom_id !== undefined && (part.custom_id === customId || part.label === label));
    const name = customId ?? label ?? '';
    if (wanted === undefined) throw new Error(`message ${message.id} shows no "${name}"`);
    if (wanted.disabled === true && !stale) throw new Error(`"${name}" is disabled`);
    const values = made.values ?? [];
    const offered = wanted.options?.map(({ value }) => value);
    const unknown = values.find((value) => offered?.includes(value) === false);
    if (unknown !== undefined) throw new Error(`"${name}" does not offer "${unknown}"`);
    if (values.length > (wanted.max_values ?? 1)) throw new Error(`"${name}" takes fewer values`);
    return wanted;
  }

  return {
    async command(made) {
      const person = who(made.user);
      return await act('command', person, where(made.channel), composeCommand(commands, world, person, made));
    },
    async autocomplete(made) {
      const person = who(made.user);
      return await act(
        'autocomplete',
        person,
        where(made.channel),
        composeCommand(commands, world, person, made, made.focused),
      );
    },
    async press(made) {
      const id = typeof made.message === 'string' ? made.message : made.message.id;
      const message = world.findMessage(id);
      if (message === undefined) throw new Error(`there is no message ${id}`);
      if (message.visibleTo !== null && message.visibleTo !== made.user)
        throw new Error(`${made.user} does not see message ${id}`);
      const part = find(message, made);
      const data = {
        id: part.id,
        custom_id: part.custom_id,
        component_type: part.type,
        ...(part.type === BUTTON ? {} : { values: [...(made.values ?? [])] }),
      };
      return await act('component', who(made.user), where(message.channelId), data, message);
    },
    async submit(made) {
      const person = who(made.user);
      const mine = interactions.modals.filter(({ userId }) => userId === person.id);
      const open = made.modal === undefined ? mine.at(-1) : mine.find(({ view }) => view === made.modal);
      if (open === undefined) throw new Error(`${person.name} has no open modal`);
      const source = open.sourceId === null ? null : (world.findMessage(open.sourceId) ?? null);
      const data = composeSubmit(open.view, made.values);
      const outcome = await act('modal', person, where(open.roomId), data, source);
      // An unanswered modal stays open with its values.
      if (outcome.answered) interactions.modals.splice(interactions.modals.indexOf(open), 1);
      return outcome;
    },
  };
}
