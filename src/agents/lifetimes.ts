import type { AgentInstance } from '../model/agent.ts';

/** Announced so long before; shorter lives are announced a quarter of their length before. */
const TIME_TO_LIVE_NOTICE_MS = 15 * 60_000;
const IDLE_NOTICE_MS = 5 * 60_000;
const NOTICE_SHARE = 4;

export interface ComingStop {
  reason: 'time-to-live' | 'idle';
  /** Epoch milliseconds. */
  warnAt: number;
  stopsAt: number;
}

export function timeToLiveNoticeMs(
  agent: Pick<AgentInstance, 'createdAt' | 'startedAt' | 'expiresAt'>,
): number {
  const life = agent.expiresAt - (agent.startedAt ?? agent.createdAt);
  return Math.min(TIME_TO_LIVE_NOTICE_MS, life / NOTICE_SHARE);
}

/** The present announcement is of the time-to-live, so using the agent does not take it back. */
export function warnedForTimeToLive(
  agent: Pick<AgentInstance, 'createdAt' | 'startedAt' | 'expiresAt' | 'warnedAt'>,
): boolean {
  return agent.warnedAt !== null && agent.warnedAt >= agent.expiresAt - timeToLiveNoticeMs(agent);
}

/** The stop that comes first. An agent with a running command is not idle; an idle stop is never earlier than its notice. */
export function comingStop(agent: AgentInstance, idleStopMs: number, busy: boolean): ComingStop {
  const expires: ComingStop = {
    reason: 'time-to-live',
    warnAt: agent.expiresAt - timeToLiveNoticeMs(agent),
    stopsAt: agent.expiresAt,
  };
  if (busy) return expires;
  const noticeMs = Math.min(IDLE_NOTICE_MS, idleStopMs / NOTICE_SHARE);
  const idleAt = agent.lastUsedAt + idleStopMs;
  const warnAt = idleAt - noticeMs;
  if (idleAt >= agent.expiresAt) return expires;
  const announcedAt = warnedForTimeToLive(agent) ? null : agent.warnedAt;
  return {
    reason: 'idle',
    warnAt,
    stopsAt: announcedAt === null ? idleAt : Math.max(idleAt, announcedAt + noticeMs),
  };
}
