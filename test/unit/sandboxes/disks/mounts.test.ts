import { expect, it } from 'vitest';
import { mountsUnder, parseMountInfo } from '../../../../src/sandboxes/disks/mounts.ts';

it('reads mount points with blanks and optional fields', () => {
  const text = [
    '22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw',
    String.raw`90 22 7:3 / /var/lib/my\040data/a\134b rw,nosuid - ext4 /dev/loop3 rw`,
    '91 22 0:50 / /target rw master:2 propagate_from:1 - overlay overlay rw,lowerdir=/l',
    '',
  ].join('\n');
  expect(parseMountInfo(text)).toEqual([
    { mountPoint: '/', fileSystem: 'ext4', source: '/dev/vda', shared: true },
    { mountPoint: String.raw`/var/lib/my data/a\b`, fileSystem: 'ext4', source: '/dev/loop3', shared: false },
    { mountPoint: '/target', fileSystem: 'overlay', source: 'overlay', shared: false },
  ]);
});

it('counts a mount below a directory, not one whose name only starts alike', async () => {
  expect(await mountsUnder('/proc')).toContain('/proc');
  expect(await mountsUnder('/pro')).toEqual([]);
});
