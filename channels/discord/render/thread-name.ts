import type { Card } from '../../../src/conversation/card.ts';
import { shortLine } from '../../shared/fit.ts';
import { DISCORD_LIMITS } from './limits.ts';

/** `box · RUNNING`: what a list of threads says. Names have no Markdown. */
export function threadName({ title, state }: Card): string {
  const label = state === null ? '' : ` · ${shortLine(state.label, 40)}`;
  return `${shortLine(title, DISCORD_LIMITS.threadNameCharacters - label.length)}${label}`;
}
