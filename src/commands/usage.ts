import type { CommandFacts } from './types.ts';

/** `/agent exec <agent> [--timeout 30s] -- <command…>`. */
export function usage(command: CommandFacts, root: string): string {
  const { positionals, options, rest } = command.grammar;
  const words = [root, command.name];
  for (const positional of positionals) {
    words.push(positional.optional ? `[${positional.name}]` : `<${positional.name}>`);
  }
  for (const option of options) {
    words.push(option.value === null ? `[--${option.name}]` : `[--${option.name} ${option.value}]`);
  }
  if (rest !== null) {
    if (rest.kind === 'command-line') words.push('--');
    const name = rest.kind === 'command-line' ? `${rest.name}…` : rest.name;
    words.push(rest.optional ? `[${name}]` : `<${name}>`);
  }
  return words.join(' ');
}

/** The usage line with an example, for hints. */
export function usageHint(command: CommandFacts, root: string): string {
  const example = command.examples[0];
  const line = `usage: ${usage(command, root)}`;
  return example === undefined ? line : `${line} — for example ${root} ${example}`;
}
