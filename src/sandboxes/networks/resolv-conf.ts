import { readFile } from 'node:fs/promises';
import { REFUSED_DESTINATIONS } from './firewall.ts';
import { isInside } from './subnet.ts';

/** Where the host names only resolvers that a sandbox may not reach: Quad9 and Cloudflare, both public. */
export const DEFAULT_RESOLVERS = ['9.9.9.9', '1.1.1.1'] as const;
/** The second is where systemd-resolved keeps the real ones behind its local stub. */
const HOST_FILES = ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf'] as const;
/** The resolver library reads no more. */
const MAX_RESOLVERS = 3;

/** The resolv.conf of a sandbox with a network: the host's public IPv4 resolvers, else {@link DEFAULT_RESOLVERS}. */
export async function sandboxResolvConf(files: readonly string[] = HOST_FILES): Promise<string> {
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')));
  return resolvConfFrom(texts.join('\n'));
}

/** Search domains are left out: they tell about the host's network, and nothing in them could be reached. */
export function resolvConfFrom(hostText: string): string {
  const named = hostText.split('\n').flatMap((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? []);
  const usable = [...new Set(named)].filter(
    (server) => isInside(server, ['0.0.0.0/0']) && !isInside(server, REFUSED_DESTINATIONS),
  );
  const servers = usable.length > 0 ? usable.slice(0, MAX_RESOLVERS) : DEFAULT_RESOLVERS;
  return servers.map((server) => `nameserver ${server}\n`).join('');
}
