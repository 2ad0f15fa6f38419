import { z } from 'zod';
import { AppError } from '../../errors.ts';
import { run, runError, type RunResult } from '../../lib/run.ts';

/** `ip`, `nft` and sysctl of the namespace that plays the host. Knows flags and output; the order is network.ts's. */
export interface HostNetwork {
  /** All commands in one process; throws with what `ip` said. */
  ip(commands: readonly string[]): Promise<void>;
  ipIn(namespace: string, commands: readonly string[]): Promise<void>;
  addNamespace(name: string): Promise<void>;
  deleteNamespace(name: string): Promise<void>;
  nft(ruleset: string): Promise<void>;
  /** The whole ruleset of all tables as text; empty when nft cannot be asked. */
  ruleset(): Promise<string>;
  tables(): Promise<string[]>;
  interfaces(): Promise<string[]>;
  namespaces(): Promise<string[]>;
  /** Destinations of all routes and all own addresses. */
  destinations(): Promise<string[]>;
  /** The device of the default route and its MTU; null without one. */
  uplink(): Promise<{ device: string; mtu: number } | null>;
  sysctl(name: string): Promise<string>;
  setSysctl(name: string, value: string, namespace?: string): Promise<void>;
}

const TIMEOUT_MS = 10_000;

const links = z.array(z.object({ ifname: z.string(), mtu: z.number() }));
const routes = z.array(z.object({ dst: z.string(), dev: z.string().optional() }));
const namespaceList = z.array(z.object({ name: z.string() }));
const tableList = z.object({
  nftables: z.array(z.object({ table: z.object({ name: z.string() }).optional() })),
});

/** `namespace`: a named network namespace that plays the host, for tests; default the one this process is in. */
export function createHostNetwork(namespace?: string): HostNetwork {
  const inHost = namespace === undefined ? [] : ['-n', namespace];

  const call = async (file: string, args: readonly string[], input?: string): Promise<RunResult> => {
    const result = await run({
      file,
      args,
      timeoutMs: TIMEOUT_MS,
      ...(input === undefined ? {} : { input }),
    });
    if (result.exitCode !== 0) throw callError(result);
    return result;
  };
  const ip = (args: readonly string[]) => call('ip', [...inHost, ...args]);
  /** nft and /proc/sys follow the namespace of the process itself. */
  const inNamespace = (name: string | undefined, command: readonly [string, ...string[]], input?: string) => {
    const [file, ...args] =
      name === undefined ? command : (['ip', 'netns', 'exec', name, ...command] as const);
    return call(file, args, input);
  };
  const linkList = async () => links.parse(jsonOf(await ip(['-j', 'link', 'show'])));

  return {
    async ip(commands) {
      await call('ip', [...inHost, '-batch', '-'], `${commands.join('\n')}\n`);
    },
    async ipIn(name, commands) {
      await call('ip', ['-n', name, '-batch', '-'], `${commands.join('\n')}\n`);
    },
    // Never with `-n`: that leaves the mount namespace too, and the name would be made where nobody sees it.
    async addNamespace(name) {
      await call('ip', ['netns', 'add', name]);
    },
    async deleteNamespace(name) {
      await call('ip', ['netns', 'delete', name]);
    },
    async nft(ruleset) {
      await inNamespace(namespace, ['nft', '-f', '-'], ruleset);
    },
    async ruleset() {
      return (await inNamespace(namespace, ['nft', 'list', 'ruleset'])).stdout;
    },
    async tables() {
      const listed = tableList.parse(jsonOf(await inNamespace(namespace, ['nft', '-j', 'list', 'tables'])));
      return listed.nftables.flatMap((entry) => entry.table?.name ?? []);
    },
    async interfaces() {
      return (await linkList()).map((link) => link.ifname);
    },
    async namespaces() {
      return namespaceList
        .parse(jsonOf(await call('ip', ['-j', 'netns', 'list'])))
        .map((entry) => entry.name);
    },
    async destinations() {
      const all = routes.parse(jsonOf(await ip(['-4', '-j', 'route', 'show', 'table', 'all'])));
      return all.map((route) => route.dst);
    },
    async uplink() {
      const defaults = routes.parse(jsonOf(await ip(['-4', '-j', 'route', 'show', 'default'])));
      const device = defaults.find((route) => route.dev !== undefined)?.dev;
      const link = (await linkList()).find((candidate) => candidate.ifname === device);
      return link === undefined ? null : { device: link.ifname, mtu: link.mtu };
    },
    async sysctl(name) {
      return (await inNamespace(namespace, ['cat', procFile(name)])).stdout.trim();
    },
    async setSysctl(name, value, target = namespace) {
      await inNamespace(target, ['tee', procFile(name)], value);
    },
  };
}

function procFile(sysctl: string): string {
  return `/proc/sys/${sysctl}`;
}

/** `ip -j` prints nothing at all for an empty list. */
function jsonOf(result: RunResult): unknown {
  return result.stdout.trim() === '' ? [] : JSON.parse(result.stdout);
}

function callError(result: RunResult): AppError {
  const missing = result.notStarted ? result.command.split(' ')[0] : undefined;
  const said = result.stderr
    .split('\n')
    .find((line) => line.trim() !== '')
    ?.slice(0, 200);
  return new AppError(
    'NETWORK_UNAVAILABLE',
    missing === undefined
      ? `cannot set up the sandbox's network: ${said ?? runError(result).message}`
      : `cannot set up the sandbox's network: ${missing} is not on this host`,
    {
      hint:
        missing === undefined
          ? 'run `npm run airlock -- doctor`: it shows what the network needs'
          : 'install it: sudo apt-get install -y iproute2 nftables',
      context: { command: result.command, stderr: result.stderr.slice(0, 2000) },
    },
  );
}
