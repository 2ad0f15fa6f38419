import { requireOutputAccess, requireRole } from '../../commands/access.ts';
import type { CommandRegistry } from '../../commands/registry.ts';
import type { CommandContext, CommandOutcome, RawArguments } from '../../commands/types.ts';
import { AppError } from '../../errors.ts';
import { quote } from '../../lib/quote.ts';
import type { ActionRecord } from '../../model/action.ts';
import type { Form } from '../card.ts';
import type { FormRequest } from '../channel.ts';
import { approveForm, denyForm, runForm } from '../cards/forms.ts';
import type { StoredRequest } from './stored-request.ts';

/** A button may be answered with a form, or with the card of an action. */
export type ButtonOutcome = { type: 'form'; form: Form } | { type: 'view'; action: ActionRecord };

type Pressed = Exclude<StoredRequest, { kind: 'command' }>;

/** A button is a command whose words are on the card. A form carries the words that were missing. */
export async function interpretButton(
  commands: CommandRegistry,
  request: Pressed,
  context: CommandContext,
): Promise<CommandOutcome | ButtonOutcome> {
  const { subject } = request;
  const values = request.kind === 'form' ? request.values : null;
  const run = (name: string, raw: RawArguments) => {
    const command = commands.find(name);
    if (command === null) throw new AppError('INTERNAL', `the registry has no command ${name}`);
    return commands.run(command, raw, context);
  };
  switch (request.button) {
    case 'pause':
    case 'resume':
    case 'stop':
    case 'logs':
    case 'extend':
      return run(request.button, { agent: subject });
    case 'cancel':
      return run('cancel', { id: subject });
    case 'run':
      return values === null
        ? { type: 'form', form: runForm(await agentName(context, subject)) }
        : run('exec', { agent: subject, command: needed(values, 'command') });
    case 'deny':
      return values === null
        ? { type: 'form', form: denyForm(subject) }
        : seen(request.hash, await run('deny', { id: subject, reason: needed(values, 'reason') }));
    case 'approve':
      return approve(request, values, context, run);
    case 'view':
      return view(context, subject);
    case 'create':
    case 'list':
    case 'approvals':
    case 'help':
      return run(request.button, {});
  }
}

/** CRITICAL takes the hash that was typed, never the one the button carries. */
async function approve(
  request: Pressed,
  values: FormRequest['values'] | null,
  context: CommandContext,
  run: (name: string, raw: RawArguments) => Promise<CommandOutcome>,
): Promise<CommandOutcome | ButtonOutcome> {
  const action = await findAction(context, request.subject);
  const typed = action.approval?.verification === 'typed-hash';
  if (typed && values === null && action.status === 'PENDING') {
    return { type: 'form', form: approveForm(action.id, action.payloadHash) };
  }
  const hash = typed ? (values?.hash ?? null) : request.hash;
  return run('approve', {
    id: action.id,
    ...(hash === null ? {} : { hash }),
    ...(values?.note === undefined ? {} : { note: values.note }),
  });
}

/** The whole card of an action, for people who may see its output. */
async function view(context: CommandContext, subject: string): Promise<ButtonOutcome> {
  const { actor, thread, store, orchestrator } = context;
  requireRole(actor, 'viewer', 'view');
  orchestrator.countQuery(actor);
  const action = await findAction(context, subject);
  const agent = action.agentId === null ? null : await store.agent(action.agentId);
  if (agent !== null && action.requesterPerson !== actor.personId) requireOutputAccess(actor, thread, agent);
  return { type: 'view', action };
}

async function findAction({ store }: CommandContext, id: string): Promise<ActionRecord> {
  const action = await store.action(id);
  if (action !== null) return action;
  throw new AppError('ACTION_NOT_FOUND', `there is no action ${quote(id)}`, {
    hint: 'see what waits with /agent approvals',
  });
}

async function agentName({ store }: CommandContext, id: string): Promise<string> {
  const agent = await store.agent(id);
  if (agent !== null) return agent.name;
  throw new AppError('AGENT_NOT_FOUND', `there is no agent ${quote(id)}`, {
    hint: 'see the agents with /agent list',
  });
}

function needed(values: FormRequest['values'], name: 'command' | 'reason'): string {
  const value = values[name] ?? '';
  if (value.trim() !== '') return value;
  throw new AppError('INVALID_INPUT', `the form needs a ${name}`, {
    hint: `write the ${name} and send it again`,
  });
}

/** A vote pressed on a card is about what the card showed. */
function seen(hash: string | null, outcome: CommandOutcome): CommandOutcome {
  return outcome.type === 'vote' && outcome.hash === null ? { ...outcome, hash } : outcome;
}
