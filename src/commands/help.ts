import { z } from 'zod';
import { AppError } from '../errors.ts';
import { closest } from '../lib/edit-distance.ts';
import { quote } from '../lib/quote.ts';
import { defineCommand } from './define.ts';
import { word } from './params.ts';
import type { CommandFacts } from './types.ts';

/** Help describes the registry it stands in, itself included, so it is given the way to look at it. */
export function createHelpCommand(commands: () => readonly CommandFacts[]) {
  return defineCommand({
    name: 'help',
    summary: 'Explain the commands, or one of them',
    grammar: {
      positionals: [
        { name: 'command', summary: 'Which command', optional: true, completes: { from: 'commands' } },
      ],
      options: [],
      rest: null,
    },
    role: 'stranger',
    effect: 'query',
    opens: null,
    visibility: 'private',
    examples: ['help', 'help exec'],
    params: z.object({ command: word.optional() }),
    run({ command: asked }, { root }) {
      const all = commands();
      const topic =
        asked === undefined ? null : (all.find((command) => command.name === asked.toLowerCase()) ?? null);
      if (asked !== undefined && topic === null) throw unknownCommand(asked, all, root);
      return { type: 'answer', answer: { kind: 'help', root, commands: all, topic } };
    },
  });
}

/** UNKNOWN_COMMAND with "did you mean". */
export function unknownCommand(asked: string, commands: readonly CommandFacts[], root: string): AppError {
  const meant = closest(
    asked,
    commands.map((command) => command.name),
  );
  return new AppError('UNKNOWN_COMMAND', `there is no command ${quote(asked)}`, {
    hint: meant === null ? `${root} help lists them` : `did you mean ${root} ${meant}?`,
  });
}
