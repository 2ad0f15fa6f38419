/** Words that many commands begin with. */
import type { CompletionSource, Positional } from './types.ts';

/** The agent a command is about; completed by those in one of `statuses`. */
export function agentPositional(
  statuses: Extract<CompletionSource, { from: 'agents' }>['statuses'],
): Positional {
  return {
    name: 'agent',
    summary: 'Name, id or unique prefix',
    optional: false,
    completes: { from: 'agents', statuses },
  };
}

/** The action a command is about. */
export function actionPositional(from: 'approvals' | 'cancellable'): Positional {
  return {
    name: 'id',
    summary: 'The id on the card, or a unique prefix',
    optional: false,
    completes: { from },
  };
}
