import { requireRole } from '../../commands/access.ts';
import type { CommandRegistry } from '../../commands/registry.ts';
import type { CommandContext, CommandOutcome, RawArguments } from '../../commands/types.ts';
import { AppError } from '../../errors.ts';
import { quote } from '../../lib/quote.ts';
import type { ActionRecord } from '../../model/action.ts';
import { type AgentInstance, isLive } from '../../model/agent.ts';
import { checkTargetStatus } from '../../orchestrator/target.ts';
import type { Form } from '../card.ts';
import { type CardRoom, isCodeCut } from '../cards/action-card.ts';
import { approveForm, createForm, denyForm, runForm, stopForm } from '../cards/forms.ts';
import type { FormRequest } from '../channel.ts';
import type { StoredRequest } from './stored-request.ts';

/** A button may be answered with a form. */
export type ButtonOutcome = { type: 'form'; form: Form };

type Pressed = Exclude<StoredRequest, { kind: 'command' }>;

interface Press {
  commands: CommandRegistry;
  request: Pressed;
  /** What was filled in; null when the button was pressed and no form has been. */
  values: FormRequest['values'] | null;
  context: CommandContext;
  room: CardRoom;
}

/**
 * A button is a command whose words are on the card. A form carries the words that were missing; it is not even opened where it
 * would lead to nothing any more.
 */
export async function interpretButton(
  commands: CommandRegistry,
  request: Pressed,
  context: CommandContext,
  room: CardRoom,
): Promise<CommandOutcome | ButtonOutcome> {
  const { subject } = request;
  const values = request.kind === 'form' ? request.values : null;
  const press: Press = { commands, request, values, context, room };
  switch (request.button) {
    case 'pause':
    case 'resume':
    case 'logs':
    case 'extend':
      return run(press, request.button, { agent: subject });
    case 'cancel':
    case 'view':
      return run(press, request.button, { id: subject });
    case 'stop':
      return stop(press);
    case 'run':
      return runIn(press);
    case 'deny':
      return deny(press);
    case 'approve':
      return approve(press);
    case 'create':
      return create(press);
    case 'list':
      return run(press, 'list', { mine: true });
    case 'approvals':
    case 'help':
      return run(press, request.button, {});
  }
}

function run({ commands, context }: Press, name: string, raw: RawArguments): Promise<CommandOutcome> {
  const command = commands.find(name);
  if (command === null) throw new AppError('INTERNAL', `the registry has no command ${name}`);
  return commands.run(command, raw, context);
}

/** Where the platform could not ask whether it was meant, the form does. What has ended already needs no question. */
async function stop(press: Press): Promise<CommandOutcome | ButtonOutcome> {
  const { context, request } = press;
  if (request.kind === 'button' && request.sure === false) {
    requireRole(context.actor, 'operator', 'stop');
    const agent = await findAgent(context, request.subject);
    if (isLive(agent)) return { type: 'form', form: stopForm(agent.name) };
  }
  return run(press, 'stop', { agent: request.subject });
}

async function runIn(press: Press): Promise<CommandOutcome | ButtonOutcome> {
  const { context, request, values } = press;
  if (values !== null)
    return run(press, 'exec', { agent: request.subject, command: needed(values, 'command') });
  requireRole(context.actor, 'operator', 'run');
  const agent = await findAgent(context, request.subject);
  checkTargetStatus('agent.exec', agent);
  return { type: 'form', form: runForm(agent.name) };
}

async function create(press: Press): Promise<CommandOutcome | ButtonOutcome> {
  const { commands, context, values } = press;
  if (values === null) {
    requireRole(context.actor, 'operator', 'create');
    context.orchestrator.countQuery(context.actor);
    return { type: 'form', form: createForm(await commands.imageNames()) };
  }
  const name = (values.name ?? '').trim();
  const network = needed(values, 'network');
  if (network !== 'yes' && network !== 'no') {
    throw new AppError('INVALID_INPUT', `network is yes or no, not ${quote(network)}`, {
      hint: 'press Create again and choose one',
    });
  }
  return run(press, 'create', {
    ...(name === '' ? {} : { name }),
    image: needed(values, 'image'),
    ...(network === 'yes' ? { network: true } : {}),
  });
}

async function deny(press: Press): Promise<CommandOutcome | ButtonOutcome> {
  const { context, request, values } = press;
  const { subject } = request;
  if (values !== null) {
    const outcome = await run(press, 'deny', { id: subject, reason: needed(values, 'reason') });
    return seen(request.hash, outcome);
  }
  const action = await findAction(context, subject);
  await requireVoter(press, action, 'deny');
  return { type: 'form', form: denyForm(subject) };
}

/** CRITICAL takes the hash that was typed, never the one the button carries. */
async function approve(press: Press): Promise<CommandOutcome | ButtonOutcome> {
  const { context, request, values } = press;
  const action = await findAction(context, request.subject);
  const typed = action.approval?.verification === 'typed-hash';
  if (typed && values === null) {
    await requireVoter(press, action, 'approve');
    return { type: 'form', form: approveForm(action.id, action.payloadHash) };
  }
  const hash = typed ? (values?.hash ?? null) : request.hash;
  return run(press, 'approve', {
    id: action.id,
    ...(hash === null ? {} : { hash }),
    ...(values?.note === undefined ? {} : { note: values.note }),
  });
}

/** The vote checks it all again; here it spares the one who presses a form for nothing. */
async function requireVoter(
  { context, room }: Press,
  { id: actionId }: ActionRecord,
  decision: 'approve' | 'deny',
): Promise<void> {
  const mustRead = (asked: ActionRecord) => isCodeCut(asked, room.codeCharacters);
  await context.orchestrator.mayVote({ actionId, actor: context.actor, decision, mustRead });
}

async function findAction({ root, store }: CommandContext, id: string): Promise<ActionRecord> {
  const action = await store.action(id);
  if (action !== null) return action;
  throw new AppError('ACTION_NOT_FOUND', `there is no action ${quote(id)}`, {
    hint: `see what waits with ${root} approvals`,
  });
}

async function findAgent({ root, store }: CommandContext, id: string): Promise<AgentInstance> {
  const agent = await store.agent(id);
  if (agent !== null) return agent;
  throw new AppError('AGENT_NOT_FOUND', `there is no agent ${quote(id)}`, {
    hint: `see the agents with ${root} list`,
  });
}

function needed(values: FormRequest['values'], name: 'command' | 'reason' | 'image' | 'network'): string {
  const value = values[name] ?? '';
  if (value.trim() !== '') return value;
  throw new AppError('INVALID_INPUT', `the form came without ${name}`, {
    hint: `press the button again and fill in ${name}`,
  });
}

/** A vote pressed on a card is about what the card showed. */
function seen(hash: string | null, outcome: CommandOutcome): CommandOutcome {
  return outcome.type === 'vote' && outcome.hash === null ? { ...outcome, hash } : outcome;
}
