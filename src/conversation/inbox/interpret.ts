import type { CommandRegistry } from '../../commands/registry.ts';
import type { CommandContext, CommandOutcome } from '../../commands/types.ts';
import { threadKey } from '../../model/thread.ts';
import type { CardRoom } from '../cards/action-card.ts';
import { interpretButton, type ButtonOutcome } from './buttons.ts';
import type { StoredRequest } from './stored-request.ts';

/** What a request wants, decided without changing anything. Throws AppError for what is not understood or not allowed. */
export async function interpret(
  commands: CommandRegistry,
  request: StoredRequest,
  context: CommandContext,
  room: CardRoom,
): Promise<CommandOutcome | ButtonOutcome> {
  if (request.kind !== 'command') return interpretButton(commands, request, context, room);
  const via = request.via ?? 'command';
  const { thread } = request;
  // A room is nobody's thread: agents whose thread was not opened share it.
  const inThread = via === 'mention' && thread.thread !== null;
  const threadAgent = inThread ? await context.store.agentByThread(threadKey(thread)) : null;
  const { command, raw } = commands.parse(request.text, { via, threadAgent, root: context.root });
  return commands.run(command, raw, context);
}
