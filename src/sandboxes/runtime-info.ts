import type { Unenforced } from './cgroups.ts';
import type { RuntimeInfo, SandboxCapabilities } from './sandbox.ts';

/** What a runtime can do here whose throw-away containers have run. */
export function provenCapabilities(
  network: SandboxCapabilities['network'],
  unenforced: readonly Unenforced[],
): SandboxCapabilities {
  const enforced = (name: string): boolean => !unenforced.some(({ limit }) => limit === name);
  return {
    pause: true,
    stats: true,
    diskLimit: true,
    network,
    attach: false,
    snapshot: false,
    enforced: { cpu: enforced('cpu'), memory: enforced('memory'), processes: enforced('processes') },
  };
}

/** No sandbox of that type can be made here. */
export function unavailableInfo(facts: {
  type: string;
  missing: string;
  howToGet: string;
  /** Default unknown. */
  version?: string | null;
  /** Default false. */
  configured?: boolean;
}): RuntimeInfo {
  return {
    type: facts.type,
    available: false,
    ...(facts.configured === true ? { configured: true } : {}),
    version: facts.version ?? null,
    platform: null,
    missing: [facts.missing],
    howToGet: [facts.howToGet],
    warnings: [],
    capabilities: {
      pause: false,
      stats: false,
      diskLimit: false,
      network: 'none',
      attach: false,
      snapshot: false,
      enforced: { cpu: false, memory: false, processes: false },
    },
  };
}
