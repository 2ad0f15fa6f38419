import { expect, it } from 'vitest';
import { forwardingBlocked } from '../../../../src/sandboxes/networks/network.ts';

const DOCKER = `table ip filter {
	chain FORWARD {
		type filter hook forward priority filter; policy drop;
		counter packets 0 bytes 0 jump DOCKER-USER
	}
}`;

it('tells that another firewall forwards nothing, with the command that lets the sandboxes through', () => {
  expect(forwardingBlocked(DOCKER, 'kq3x9abc')).toContain('iptables -I FORWARD -i akq3x9abc+ -j ACCEPT');
});

it('is content when that firewall lets our interfaces through, or accepts by default', () => {
  expect(forwardingBlocked(`${DOCKER}\niifname "akq3x9abc*" counter accept`, 'kq3x9abc')).toBeNull();
  expect(forwardingBlocked(DOCKER.replace('policy drop', 'policy accept'), 'kq3x9abc')).toBeNull();
  expect(forwardingBlocked('', 'kq3x9abc')).toBeNull();
});
