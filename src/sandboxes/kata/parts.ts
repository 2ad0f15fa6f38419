import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import type { EngineClient } from './engine-cli.ts';
import type { EngineImages } from './images.ts';
import type { EngineNetworks } from './networks.ts';
import type { KataPaths } from './paths.ts';

/** For what must work without an engine too: removing and listing. */
export interface HostParts {
  paths: KataPaths;
  names: KataNames;
  /** Null where there is no engine (any more). */
  client: EngineClient | null;
  networks: EngineNetworks | null;
  log: Logger;
}

/** For everything that runs. */
export interface LiveParts extends HostParts {
  client: EngineClient;
  networks: EngineNetworks;
  images: EngineImages;
  /** The engine's name of the runtime. */
  runtime: string;
  /** Shown to be a virtual machine; false only for a runtime that a test has put there. */
  proven: boolean;
  /** The directory with busybox and tini. */
  toolbox: string;
  /** Limits that may be missing, by name. */
  allowUnenforced: readonly string[];
  clock: Clock;
}

/** Names in the engine; those of another installation on this host are others. */
export interface KataNames {
  container(containerId: string): string;
  /** The containerId in a name of this installation; null for any other. */
  containerId(name: string): string | null;
  /** `name=value` that marks everything of this installation. */
  label: string;
  labels(containerId: string, agentId: string): Record<string, string>;
}

export function kataNames(installationId: string, nodeId: string): KataNames {
  const prefix = `airlock-${installationId}-`;
  return {
    container: (containerId) => `${prefix}${containerId}`,
    containerId: (name) => (name.startsWith(prefix) ? name.slice(prefix.length) : null),
    label: `airlock.installation=${installationId}`,
    labels: (containerId, agentId) => ({
      'airlock.installation': installationId,
      'airlock.container': containerId,
      'airlock.agent': agentId,
      'airlock.node': nodeId,
    }),
  };
}
