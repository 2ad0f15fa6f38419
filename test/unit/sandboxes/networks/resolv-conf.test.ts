import { expect, it } from 'vitest';
import { resolvConfFrom, sandboxResolvConf } from '../../../../src/sandboxes/networks/resolv-conf.ts';

it('names the public resolvers of the host and nothing else of it', () => {
  const host =
    'search corp.example\noptions edns0\nnameserver 10.0.0.2\nnameserver 8.8.8.8\nnameserver 8.8.8.8\n';
  expect(resolvConfFrom(host)).toBe('nameserver 8.8.8.8\n');
});

it('takes the default where the host has only resolvers that a sandbox may not reach', () => {
  const host = '# local\nnameserver 127.0.0.53\nnameserver 192.168.1.1\nnameserver fe80::1%eth0\n';
  expect(resolvConfFrom(host)).toBe('nameserver 9.9.9.9\nnameserver 1.1.1.1\n');
});

it('takes the default where there is no file at all', async () => {
  expect(await sandboxResolvConf(['/nowhere/resolv.conf'])).toBe('nameserver 9.9.9.9\nnameserver 1.1.1.1\n');
});
