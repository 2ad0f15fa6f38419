import { AppError } from '../../errors.ts';
import type { RunscNetwork } from './runsc-cli.ts';

/** How a sandbox gets a network on this host, decided once by trying. */
export interface NetworkMode {
  mode: 'none' | 'sandbox' | 'host-in-namespace';
  /** Why `sandbox` cannot be had; null when it can. */
  reason: string | null;
}

/** Said on every card of such an agent. */
export const HOSTINET_WARNING =
  "the network is the kernel's own, in a private namespace (AIRLOCK_GVISOR_HOSTINET=allow): more of the host kernel is " +
  "within reach than with gVisor's own network";

/** The flag for runsc; throws NETWORK_UNAVAILABLE where a network was asked and none can be had. */
export function runscNetwork(wanted: boolean, mode: NetworkMode): RunscNetwork {
  if (!wanted) return 'none';
  if (mode.mode === 'sandbox') return 'sandbox';
  if (mode.mode === 'host-in-namespace') return 'host';
  throw new AppError(
    'NETWORK_UNAVAILABLE',
    `no network for sandboxes on this host: ${mode.reason ?? 'unknown reason'}`,
    {
      hint: 'create the agent without --network, install a current runsc, or set AIRLOCK_GVISOR_HOSTINET=allow',
    },
  );
}
