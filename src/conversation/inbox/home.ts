import type { AgentManager } from '../../agents/types.ts';
import { AppError, toAppError } from '../../errors.ts';
import { count, formatTime } from '../../lib/format.ts';
import type { Logger } from '../../lib/logger.ts';
import type { ActionRecord } from '../../model/action.ts';
import { type Actor, roleAtLeast } from '../../model/principal.ts';
import type { People } from '../../orchestrator/people.ts';
import type { Orchestrator } from '../../orchestrator/types.ts';
import type { StoreReads } from '../../store/store.ts';
import type { Card } from '../card.ts';
import type { CardRoom } from '../cards/action-card.ts';
import { agentCard } from '../cards/agent-card.ts';
import { card } from '../cards/blank.ts';
import { menuCard } from '../cards/menu-card.ts';
import { errorCard } from '../cards/notice-card.ts';
import { kindInWords } from '../cards/words.ts';
import type { HomeRequest } from '../channel.ts';
import { renderAction } from '../deliveries/render.ts';

/** Of each kind; a page holds about a hundred parts, and a card is several. */
export const MAX_HOME_CARDS = 10;

export interface HomeDeps {
  store: StoreReads;
  orchestrator: Pick<Orchestrator, 'approvalsFor' | 'countQuery' | 'liveOutput'>;
  agents: Pick<AgentManager, 'keptOutput'>;
  people: Pick<People, 'resolve'>;
  log: Logger;
  /** By the name of the channel. */
  room: (channel: string) => CardRoom;
  rootOf: (channel: string) => string;
}

/** The cards of one person's own page. Never throws: what is wrong is a card too. */
export async function homeCards(deps: HomeDeps, request: HomeRequest): Promise<Card[]> {
  const channel = request.principal.slice(0, request.principal.indexOf(':'));
  const root = deps.rootOf(channel);
  try {
    const actor = deps.people.resolve(request);
    const menu = menuCard({ kind: 'menu', root, role: actor.role });
    if (request.refresh !== true) deps.orchestrator.countQuery(actor);
    if (actor.role === 'stranger') return [menu];
    const [approvals, agents, team, requests] = await Promise.all([
      approvalCards(deps, actor, deps.room(channel), root),
      agentCards(deps, actor, root),
      teamCards(deps, actor, root),
      requestCards(deps, actor),
    ]);
    return [...approvals, ...agents, ...team, ...requests, menu];
  } catch (thrown) {
    const error = toAppError(thrown);
    if (error.code !== 'INTERNAL') return [errorCard(error, root)];
    deps.log.error({ err: error.cause ?? error }, 'a home page could not be made');
    const hint = 'open it again in a moment';
    return [errorCard(new AppError('INTERNAL', 'this page could not be made', { hint }), root)];
  }
}

/** What waits for this person's vote, what lapses first first, each with its buttons. */
async function approvalCards(deps: HomeDeps, actor: Actor, room: CardRoom, root: string): Promise<Card[]> {
  const waiting = (await deps.orchestrator.approvalsFor(actor))
    .filter((item) => item.mayVote)
    .map((item) => item.action)
    .toSorted((a, b) => lapses(a) - lapses(b) || a.createdAt - b.createdAt);
  const cards = await Promise.all(
    waiting.slice(0, MAX_HOME_CARDS).map((action) => renderAction(deps, action, room)),
  );
  return [...cards, ...more(waiting.length, 'wait for you', `${root} approvals`)];
}

function lapses(action: ActionRecord): number {
  return action.expiresAt ?? Number.POSITIVE_INFINITY;
}

/** Without their history: the page says what is now. */
async function agentCards({ store }: HomeDeps, actor: Actor, root: string): Promise<Card[]> {
  const agents = await store.agents({ live: true, ownerPerson: actor.personId });
  const cards = agents.slice(0, MAX_HOME_CARDS).map((agent): Card => {
    const whole = agentCard({ agent, history: [] });
    return { ...whole, fields: whole.fields.filter(({ label }) => COMPACT.has(label)) };
  });
  return [...cards, ...more(agents.length, 'are yours', `${root} list --mine`)];
}

const COMPACT: ReadonlySet<string> = new Set(['Image', 'Stops at', 'Ended']);

/** How much runs in all, for those who answer for it; everybody else finds their own. */
async function teamCards({ store }: HomeDeps, actor: Actor, root: string): Promise<Card[]> {
  if (!roleAtLeast(actor.role, 'approver')) return [];
  const live = (await store.agents({ live: true })).length;
  if (live === 0) return [];
  return [
    card('list', `The team has ${count(live, 'live agent')}`, { text: [`${root} list shows all of them`] }),
  ];
}

/** What was asked and what became of it; never its output. */
async function requestCards({ store }: HomeDeps, actor: Actor): Promise<Card[]> {
  const actions = await store.actions({ requesterPerson: actor.personId, limit: MAX_HOME_CARDS });
  if (actions.length === 0) return [];
  const names = await Promise.all(
    actions.map(async ({ agentId }) =>
      agentId === null ? null : ((await store.agent(agentId))?.name ?? null),
    ),
  );
  return [
    card('list', 'Your last requests', {
      table: [
        ['Id', 'What', 'Status', 'When'],
        ...actions.map((action, index) => [
          action.id,
          [kindInWords(action.kind), names[index] ?? ''].join(' ').trim(),
          action.status,
          formatTime(action.createdAt),
        ]),
      ],
    }),
  ];
}

function more(all: number, what: string, command: string): Card[] {
  const left = all - MAX_HOME_CARDS;
  return left > 0 ? [card('list', `and ${left} more ${what}`, { text: [`${command} shows them all`] })] : [];
}
