import type { CommandShape } from '../model/command-shape.ts';
import { createCommandRegistry } from './registry.ts';
import type { CommandFacts } from './types.ts';

/** Every command of the registry as plain data, in the order help shows them. */
export function commandShapes(): readonly CommandShape[] {
  // What a command looks like depends on nothing that it would look at.
  return createCommandRegistry({ images: { list: async () => [] } }).commands.map(shapeOf);
}

function shapeOf({ name, summary, grammar, examples, opens, visibility }: CommandFacts): CommandShape {
  const { positionals, options, rest } = grammar;
  return { name, summary, positionals, options, rest, examples, opens, visibility };
}
