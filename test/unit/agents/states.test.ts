import { describe, expect, it } from 'vitest';
import { AGENT_TRANSITIONS, mayMove, moveAgent, requireStatus } from '../../../src/agents/states.ts';
import { AGENT_STATUSES } from '../../../src/model/agent.ts';
import { createWorld } from './world.ts';

describe('the state machine of an agent', () => {
  it('allows exactly the moves of the design', () => {
    const moves = AGENT_STATUSES.flatMap((from) =>
      AGENT_STATUSES.filter((to) => mayMove(from, to)).map((to) => `${from}>${to}`),
    );

    expect(moves).toEqual([
      'PENDING>CREATING',
      'PENDING>STOPPED',
      'CREATING>RUNNING',
      'CREATING>STOPPING',
      'CREATING>ERROR',
      'RUNNING>PAUSED',
      'RUNNING>STOPPING',
      'RUNNING>STOPPED',
      'RUNNING>ERROR',
      'PAUSED>RUNNING',
      'PAUSED>STOPPING',
      'PAUSED>ERROR',
      'STOPPING>STOPPED',
      'STOPPING>ERROR',
      'ERROR>STOPPING',
    ]);
    expect(AGENT_TRANSITIONS.STOPPED).toEqual([]);
  });

  it('guards an operation with what the agent is and what it must be', () => {
    expect(() => requireStatus('exec', { name: 'box', status: 'RUNNING' })).not.toThrow();
    expect(() => requireStatus('resume', { name: 'box', status: 'STOPPED' })).toThrow(
      'cannot resume agent box: it is STOPPED, not PAUSED',
    );
  });

  it('moves no other incarnation than the one meant', async () => {
    await using world = await createWorld();
    const agent = await world.agent();
    const move = { to: 'ERROR' as const, reason: 'late result' };

    const stale = await world.store.transaction((tx) =>
      moveAgent(tx, agent.id, { ...move, containerId: 'older' }),
    );
    const present = await world.store.transaction((tx) =>
      moveAgent(tx, agent.id, { ...move, containerId: agent.containerId }),
    );

    expect(stale).toBeNull();
    expect(present?.status).toBe('ERROR');
    expect(await world.statuses(agent.id)).toEqual(['PENDING', 'CREATING', 'RUNNING', 'ERROR']);
  });

  it('makes no move the table does not have, and no event of it', async () => {
    await using world = await createWorld();
    const agent = await world.reserve();

    const moved = await world.store.transaction((tx) =>
      moveAgent(tx, agent.id, { to: 'RUNNING', reason: null }),
    );

    expect(moved).toBeNull();
    expect(await world.statuses(agent.id)).toEqual(['PENDING']);
  });
});
