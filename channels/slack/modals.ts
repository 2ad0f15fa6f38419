import { z } from 'zod';
import { BUTTON_IDS, type Card, type Form } from '../../src/conversation/card.ts';
import { toAppError } from '../../src/errors.ts';
import { randomId } from '../../src/lib/ids.ts';
import type { Logger } from '../../src/lib/logger.ts';
import { inFull } from '../shared/full-text.ts';
import { noticeCard } from '../shared/notices.ts';
import { renderForm } from './render/form.ts';
import { renderTextModal } from './render/text-modal.ts';
import type { Trigger } from './triggers.ts';
import type { WebApi } from './web-api.ts';

/** Texts that are being read; the oldest goes first, and who still reads it presses the button again. */
const MAX_TEXTS = 200;
/** Characters of all of them as JSON. */
const MAX_CHARACTERS = 16 * 1024 * 1024;
const KEY_LENGTH = 20;

const opened = z.object({ view: z.object({ id: z.string() }) });

/** What the modal of a form remembers, in its private metadata: it must survive a restart. */
const formMemorySchema = z.object({
  button: z.enum(BUTTON_IDS),
  subject: z.string(),
  hash: z.string().nullable(),
  /** The person where the button was pressed in no room. */
  room: z.string().min(1),
  /** Of the request. */
  thread: z.string().nullable(),
  /** Where the person looked: the answer is shown there. */
  shownIn: z.string().nullable(),
});
export type FormMemory = z.output<typeof formMemorySchema>;

export interface Modals {
  /** False when Slack did not open it: the press is too long ago, or the window was refused. */
  openForm(trigger: Trigger, form: Form, memory: FormMemory): Promise<boolean>;
  /** Shows all of a card in pages. False when Slack did not open it. */
  openText(trigger: Trigger, card: Card): Promise<boolean>;
  /** Another page of the open text. Never throws. */
  turn(viewId: string, metadata: string, page: number): Promise<void>;
}

export function createModals(deps: { web: WebApi; log: Logger }): Modals {
  const { web, log } = deps;
  const texts = new Map<string, { card: Card; characters: number }>();
  let kept = 0;

  function keep(card: Card): string {
    const key = randomId(KEY_LENGTH);
    const characters = JSON.stringify(card).length;
    texts.set(key, { card, characters });
    kept += characters;
    for (const [oldest, text] of texts) {
      if (oldest === key || (texts.size <= MAX_TEXTS && kept <= MAX_CHARACTERS)) break;
      texts.delete(oldest);
      kept -= text.characters;
    }
    return key;
  }

  async function open(trigger: Trigger, view: () => object): Promise<boolean> {
    const id = trigger.take();
    if (id === null) return false;
    try {
      const maxWaitMs = trigger.left();
      await web.call('views.open', { trigger_id: id, view: view() }, opened, { maxWaitMs });
      return true;
    } catch (error) {
      log.info({ code: toAppError(error).code, reason: toAppError(error).message }, 'a window did not open');
      return false;
    }
  }

  return {
    openForm: (trigger, form, memory) => open(trigger, () => renderForm(form, JSON.stringify(memory))),
    openText: (trigger, card) =>
      open(trigger, () => {
        const whole = inFull(card);
        return renderTextModal({ card: whole, page: 1, privateMetadata: keep(whole) });
      }),
    async turn(viewId, metadata, page) {
      const card = texts.get(metadata)?.card ?? FORGOTTEN;
      try {
        const view = renderTextModal({ card, page, privateMetadata: metadata });
        await web.call('views.update', { view_id: viewId, view }, opened);
      } catch (error) {
        // Closed meanwhile, or the next press turns it.
        log.info({ reason: toAppError(error).message }, 'a page was not turned');
      }
    },
  };
}

/** Null for a window that this version of Airlock did not open. */
export function readFormMemory(metadata: string): FormMemory | null {
  try {
    return formMemorySchema.safeParse(JSON.parse(metadata)).data ?? null;
  } catch {
    return null;
  }
}

const FORGOTTEN = inFull(
  noticeCard('No longer here', ['This text is not kept any longer. Close the window and ask for it again.']),
);
