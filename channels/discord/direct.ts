import { Routes } from 'discord.js';
import { z } from 'zod';
import type { PrincipalId } from '../../src/model/principal.ts';
import type { ThreadRef } from '../../src/model/thread.ts';
import type { RestApi } from './rest-api.ts';

/** Discord's own word for what is in no server. A room in it is a person. */
const DIRECT = '@me';
const openedSchema = z.object({ id: z.string().min(1) });

/** The direct messages of a person with us. */
export function privateRoomOf({ principal }: { principal: PrincipalId }): ThreadRef {
  return { channel: 'discord', space: DIRECT, room: principal.slice('discord:'.length), thread: null };
}

/** Where a post to that place stands: a person is written to in the conversation with them. */
export async function openPlace(rest: RestApi, ref: ThreadRef): Promise<ThreadRef> {
  if (ref.space !== DIRECT) return ref;
  const body = { recipient_id: ref.room };
  const { id } = await rest.call({ method: 'POST', route: Routes.userChannels(), body }, openedSchema);
  return { ...ref, space: '', room: id };
}
