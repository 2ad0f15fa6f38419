import { expect, test } from 'vitest';
import {
  CONTAINER_ID_PATTERN,
  newActionId,
  newAgentId,
  newContainerId,
  newExecId,
  randomId,
} from '../../../src/lib/ids.ts';

test.each([
  ['agents', newAgentId, 26],
  ['containers', newContainerId, 26],
  ['actions', newActionId, 12],
  ['executions', newExecId, 16],
])('ids of %s have a fixed length and begin with a letter', (_, create, length) => {
  for (let round = 0; round < 200; round += 1) {
    const id = create();
    expect(id).toHaveLength(length);
    expect(id).toMatch(/^[a-z][a-z0-9]+$/);
  }
});

test('an id handed to a runtime fits the pattern of such ids', () => {
  expect(newContainerId()).toMatch(CONTAINER_ID_PATTERN);
  expect('../../etc/passwd').not.toMatch(CONTAINER_ID_PATTERN);
  expect(`${newContainerId()}\n`).not.toMatch(CONTAINER_ID_PATTERN);
});

test('ids do not repeat, and use every character', () => {
  const ids = Array.from({ length: 2_000 }, () => randomId(12));
  expect(new Set(ids).size).toBe(ids.length);
  expect(new Set(ids.map((id) => id[0])).size).toBe(26);
  expect(new Set(ids.join('')).size).toBe(36);
});
