import type { AgentManager, ImageChoice } from '../agents/types.ts';
import { type AgentInstance, isLive } from '../model/agent.ts';
import type { Actor } from '../model/principal.ts';
import { roleAtLeast } from '../model/principal.ts';
import type { Orchestrator } from '../orchestrator/types.ts';
import type { StoreReads } from '../store/store.ts';
import type { CommandFacts, CompletionSource } from './types.ts';

/** What platforms show at most (Discord's limit). */
const MAX_SUGGESTIONS = 25;

/** The first line of a command, cut for a list. */
const MAX_LABEL = 80;

export interface Suggestion {
  /** Replaces the last word. */
  value: string;
  label: string;
}

export interface CompletionDeps {
  /** As the agents room lists them. */
  images: { list(): Promise<readonly ImageChoice[]> };
  /** Default none. */
  skills?: readonly { id: string; summary: string }[];
}

export interface CompletionInput {
  /** What stands after the root command so far; a trailing space means that a new word begins. */
  text: string;
  actor: Actor;
  store: StoreReads;
  agents: Pick<AgentManager, 'info'>;
  orchestrator: Pick<Orchestrator, 'approvalsFor'>;
}

/** Suggestions for the last word: commands, then what the grammar says stands there. A stranger is offered help only. */
export async function complete(
  commands: readonly CommandFacts[],
  deps: CompletionDeps,
  input: CompletionInput,
): Promise<Suggestion[]> {
  const words = input.text.trimStart().split(/\s+/);
  const last = words.at(-1) ?? '';
  const allowed = commands.filter((command) => roleAtLeast(input.actor.role, command.role));
  if (words.length <= 1) {
    return best(
      allowed.map((command) => ({ value: command.name, label: command.summary })),
      last,
    );
  }
  const command = allowed.find((candidate) => candidate.name === words[0]?.toLowerCase());
  if (command === undefined) return [];
  const place = placeOf(command, words.slice(1, -1), last);
  if (place === null) return [];
  if (place === 'option') {
    const used = new Set(words.slice(1, -1));
    const options = command.grammar.options
      .map((option) => ({ value: `--${option.name}`, label: option.summary }))
      .filter((option) => !used.has(option.value));
    return best(options, last);
  }
  return best(await suggestionsFrom(place, allowed, deps, input), last);
}

/** What the last word is: an option's name, a word from a source, or nothing that can be completed. */
function placeOf(
  command: CommandFacts,
  before: readonly string[],
  last: string,
): CompletionSource | 'option' | null {
  const { positionals, options } = command.grammar;
  let filled = 0;
  let pending: CompletionSource | null | undefined;
  for (const word of before) {
    if (pending !== undefined) pending = undefined;
    else if (word === '--') return null;
    else if (word.startsWith('--')) {
      const option = options.find((candidate) => `--${candidate.name}` === word);
      if (option !== undefined && option.value !== null) pending = option.completes;
    } else if (filled < positionals.length) filled += 1;
    else return null;
  }
  if (pending !== undefined) return pending;
  if (last.startsWith('-')) return 'option';
  const positional = positionals[filled];
  if (positional !== undefined && positional.completes !== null) return positional.completes;
  return last === '' && options.length > 0 ? 'option' : null;
}

async function suggestionsFrom(
  source: CompletionSource,
  commands: readonly CommandFacts[],
  deps: CompletionDeps,
  input: CompletionInput,
): Promise<Suggestion[]> {
  switch (source.from) {
    case 'values':
      return source.values.map((value) => ({ value, label: value }));
    case 'commands':
      return commands.map((command) => ({ value: command.name, label: command.summary }));
    case 'images':
      return (await deps.images.list()).map(({ name, sandbox }) => ({
        value: name,
        label: sandbox === undefined ? name : `${name} (with --sandbox ${sandbox})`,
      }));
    case 'skills':
      return (deps.skills ?? []).map(({ id, summary }) => ({ value: id, label: `${id}: ${summary}` }));
    case 'sandboxes':
      return (await input.agents.info()).runtimes.map((runtime) => ({
        value: runtime.type,
        label: runtime.available
          ? `${runtime.type} ${runtime.version ?? ''}`.trim()
          : `${runtime.type} (not available)`,
      }));
    case 'agents':
      return agentSuggestions(await input.store.agents(agentFilter(source.statuses)), source.statuses);
    case 'approvals':
      return (await input.orchestrator.approvalsFor(input.actor))
        .filter((item) => item.mayVote)
        .map(({ action }) => actionSuggestion(action));
    case 'cancellable':
      return (
        await input.store.actions({
          statuses: ['PENDING', 'APPROVED', 'EXECUTING'],
          ...(input.actor.role === 'admin' ? {} : { requesterPerson: input.actor.personId }),
          limit: MAX_SUGGESTIONS * 2,
        })
      ).map(actionSuggestion);
  }
}

type AgentStatuses = Extract<CompletionSource, { from: 'agents' }>['statuses'];

function agentFilter(statuses: AgentStatuses) {
  if (statuses === 'any') return { limit: 200 };
  return statuses === 'live' ? { live: true } : { statuses };
}

/** Live agents first; an ended agent whose name is taken again is left to its id. */
function agentSuggestions(agents: readonly AgentInstance[], statuses: AgentStatuses): Suggestion[] {
  const fitting = statuses === 'any' ? agents : agents.filter(isLive);
  const byName = new Map<string, AgentInstance>();
  for (const agent of fitting.toSorted((a, b) => Number(isLive(b)) - Number(isLive(a)))) {
    if (!byName.has(agent.name)) byName.set(agent.name, agent);
  }
  return [...byName.values()].map((agent) => ({
    value: agent.name,
    label: `${agent.name} ${agent.status} ${agent.image}`,
  }));
}

function actionSuggestion(action: { id: string; kind: string; requesterName: string }): Suggestion {
  return { value: action.id, label: `${action.kind} by ${action.requesterName}`.slice(0, MAX_LABEL) };
}

function best(suggestions: readonly Suggestion[], typed: string): Suggestion[] {
  const start = typed.toLowerCase();
  return suggestions
    .filter((suggestion) => suggestion.value.toLowerCase().startsWith(start))
    .slice(0, MAX_SUGGESTIONS);
}
