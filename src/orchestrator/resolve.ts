import { AppError } from '../errors.ts';
import { count } from '../lib/format.ts';
import { closest } from '../lib/edit-distance.ts';
import { quote } from '../lib/quote.ts';
import { ROOT_WORD } from '../lib/root-word.ts';
import type { ActionRecord } from '../model/action.ts';
import { type AgentInstance, isLive } from '../model/agent.ts';
import type { StoreReads } from '../store/store.ts';

type AgentReads = Pick<StoreReads, 'agent' | 'agents' | 'agentsByIdPrefix' | 'liveAgentByName'>;
type ActionReads = Pick<StoreReads, 'action' | 'actionsByIdPrefix'>;

/** Names and ids are made of these; anything else cannot be one and is not looked up. */
const WORD = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/**
 * The agent of an id, a name or a unique prefix of one. What is written whole is never taken for a prefix, and no name hides an
 * id: cards name their agent by it. Live agents go before those that have ended, of which the newest has its name. Throws
 * AGENT_NOT_FOUND with what may have been meant, AGENT_AMBIGUOUS with the candidates.
 */
export async function resolveAgent(reads: AgentReads, text: string): Promise<AgentInstance> {
  const word = text.trim();
  if (!WORD.test(word)) throw agentNotFound(text, []);
  const exact = (await reads.agent(word)) ?? (await reads.liveAgentByName(word));
  if (exact !== null) return exact;
  const endedOfName = (await reads.agents()).find((agent) => agent.name === word);
  if (endedOfName !== undefined) return endedOfName;

  const live = await reads.agents({ live: true });
  const byId = await reads.agentsByIdPrefix(word);
  const candidates = unique([...live.filter((agent) => agent.name.startsWith(word)), ...byId.filter(isLive)]);
  const first = candidates[0];
  if (first !== undefined && candidates.length === 1) return first;
  if (candidates.length > 1) throw ambiguous(word, candidates);

  const [endedById, ...others] = byId;
  if (endedById === undefined) throw agentNotFound(text, live);
  if (others.length > 0) throw ambiguous(word, byId);
  return endedById;
}

/** A letter that slips in must not decide about something nobody looked at. */
const MIN_ACTION_PREFIX = 4;

/**
 * The action of an id or a unique prefix of four characters or more. Throws ACTION_NOT_FOUND, INVALID_INPUT when it is
 * shorter or several begin so.
 */
export async function resolveAction(reads: ActionReads, text: string): Promise<ActionRecord> {
  const word = text.trim();
  if (WORD.test(word)) {
    const exact = await reads.action(word);
    if (exact !== null) return exact;
    if (word.length < MIN_ACTION_PREFIX) {
      throw new AppError('INVALID_INPUT', `${quote(word)} is too short for an action's id`, {
        hint: `write at least ${MIN_ACTION_PREFIX} characters of it; ${ROOT_WORD} approvals shows them`,
      });
    }
    const [first, ...others] = await reads.actionsByIdPrefix(word);
    if (first !== undefined && others.length === 0) return first;
    if (first !== undefined) {
      const ids = [first, ...others].map((action) => action.id);
      throw new AppError('INVALID_INPUT', `${quote(word)} begins several actions: ${ids.join(', ')}`, {
        hint: 'write more of the id',
      });
    }
  }
  throw new AppError('ACTION_NOT_FOUND', `there is no action ${quote(text)}`, {
    hint: `see what waits with ${ROOT_WORD} approvals`,
  });
}

function unique(agents: readonly AgentInstance[]): AgentInstance[] {
  return [...new Map(agents.map((agent) => [agent.id, agent])).values()];
}

function ambiguous(word: string, candidates: readonly AgentInstance[]): AppError {
  const names = candidates.slice(0, 10).map((agent) => `${agent.name} (${agent.id.slice(0, 8)})`);
  return new AppError(
    'AGENT_AMBIGUOUS',
    `${quote(word)} may be ${count(candidates.length, 'agent')}: ${names.join(', ')}`,
    { hint: 'write the whole name or more of the id' },
  );
}

function agentNotFound(text: string, live: readonly AgentInstance[]): AppError {
  const near = closest(
    text.trim(),
    live.map((agent) => agent.name),
  );
  return new AppError('AGENT_NOT_FOUND', `there is no agent ${quote(text)}`, {
    hint:
      near === null
        ? `${ROOT_WORD} list shows the live ones, ${ROOT_WORD} list --all the ended ones too`
        : `did you mean ${near}?`,
  });
}
