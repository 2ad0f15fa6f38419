import type { CreatePlan, CreateRequest } from '../agents/types.ts';
import type { PolicyFile } from '../config/schema.ts';
import { AppError } from '../errors.ts';
import { ROOT_WORD } from '../lib/root-word.ts';
import type { AgentInstance } from '../model/agent.ts';
import type { Actor } from '../model/principal.ts';
import type { OrchestratorContext } from './context.ts';
import { createPayload, type Payload, targetOf, untargetedBase } from './payload.ts';
import type { People } from './people.ts';
import type { Classification } from './policy.ts';
import { isSamePerson } from './remembered.ts';
import { resolveAgent } from './resolve.ts';
import { checkTargetStatus } from './target.ts';
import type { ActionDraft, CreateDraft } from './types.ts';

/** A draft with everything resolved. */
export interface Prepared {
  payload: Payload;
  /** Set for a create. */
  plan: CreatePlan | null;
  agent: AgentInstance | null;
}

/** All agents an installation can have live at once. */
const ALL_AGENTS = 10_000;

/** Resolves names, plans, fills in defaults and checks the target. No side effects. */
export async function prepareDraft(
  ctx: OrchestratorContext,
  draft: ActionDraft,
  actor: Actor,
): Promise<Prepared> {
  switch (draft.kind) {
    case 'agent.create': {
      const plan = await ctx.agents.plan(createRequest(ctx, draft.params));
      return { payload: createPayload(actor.principal, plan), plan, agent: null };
    }
    case 'agent.stop-all': {
      const agents = await ctx.store.agents({ live: true, limit: ALL_AGENTS });
      if (agents.length !== draft.params.confirm) throw wrongCount(agents.length, draft.params.confirm);
      const ids = agents.map((agent) => agent.id).toSorted();
      return untargeted({
        ...untargetedBase(actor.principal),
        kind: draft.kind,
        params: { agents: ids },
      });
    }
    case 'config.reload': {
      const { path, sha256 } = await ctx.policy.preview();
      return untargeted({
        ...untargetedBase(actor.principal),
        kind: draft.kind,
        params: { path, sha256 },
      });
    }
    case 'agent.exec':
    case 'agent.pause':
    case 'agent.resume':
    case 'agent.stop':
    case 'agent.extend': {
      const agent = await resolveAgent(ctx.store, draft.params.agent);
      checkTargetStatus(draft.kind, agent);
      return { payload: targetedPayload(ctx, draft, actor, agent), plan: null, agent };
    }
  }
}

function createRequest({ skills }: OrchestratorContext, { skill: id, ...rest }: CreateDraft): CreateRequest {
  return id === undefined ? rest : { ...rest, skill: { id, ...skills.require(id).requires } };
}

/** The level by the rules in force now; used at submit and again before execution. */
export function classifyNow(
  ctx: OrchestratorContext,
  payload: Payload,
  actor: Actor,
  agent: AgentInstance | null,
): Classification {
  const policy = ctx.policy.current();
  return ctx.classify(policy, {
    payload,
    actor,
    own: agent === null || payload.kind === 'agent.create' || ownsAgent(ctx.people, actor, agent),
    beyondTimeToLive: livesTooLong(payload, agent, policy, ctx.clock.now()),
  });
}

export function ownsAgent(
  people: Pick<People, 'personOf'>,
  actor: Pick<Actor, 'principal' | 'personId'>,
  agent: Pick<AgentInstance, 'owner' | 'ownerPerson'>,
): boolean {
  return isSamePerson(people, actor, { principal: agent.owner, personId: agent.ownerPerson });
}

function untargeted(payload: Payload): Prepared {
  return { payload, plan: null, agent: null };
}

type TargetedDraft = Extract<ActionDraft, { params: { agent: string } }>;

function targetedPayload(
  ctx: OrchestratorContext,
  draft: TargetedDraft,
  actor: Actor,
  agent: AgentInstance,
): Payload {
  const target = targetOf(actor.principal, agent);
  switch (draft.kind) {
    case 'agent.exec': {
      const timeoutMs = draft.params.timeoutMs ?? ctx.environment.AIRLOCK_EXEC_TIMEOUT;
      return { ...target, kind: draft.kind, params: { command: draft.params.command, timeoutMs } };
    }
    case 'agent.stop':
      return { ...target, kind: draft.kind, params: { force: draft.params.force ?? false } };
    case 'agent.extend': {
      const timeToLiveMs = draft.params.timeToLiveMs ?? ctx.environment.AIRLOCK_TIME_TO_LIVE;
      return { ...target, kind: draft.kind, params: { timeToLiveMs } };
    }
    case 'agent.pause':
    case 'agent.resume':
      return { ...target, kind: draft.kind, params: {} };
  }
}

/** An extension counts from now, the allowance from the creation of the agent. */
function livesTooLong(
  payload: Payload,
  agent: AgentInstance | null,
  policy: PolicyFile,
  now: number,
): boolean {
  if (payload.kind !== 'agent.extend' || agent === null) return false;
  return now + payload.params.timeToLiveMs > agent.createdAt + policy.limits.timeToLive;
}

function wrongCount(live: number, confirm: number): AppError {
  return new AppError('INVALID_INPUT', `refused stop-all ${confirm}: the number of live agents is ${live}`, {
    hint: `look at the list, then type: ${ROOT_WORD} stop-all ${live}`,
  });
}
