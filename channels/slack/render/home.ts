import type { Card } from '../../../src/conversation/card.ts';
import type { HomeView, KnownBlock } from './block-kit.ts';
import { figure } from '../../shared/words.ts';
import { paragraph, plain, richText, weigh, word } from './elements.ts';
import { SLACK_LIMITS } from './limits.ts';
import { renderBlocks } from './message.ts';

/** Kept free for the line that says how many more there are. */
const LAST_LINE_WEIGHT = 500;

/**
 * The App Home: the cards in their order, as many as fit, then how many more there are. A card is shown as its message is: code that
 * a message shows whole is never cut here, since Approve stands below it.
 */
export function renderHome(cards: readonly Card[]): HomeView {
  const blocks: KnownBlock[] = [];
  let room = SLACK_LIMITS.homeWeight - LAST_LINE_WEIGHT;
  let shown = 0;
  for (const card of cards) {
    const next = [
      ...(shown === 0 ? [] : [{ type: 'divider' } satisfies KnownBlock]),
      ...renderBlocks(calm(card), SLACK_LIMITS.totalWeight).blocks,
    ];
    room -= weigh(...next);
    if (room < 0 || blocks.length + next.length >= SLACK_LIMITS.blocksPerView) break;
    blocks.push(...next);
    shown += 1;
  }
  const missing = cards.length - shown;
  return { type: 'home', blocks: [...blocks, ...lastLine(cards.length, missing)] };
}

/** What happened so far is in the thread. */
function calm(card: Card): Card {
  return { ...card, timeline: [] };
}

function lastLine(all: number, missing: number): KnownBlock[] {
  if (all === 0) return [richText(paragraph([word('Nothing waits for you, and nothing of yours runs.')]))];
  if (missing === 0) return [];
  return [{ type: 'context', elements: [plain(`and ${figure(missing)} more`)] }];
}
