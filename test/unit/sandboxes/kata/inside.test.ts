import { expect, test } from 'vitest';
import { whyNoVirtualMachine } from '../../../../src/sandboxes/kata/inside.ts';
import { parseCgroup } from '../../../../src/sandboxes/process-cgroup.ts';

const HOST = { kernel: '6.18.44', kernelVersion: 'Linux version 6.18.44 (build@host) #1 SMP' };

test('a runtime with a kernel of its own is one', () => {
  const guest = { kernel: '6.12.8', kernelVersion: 'Linux version 6.12.8 (kata@build) #1' };
  expect(whyNoVirtualMachine(guest, HOST)).toBeNull();
});

test('a runtime that shows the kernel of the host is refused with the reason', () => {
  expect(whyNoVirtualMachine(HOST, HOST)).toContain('shows the kernel of this host (6.18.44)');
  expect(whyNoVirtualMachine({ ...HOST, kernel: 'made-up' }, HOST)).toContain('no virtual machine');
});

test('gVisor under another name is refused', () => {
  const gvisor = {
    kernel: '4.4.0',
    kernelVersion: 'Linux version 4.4.0 #1 SMP Sun Jan 10 15:06:54 PST 2016',
  };
  expect(whyNoVirtualMachine(gvisor, HOST)).toContain("gVisor's kernel");
});

test.each([
  ['9:name=systemd:/a\n5:cpu,cpuacct:/a/b\n4:memory:/a/c\n0::/\n', 'a/c'],
  ['0::/system.slice/docker-1.scope\n', 'system.slice/docker-1.scope'],
  ['0::/\n', null],
  ['', null],
])('finds the cgroup in %j', (text, found) => {
  expect(parseCgroup(text)).toBe(found);
});
