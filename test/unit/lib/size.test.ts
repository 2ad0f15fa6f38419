import { expect, it } from 'vitest';
import { parseSizeMb } from '../../../src/lib/size.ts';

it.each([
  ['512m', 512],
  ['1g', 1024],
  ['1.5GiB', 1536],
  ['512', 512],
  ['2048k', 2],
  ['1t', 1_048_576],
  [' 64 MB ', 64],
  ['-5m', -5],
  ['0', 0],
  ['', null],
  ['m', null],
  ['1x', null],
  ['1e3m', null],
  ['NaN', null],
  ['9'.repeat(400), null],
])('reads %.20j as %j MiB', (text, size) => {
  expect(parseSizeMb(text)).toBe(size);
});
