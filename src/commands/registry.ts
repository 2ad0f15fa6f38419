import { AppError } from '../errors.ts';
import { requireRole } from './access.ts';
import { approvalsCommand } from './approvals.ts';
import { auditCommand } from './audit.ts';
import { cancelCommand } from './cancel.ts';
import { type CompletionDeps, type CompletionInput, complete, type Suggestion } from './complete.ts';
import { createCommand } from './create.ts';
import { DEFAULT_ROOT } from './define.ts';
import { execCommand } from './exec.ts';
import { extendCommand } from './extend.ts';
import { nextWord, parseArguments, type ThreadAgent } from './grammar.ts';
import { createHelpCommand, unknownCommand } from './help.ts';
import { listCommand } from './list.ts';
import { logsCommand } from './logs.ts';
import { menuCommand } from './menu.ts';
import { pauseCommand, resumeCommand } from './pause.ts';
import { reloadCommand } from './reload.ts';
import { createRuntimesCommand } from './runtimes.ts';
import { statusCommand } from './status.ts';
import { stopAllCommand } from './stop-all.ts';
import { stopCommand } from './stop.ts';
import type { Command, CommandContext, CommandOutcome, RawArguments } from './types.ts';
import { viewCommand } from './view.ts';
import { approveCommand, denyCommand } from './vote.ts';

export type { Suggestion } from './complete.ts';
export type { ThreadAgent } from './grammar.ts';

export interface ParsedCommand {
  command: Command;
  raw: RawArguments;
}

/** Where a text was written. */
export interface ParseOrigin {
  via: 'command' | 'mention';
  /** The agent of its thread. */
  threadAgent: ThreadAgent | null;
  /** The root command there, for hints. Default `/agent`. */
  root?: string;
}

export interface RegistryDeps extends CompletionDeps {
  /** Names of the configured channels. */
  channels?: readonly string[];
}

export interface CommandRegistry {
  /** In the order help shows them. */
  readonly commands: readonly Command[];
  find(name: string): Command | null;
  /**
   * Reads what stands after the root command; nothing is the menu. In a mention, a registry word first is that command, else all of it is a command
   * line for the thread's agent. Throws UNKNOWN_COMMAND, UNKNOWN_OPTION or INVALID_INPUT.
   */
  parse(text: string, from?: ParseOrigin): ParsedCommand;
  /** Checks the role and the rate of queries, parses the parameters and runs. */
  run(command: Command, raw: RawArguments, context: CommandContext): Promise<CommandOutcome>;
  /** Names of the images that a create without a sandbox type can ask for, the default first. */
  imageNames(): Promise<string[]>;
  /** At most 25, best first. */
  complete(input: CompletionInput): Promise<Suggestion[]>;
}

/** Every command, one line each: a new one is a file and a line here. */
export function createCommandRegistry(deps: RegistryDeps): CommandRegistry {
  const commands: readonly Command[] = [
    createCommand,
    execCommand,
    listCommand,
    statusCommand,
    logsCommand,
    pauseCommand,
    resumeCommand,
    stopCommand,
    stopAllCommand,
    extendCommand,
    reloadCommand,
    approvalsCommand,
    viewCommand,
    approveCommand,
    denyCommand,
    cancelCommand,
    auditCommand,
    createRuntimesCommand(deps.channels ?? []),
    createHelpCommand(() => commands),
  ];
  const byName = new Map(commands.map((command) => [command.name, command]));
  const find = (name: string) => byName.get(name.toLowerCase()) ?? null;

  return {
    commands,
    find,
    parse(text, from = { via: 'command', threadAgent: null }) {
      const first = nextWord(text, 0);
      const root = from.root ?? DEFAULT_ROOT;
      if (first === null) return { command: menuCommand, raw: {} };
      const threadAgent = from.via === 'mention' ? from.threadAgent : null;
      const command = find(first.text);
      if (command !== null) {
        const raw = parseArguments(command, text.slice(first.end), root, threadAgent);
        return { command, raw };
      }
      if (threadAgent === null) throw noCommand(first.text, from.via, root);
      return {
        command: execCommand,
        raw: parseArguments(execCommand, `${threadAgent.id} ${text}`, root),
      };
    },
    async run(command, raw, context) {
      if (command.effect === 'query') {
        requireRole(context.actor, command.role, command.name);
        context.orchestrator.countQuery(context.actor);
      }
      return command.run(raw, context);
    },
    imageNames: async () =>
      (await deps.images.list()).flatMap(({ name, sandbox }) => (sandbox === undefined ? [name] : [])),
    complete: (input) => complete(commands, deps, input),
  };

  function noCommand(word: string, via: 'command' | 'mention', root: string): AppError {
    if (via === 'command') return unknownCommand(word, commands, root);
    return new AppError(
      'UNKNOWN_COMMAND',
      'this thread belongs to no agent, so a command line has nowhere to run',
      {
        hint: `write a command (${root} help lists them), or mention me in the thread of an agent`,
      },
    );
  }
}
