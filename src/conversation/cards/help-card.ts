import type { AnswerOf } from '../../commands/answers.ts';
import type { CommandFacts } from '../../commands/types.ts';
import { usage } from '../../commands/usage.ts';
import type { Card } from '../card.ts';
import { card, fields } from './blank.ts';

export function helpCard({ root, commands, topic }: AnswerOf<'help'>): Card {
  return topic === null ? overview(root, commands) : explained(root, topic);
}

function overview(root: string, commands: readonly CommandFacts[]): Card {
  return card('help', 'Airlock runs work in sandboxes and asks people before it is risky', {
    table: [
      ['Command', 'What it does'],
      ...commands.map((command) => [usage(command, root), command.summary]),
    ],
    text: [
      `An agent is named by name, id or unique prefix. ${root} help <command> explains one command.`,
      'What follows -- is passed to sh -c in the agent exactly as typed.',
    ],
  });
}

function explained(root: string, command: CommandFacts): Card {
  const { positionals, options, rest } = command.grammar;
  const words = [
    ...positionals.map(({ name, summary }) => [name, summary]),
    ...options.map(({ name, value, summary }) => [
      value === null ? `--${name}` : `--${name} ${value}`,
      summary,
    ]),
    ...(rest === null ? [] : [[rest.name, rest.summary]]),
  ];
  return card('help', `${root} ${command.name}`, {
    fields: fields(['Usage', usage(command, root)], ['For', `${command.role} and above`]),
    table: words.length === 0 ? null : [['Word', 'Meaning'], ...words],
    text: [command.summary, ...command.examples.map((example) => `${root} ${example}`)],
  });
}
