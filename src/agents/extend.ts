import { AppError } from '../errors.ts';
import { formatDuration } from '../lib/format.ts';
import { requireFound, type Room } from './room.ts';
import { requireStatus } from './states.ts';
import { beginOperation } from './steps.ts';
import type { Steps } from './types.ts';

/** Longer ones are a mistake of typing; what policy allows without an approval is decided above. */
const MAX_EXTENSION_MS = 30 * 24 * 3_600_000;

/** The agent lives `timeToLiveMs` from now; a pending announcement is taken back. */
export async function extendAgent(
  room: Room,
  agentId: string,
  timeToLiveMs: number,
  steps: Steps,
): Promise<void> {
  const now = room.clock.now();
  await beginOperation(room, steps, {
    async guard(tx) {
      const agent = requireFound(await tx.agent(agentId), agentId);
      requireStatus('extend', agent);
      if (!(timeToLiveMs > 0 && timeToLiveMs <= MAX_EXTENSION_MS)) {
        throw new AppError(
          'INVALID_LIMIT',
          `cannot extend agent ${agent.name} by ${formatDuration(timeToLiveMs)}`,
          {
            hint: `Give a duration up to ${formatDuration(MAX_EXTENSION_MS)}, such as 8h.`,
          },
        );
      }
      return agent;
    },
    async write(tx, agent) {
      const expiresAt = now + Math.round(timeToLiveMs);
      await tx.updateAgent(
        agentId,
        { from: [agent.status], version: agent.version },
        { expiresAt, lastUsedAt: now, warnedAt: null },
      );
      await tx.appendEvent({ type: 'agent.changed', agentId, what: 'extended' });
      const message = `lives ${formatDuration(timeToLiveMs)} from now`;
      await steps.settle(tx, { ok: true, result: { message, evidence: { expiresAt } } });
    },
  });
}
