import { z } from 'zod';
import type { CreatePlan } from '../agents/types.ts';
import { AppError } from '../errors.ts';
import { canonicalJson, sha256Hex } from '../lib/canonical-json.ts';
import type { ActionRecord } from '../model/action.ts';
import type { AgentInstance } from '../model/agent.ts';
import type { PrincipalId } from '../model/principal.ts';

const limits = z.strictObject({
  cpuCores: z.number(),
  memoryMb: z.number(),
  diskMb: z.number(),
  networkEnabled: z.boolean(),
  maxProcesses: z.number(),
});
const image = z.strictObject({ name: z.string(), digest: z.string() });
const base = { v: z.literal(1), requester: z.string().min(1) };
/** An agent as it stood when the action was asked for. */
const target = {
  ...base,
  agentId: z.string().min(1),
  containerId: z.string().nullable(),
  image,
  sandboxType: z.string(),
  limits,
  network: z.boolean(),
};
const untargeted = {
  ...base,
  agentId: z.null(),
  containerId: z.null(),
  image: z.null(),
  sandboxType: z.null(),
  limits: z.null(),
  network: z.literal(false),
};

const payloadSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    ...target,
    kind: z.literal('agent.create'),
    params: z.strictObject({ name: z.string(), skillId: z.string().nullable(), timeToLiveMs: z.number() }),
  }),
  z.strictObject({
    ...target,
    kind: z.literal('agent.exec'),
    params: z.strictObject({ command: z.string().min(1), timeoutMs: z.number().positive() }),
  }),
  z.strictObject({ ...target, kind: z.literal('agent.pause'), params: z.strictObject({}) }),
  z.strictObject({ ...target, kind: z.literal('agent.resume'), params: z.strictObject({}) }),
  z.strictObject({
    ...target,
    kind: z.literal('agent.stop'),
    params: z.strictObject({ force: z.boolean() }),
  }),
  z.strictObject({
    ...target,
    kind: z.literal('agent.extend'),
    params: z.strictObject({ timeToLiveMs: z.number().positive() }),
  }),
  z.strictObject({
    ...untargeted,
    kind: z.literal('agent.stop-all'),
    /** The agents by id; one that came later is not stopped. */
    params: z.strictObject({ agents: z.array(z.string()) }),
  }),
  z.strictObject({
    ...untargeted,
    kind: z.literal('config.reload'),
    /** The very file that is put in force. */
    params: z.strictObject({ path: z.string(), sha256: z.string().nullable() }),
  }),
]);

/**
 * What was asked, fixed: nothing is left to be resolved, and every default is filled in. Its canonical JSON is what is shown,
 * hashed, stored and executed.
 */
export type Payload = z.output<typeof payloadSchema>;

/** The bytes and their SHA-256. Throws TypeError on what JSON cannot say, which the input checks refuse first. */
export function sealPayload(payload: Payload): { payload: string; payloadHash: string } {
  const bytes = canonicalJson(payload);
  return { payload: bytes, payloadHash: sha256Hex(bytes) };
}

/** The stored payload, checked against its hash and the record. Throws RECHECK_FAILED: such an action never runs. */
export function openPayload(
  action: Pick<ActionRecord, 'id' | 'kind' | 'agentId' | 'requester' | 'payload' | 'payloadHash'>,
): Payload {
  if (sha256Hex(action.payload) !== action.payloadHash) {
    throw tampered(action.id, 'its stored text no longer has the hash people saw');
  }
  const parsed = payloadSchema.safeParse(parseJson(action.payload));
  if (!parsed.success) throw tampered(action.id, 'its stored text is no request Airlock writes');
  const payload = parsed.data;
  if (
    payload.kind !== action.kind ||
    payload.agentId !== action.agentId ||
    payload.requester !== action.requester
  ) {
    throw tampered(action.id, 'its stored text and its record name different things');
  }
  return payload;
}

/** The payload of a create, from the plan the agents room resolved. */
export function createPayload(requester: PrincipalId, plan: CreatePlan): Payload {
  return {
    v: 1,
    kind: 'agent.create',
    requester,
    agentId: plan.agentId,
    containerId: null,
    image: { name: plan.image, digest: plan.imageDigest },
    sandboxType: plan.sandboxType,
    limits: pickLimits(plan.limits),
    network: plan.limits.networkEnabled,
    params: { name: plan.name, skillId: plan.skillId, timeToLiveMs: plan.timeToLiveMs },
  };
}

/** What every payload with a target says of it. */
export function targetOf(requester: PrincipalId, agent: AgentInstance) {
  return {
    v: 1 as const,
    requester,
    agentId: agent.id,
    containerId: agent.containerId,
    image: { name: agent.image, digest: agent.imageDigest },
    sandboxType: agent.sandboxType,
    limits: pickLimits(agent.limits),
    network: agent.limits.networkEnabled,
  };
}

export function untargetedBase(requester: PrincipalId) {
  return {
    v: 1 as const,
    requester,
    agentId: null,
    containerId: null,
    image: null,
    sandboxType: null,
    limits: null,
    network: false as const,
  };
}

/** One line for the audit: what it does, not yet escaped. */
export function describePayload(payload: Payload): string {
  switch (payload.kind) {
    case 'agent.create':
      return `create ${payload.params.name}`;
    case 'agent.exec':
      return payload.params.command;
    case 'agent.stop':
      return payload.params.force ? 'stop by force' : 'stop';
    case 'agent.extend':
      return `extend by ${payload.params.timeToLiveMs} ms`;
    case 'agent.stop-all':
      return `stop ${payload.params.agents.length} agents`;
    case 'config.reload':
      return `reload ${payload.params.path}`;
    case 'agent.pause':
    case 'agent.resume':
      return payload.kind.slice('agent.'.length);
  }
}

function pickLimits({ cpuCores, memoryMb, diskMb, networkEnabled, maxProcesses }: z.output<typeof limits>) {
  return { cpuCores, memoryMb, diskMb, networkEnabled, maxProcesses };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function tampered(actionId: string, reason: string): AppError {
  return new AppError('RECHECK_FAILED', `refused to run action ${actionId}: ${reason}`, {
    hint: 'ask for it again and have the database looked at: `npm run airlock -- audit verify`',
  });
}
