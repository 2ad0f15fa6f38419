import type { ActionsBlock, ConfirmationDialog, Button as SlackButton } from './block-kit.ts';
import { z } from 'zod';
import { BUTTON_IDS, type Button, type ButtonId } from '../../../src/conversation/card.ts';
import { plain } from './elements.ts';
import { SLACK_LIMITS } from './limits.ts';

/** Every button of ours; listen with `/^airlock:/`. */
export const BUTTON_PREFIX = 'airlock:';

/** What a press carries. */
export interface PressedButton {
  id: ButtonId;
  subject: string;
  hash: string | null;
}

const valueSchema = z.strictObject({ subject: z.string(), hash: z.string().nullable() });
const actionSchema = z.object({ action_id: z.string(), value: z.string() });

/**
 * A button of a card. `at` tells buttons of one id on one card apart: 1 for the first. Null when its value is longer than Slack
 * keeps: half a value would act on something else.
 */
export function encodeButton(button: Button, at = 1): SlackButton | null {
  const value = JSON.stringify({ subject: button.subject, hash: button.hash });
  if (value.length > SLACK_LIMITS.buttonValueCharacters) return null;
  const confirm = confirmation(button);
  return {
    type: 'button',
    action_id: `${BUTTON_PREFIX}${button.id}${at === 1 ? '' : `:${at}`}`,
    text: plain(button.label, SLACK_LIMITS.buttonCharacters),
    value,
    ...(button.style === 'default' ? {} : { style: button.style }),
    ...(confirm === null ? {} : { confirm }),
  };
}

/** The buttons of a card as one block, and how many found no room; null without buttons. */
export function actionsBlock(buttons: readonly Button[]): { block: ActionsBlock; missing: number } | null {
  const seen = new Map<ButtonId, number>();
  const elements: SlackButton[] = [];
  let room: number = SLACK_LIMITS.buttonsWeight;
  for (const button of buttons.slice(0, SLACK_LIMITS.buttonsPerBlock)) {
    const at = (seen.get(button.id) ?? 0) + 1;
    const encoded = encodeButton(button, at);
    if (encoded === null) continue;
    room -= Buffer.byteLength(JSON.stringify(encoded)) + 1;
    if (room < 0) break;
    seen.set(button.id, at);
    elements.push(encoded);
  }
  if (elements.length === 0) return null;
  return { block: { type: 'actions', elements }, missing: buttons.length - elements.length };
}

/** The button of a `block_actions` action; null for what is not ours. */
export function decodeButton(action: unknown): PressedButton | null {
  const parsed = actionSchema.safeParse(action);
  if (!parsed.success) return null;
  const [, name] = /^airlock:([a-z]+)(?::\d+)?$/.exec(parsed.data.action_id) ?? [];
  const id = BUTTON_IDS.find((known) => known === name);
  const value = valueSchema.safeParse(jsonOrNull(parsed.data.value));
  return id === undefined || !value.success ? null : { id, ...value.data };
}

function confirmation(button: Button): ConfirmationDialog | null {
  const words = button.confirm;
  if (words === undefined) return null;
  return {
    title: plain(words.title, SLACK_LIMITS.confirmTitleCharacters),
    text: plain(words.text, SLACK_LIMITS.confirmTextCharacters),
    confirm: plain(words.yes, SLACK_LIMITS.confirmButtonCharacters),
    deny: plain('Not now', SLACK_LIMITS.confirmButtonCharacters),
    ...(words.final ? { style: 'danger' as const } : {}),
  };
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
