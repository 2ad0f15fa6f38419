import { AppError } from '../errors.ts';
import { newAgentId } from '../lib/ids.ts';
import { quote } from '../lib/quote.ts';
import type { RuntimeInfo } from '../sandboxes/sandbox.ts';
import { resolveImage } from './images.ts';
import { hostCapacity } from './info.ts';
import { resolveLimits, resolveTimeToLive } from './limits.ts';
import { chooseName, requireAgentName } from './names.ts';
import { requireDriver, type Room } from './room.ts';
import type { CreatePlan, CreateRequest } from './types.ts';

/** Resolves and validates a create; nothing is made. Throws what the port names. */
export async function planCreate(room: Room, request: CreateRequest): Promise<CreatePlan> {
  if (request.name !== undefined) requireAgentName(request.name);
  const runtime = await chooseRuntime(room, request);
  const policy = room.policy();
  const limits = resolveLimits(request.limits ?? {}, policy.limits, await hostCapacity(room.dataDir));
  if (limits.networkEnabled && runtime.capabilities.network === 'none') {
    throw new AppError(
      'NETWORK_UNAVAILABLE',
      `no --network on this host: ${runtime.networkReason ?? `${runtime.type} cannot give one`}`,
      { hint: networkHint(runtime) },
    );
  }
  const timeToLiveMs = resolveTimeToLive(request.timeToLiveMs, {
    timeToLiveMs: room.environment.AIRLOCK_TIME_TO_LIVE,
    maxMs: policy.limits.timeToLive,
  });
  const image = await resolveImage(room, requireDriver(room, runtime.type), request.image);
  const name =
    request.name ?? (await chooseName(async (free) => (await room.store.liveAgentByName(free)) !== null));
  return {
    agentId: newAgentId(),
    name,
    skillId: request.skill?.id ?? null,
    image: image.name,
    imageDigest: image.digest,
    sandboxType: runtime.type,
    limits,
    timeToLiveMs,
    warnings: limits.networkEnabled && runtime.networkWarning !== undefined ? [runtime.networkWarning] : [],
  };
}

/** The asked type, the skill's, the policy's default, or the first that is available. Never another than asked or needed. */
async function chooseRuntime(room: Room, { sandboxType: asked, skill }: CreateRequest): Promise<RuntimeInfo> {
  const needed = skill?.sandboxType;
  if (needed !== undefined && asked !== undefined && asked !== needed) {
    throw new AppError(
      'INVALID_INPUT',
      `skill ${quote(skill?.id ?? '')} needs a ${needed} sandbox, and ${quote(asked)} was asked for`,
      { hint: `leave --sandbox out, or write --sandbox ${needed}` },
    );
  }
  const wanted = asked ?? needed ?? room.policy().defaultSandbox;
  if (wanted !== undefined) {
    const driver = room.drivers.find((one) => one.type === wanted);
    const info = await driver?.detect();
    if (info?.available === true) return info;
    throw new AppError(
      'NO_RUNTIME',
      `sandbox runtime ${quote(wanted)} ${needed === undefined ? '' : `(which skill ${quote(skill?.id ?? '')} needs) `}is not available${because(info?.missing ?? [])}`,
      { hint: info?.howToGet[0] ?? `Use one of: ${room.drivers.map((one) => one.type).join(', ')}.` },
    );
  }
  const infos = await Promise.all(room.drivers.map((driver) => driver.detect()));
  const usable = infos.find((info) => info.available);
  if (usable !== undefined) return usable;
  throw new AppError('NO_RUNTIME', `no sandbox runtime${because(infos.flatMap((info) => info.missing))}`, {
    hint: 'Install gVisor (runsc) or Kata Containers; run `npm run airlock -- doctor`.',
  });
}

function networkHint({ type }: RuntimeInfo): string {
  const allow = type === 'gvisor' ? ', or have the operator set AIRLOCK_GVISOR_HOSTINET=allow' : '';
  return `leave --network out, install a current runtime${allow}; \`npm run airlock -- doctor\` says more`;
}

function because(reasons: readonly string[]): string {
  return reasons.length === 0 ? '' : `: ${reasons.join('; ')}`;
}
