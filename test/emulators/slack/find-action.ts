/** Buttons that a person can press. */
import { asList, isJson } from './json.ts';
import type { Json } from './types.ts';

/** The button with that action id; throws where there is none, as nobody can press it. */
export function findAction(
  blocks: readonly Json[],
  actionId: string,
  index = 0,
): { block: Json; element: Json } {
  const all = blocks.flatMap((block) => {
    const own = block['type'] === 'actions' ? asList(block['elements']) : [];
    const beside = isJson(block['accessory']) ? [block['accessory']] : [];
    return [...own, ...beside].map((element) => ({ block, element }));
  });
  const matching = all.filter(({ element }) => element['action_id'] === actionId);
  const found = matching[index];
  if (found !== undefined) return found;
  const there = all.map(({ element }) => String(element['action_id'])).join(', ');
  throw new Error(`there is no button ${actionId} (${index}); there are: ${there || 'none'}`);
}
