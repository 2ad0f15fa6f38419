import {
  type APIActionRowComponent,
  type APIButtonComponentWithCustomId,
  type APIComponentInMessageActionRow,
  ButtonStyle,
  ComponentType,
} from 'discord.js';
import { BUTTON_IDS, type Button, type ButtonId } from '../../../src/conversation/card.ts';
import { shortLine } from '../../shared/fit.ts';
import { DISCORD_LIMITS } from './limits.ts';

/** What a press carries. */
export interface PressedButton {
  id: ButtonId;
  subject: string;
  hash: string | null;
}

export type ButtonRow = APIActionRowComponent<APIComponentInMessageActionRow>;

const STYLES = {
  primary: ButtonStyle.Primary,
  danger: ButtonStyle.Danger,
  default: ButtonStyle.Secondary,
} as const satisfies Record<Button['style'], ButtonStyle>;

const CUSTOM_ID = /^airlock:([a-z]+):\d*:([^:]*):(.*)$/s;
const SHA256 = /^[0-9a-f]{64}$/;

/**
 * All of a press in Discord's 100 characters, so that a button works after any restart: 43 characters carry the whole hash that the
 * person saw. `at` tells buttons of one id on one card apart: 1 for the first. Null when it is longer: half of it would act on something
 * else.
 */
export function encodeButton({ id, subject, hash }: PressedButton, at = 1): string | null {
  const customId = ['airlock', id, at === 1 ? '' : at, encodeHash(hash), subject].join(':');
  return customId.length > DISCORD_LIMITS.customIdCharacters ? null : customId;
}

/** What {@link encodeButton} made; null for what is not ours. */
export function decodeButton(customId: string): PressedButton | null {
  const [, name, written = '', subject = ''] = CUSTOM_ID.exec(customId) ?? [];
  const id = BUTTON_IDS.find((known) => known === name);
  const hash = decodeHash(written);
  return id === undefined || hash === undefined ? null : { id, subject, hash };
}

/** The buttons of a card in rows of five, and how many found no room. */
export function buttonRows(buttons: readonly Button[]): { rows: ButtonRow[]; missing: number } {
  const seen = new Map<ButtonId, number>();
  const made: APIButtonComponentWithCustomId[] = [];
  for (const button of buttons.slice(0, DISCORD_LIMITS.rows * DISCORD_LIMITS.buttonsPerRow)) {
    const at = (seen.get(button.id) ?? 0) + 1;
    const customId = encodeButton(button, at);
    if (customId === null) continue;
    seen.set(button.id, at);
    made.push({
      type: ComponentType.Button,
      custom_id: customId,
      label: shortLine(button.label, DISCORD_LIMITS.buttonCharacters),
      style: STYLES[button.style],
    });
  }
  const rows: ButtonRow[] = [];
  for (let from = 0; from < made.length; from += DISCORD_LIMITS.buttonsPerRow) {
    const components = made.slice(from, from + DISCORD_LIMITS.buttonsPerRow);
    rows.push({ type: ComponentType.ActionRow, components });
  }
  return { rows, missing: buttons.length - made.length };
}

/** `-` for none, `h` and base64url for a SHA-256, `t` and the text for anything else. */
function encodeHash(hash: string | null): string {
  if (hash === null) return '-';
  if (!SHA256.test(hash)) return `t${encodeURIComponent(hash.toWellFormed())}`;
  return `h${Buffer.from(hash, 'hex').toString('base64url')}`;
}

/** Undefined for what `encodeHash` did not write. */
function decodeHash(written: string): string | null | undefined {
  if (written === '-') return null;
  const rest = written.slice(1);
  if (written.startsWith('h')) {
    const hash = Buffer.from(rest, 'base64url').toString('hex');
    return SHA256.test(hash) && encodeHash(hash) === written ? hash : undefined;
  }
  if (!written.startsWith('t')) return undefined;
  try {
    return decodeURIComponent(rest);
  } catch {
    return undefined;
  }
}
