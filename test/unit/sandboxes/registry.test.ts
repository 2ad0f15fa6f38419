import { expect, it } from 'vitest';
import { driverRegistry } from '../../../src/sandboxes/registry.ts';

it('gVisor is preferred to Kata, and there is no other sandbox', () => {
  expect(driverRegistry.map(({ type }) => type)).toEqual(['gvisor', 'kata']);
});
