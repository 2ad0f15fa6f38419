import { expect, test } from 'vitest';
import { knownBadPairs } from '../../../../src/sandboxes/kata/known-bad.ts';

test.each([
  ['26.0.0', '3.28.0', true],
  ['28.2.2', '3.9.0', true],
  ['25.0.5', '3.28.0', false],
  ['28.2.2', '3.29.0', false],
  ['28.2.2', '4.0.0', false],
  ['unknown', '3.1.0', false],
])('Docker %s with Kata %s has no network: %s', (docker, kata, bad) => {
  const { network } = knownBadPairs({ docker, containerd: '1.7.2', kata });
  if (bad) expect(network).toContain('Kata 3.29 or newer');
  else expect(network).toBeNull();
});

test.each([
  ['1.6.20', '4.1.0', true],
  ['1.6.20', '4.0.0', false],
  ['1.7.0', '4.1.0', false],
  ['2.0.1', '4.2.0', false],
])('containerd %s with Kata %s is named: %s', (containerd, kata, bad) => {
  const { others } = knownBadPairs({ docker: null, containerd, kata });
  expect(others).toEqual(bad ? [`Kata ${kata} needs containerd 1.7 or newer; here is ${containerd}`] : []);
});

test('nothing is said of what is not known', () => {
  expect(knownBadPairs({ docker: null, containerd: null, kata: null })).toEqual({
    network: null,
    others: [],
  });
});
