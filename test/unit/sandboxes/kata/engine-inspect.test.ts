import { describe, expect, it } from 'vitest';
import { containerdContainer } from '../../../../src/sandboxes/kata/engine-inspect.ts';
import { ENGINES } from '../../../../src/sandboxes/kata/engines.ts';

const ID = 'ab'.repeat(32);

describe('what nerdctl says of a container', () => {
  const seen = (process: object | null, resources: object | null) =>
    containerdContainer.parse([{ ID, Spec: { linux: { resources } }, Process: process, Labels: {} }])[0];
  const limits = {
    cpu: { quota: 150_000, period: 100_000, realtimeRuntime: 0 },
    memory: { limit: 67_108_864, swap: 67_108_864 },
  };

  it('gives the limits that were taken down, and nothing of a process before the start', () => {
    expect(seen(null, limits)).toEqual({
      engineId: ID,
      status: 'created',
      pid: 0,
      exitCode: 0,
      outOfMemory: false,
      cpuCores: 1.5,
      memoryBytes: 67_108_864,
    });
    expect(seen(null, null)).toMatchObject({ cpuCores: null, memoryBytes: null });
  });

  it.each([
    ['running', { status: 'running', pid: 42 }],
    ['paused', { status: 'paused', pid: 42 }],
    ['stopped', { status: 'exited', pid: 0, exitCode: 137 }],
  ])('tells %s, with no process after the end', (said, expected) => {
    const process = {
      Pid: 42,
      Status: { Status: said, ExitStatus: said === 'stopped' ? 137 : 0 },
      NetNS: null,
    };
    expect(seen(process, limits)).toMatchObject(expected);
  });
});

describe("nerdctl's events", () => {
  const parse = (topic: string, event: object) =>
    ENGINES.nerdctl.parseEvent({ Topic: topic, Event: JSON.stringify(event), Namespace: 'default' });

  it('tell the end of a container, and not that of a command in it', () => {
    expect(parse('/tasks/exit', { container_id: ID, id: ID, pid: 7, exit_status: 137 })).toEqual({
      kind: 'died',
      engineId: ID,
    });
    expect(parse('/tasks/exit', { container_id: ID, id: 'exec-1', pid: 8 })).toBeNull();
    expect(parse('/tasks/oom', { container_id: ID })).toEqual({ kind: 'out-of-memory', engineId: ID });
    expect(parse('/tasks/start', { container_id: ID, pid: 7 })).toBeNull();
  });
});
