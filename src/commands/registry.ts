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
import { pauseCommand, resumeCommand } from './pause.ts';
import { reloadCommand } from './reload.ts';
import { runtimesCommand } from './runtimes.ts';
import { statusCommand } from './status.ts';
import { stopAllCommand } from './stop-all.ts';
import { stopCommand } from './stop.ts';
import type { Command, CommandContext, CommandOutcome, RawArguments } from './types.ts';
import { approveCommand, denyCommand } from './vote.ts';

export type { Suggestion } from './complete.ts';
export type { ThreadAgent } from './grammar.ts';

export interface ParsedCommand {
  command: Command;
  raw: RawArguments;
}

export interface CommandRegistry {
  /** In the order help shows them. */
  readonly commands: readonly Command[];
  find(name: string): Command | null;
  /**
   * Reads what stands after the root command. In a mention, a registry word first is that command, else all of it is a command
   * line for the thread's agent. Throws UNKNOWN_COMMAND, UNKNOWN_OPTION or INVALID_INPUT.
   */
  parse(text: string, from?: { via: 'command' | 'mention'; threadAgent: ThreadAgent | null }): ParsedCommand;
  /** Checks the role and the rate of queries, parses the parameters and runs. */
  run(command: Command, raw: RawArguments, context: CommandContext): Promise<CommandOutcome>;
  /** At most 25, best first. */
  complete(input: CompletionInput): Promise<Suggestion[]>;
}

/** Every command, one line each: a new one is a file and a line here. */
export function createCommandRegistry(deps: CompletionDeps): CommandRegistry {
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
    approveCommand,
    denyCommand,
    cancelCommand,
    auditCommand,
    runtimesCommand,
    createHelpCommand(() => commands),
  ];
  const byName = new Map(commands.map((command) => [command.name, command]));
  const find = (name: string) => byName.get(name.toLowerCase()) ?? null;

  return {
    commands,
    find,
    parse(text, from = { via: 'command', threadAgent: null }) {
      const first = nextWord(text, 0);
      if (first === null) return { command: byNameOrThrow('help'), raw: {} };
      const threadAgent = from.via === 'mention' ? from.threadAgent : null;
      const command = find(first.text);
      if (command !== null) {
        const raw = parseArguments(command, text.slice(first.end), DEFAULT_ROOT, threadAgent);
        return { command, raw };
      }
      if (threadAgent === null) throw noCommand(first.text, from.via);
      return {
        command: execCommand,
        raw: parseArguments(execCommand, `${threadAgent.id} ${text}`, DEFAULT_ROOT),
      };
    },
    async run(command, raw, context) {
      if (command.effect === 'query') {
        requireRole(context.actor, command.role, command.name);
        context.orchestrator.countQuery(context.actor);
      }
      return command.run(raw, context);
    },
    complete: (input) => complete(commands, deps, input),
  };

  function byNameOrThrow(name: string): Command {
    const command = find(name);
    if (command === null) throw new AppError('INTERNAL', `the registry has no command ${name}`);
    return command;
  }

  function noCommand(word: string, via: 'command' | 'mention'): AppError {
    if (via === 'command') return unknownCommand(word, commands);
    return new AppError(
      'UNKNOWN_COMMAND',
      'this thread belongs to no agent, so a command line has nowhere to run',
      {
        hint: `write a command (${DEFAULT_ROOT} help lists them), or mention me in the thread of an agent`,
      },
    );
  }
}
