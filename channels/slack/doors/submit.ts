import type { Patience } from '../../../src/conversation/channel.ts';
import { sha256Hex } from '../../../src/lib/canonical-json.ts';
import { readFormMemory } from '../modals.ts';
import { viewSubmissionSchema } from '../payloads.ts';
import { FORM_CALLBACK, readForm } from '../render/form.ts';
import type { Ack, Doorway } from './doorway.ts';
import { warnOfLookalikes } from '../../shared/lookalikes.ts';

/** A form that was filled in. The acknowledgement closes its window. */
export async function onSubmit(doorway: Doorway, body: unknown, ack: Ack): Promise<void> {
  const { inbox, log } = doorway;
  const payload = doorway.read('view submission', viewSubmissionSchema, body);
  if (payload === null || payload.view.callback_id !== FORM_CALLBACK) return ack();
  const { view } = payload;
  const memory = readFormMemory(view.private_metadata);
  if (memory === null) {
    log.warn({}, 'a form of another version was submitted');
    return ack();
  }
  const { id: user, team_id: team, name, username } = payload.user;
  const who = doorway.userOf(user, [team], name ?? username);
  const { button, subject, hash, room, shownIn } = memory;
  const reply = doorway.replyTo(who, { room, shownIn, pressed: memory, triggerId: payload.trigger_id });
  const values = readForm(view.state?.values ?? {});
  const send = async (limits: Patience) => {
    const thread = await doorway.threadOf(who, room, memory.thread);
    const origin = await doorway.originOf(who, thread, deliveryIdOf(view.id, values));
    const accepted = await inbox.form({ ...origin, button, subject, hash, values }, reply, limits);
    void warnOfLookalikes(values.command ?? '', { accepted, reply, log });
    return accepted;
  };
  await doorway.take(who, { ack, reply, send });
}

/**
 * One window is one request, not one press of its button: who presses again because an acknowledgement was lost does not ask twice.
 * With other words it is another request.
 */
function deliveryIdOf(viewId: string, values: object): string {
  return `${viewId}:${sha256Hex(JSON.stringify(values)).slice(0, 16)}`;
}
