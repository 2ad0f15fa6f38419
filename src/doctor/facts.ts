import type { LoadedConfig } from '../config/load-config.ts';
import type { AppError } from '../errors.ts';
import type { ChannelHealthRecord } from '../model/channel-health.ts';
import type { DeliveryRecord } from '../model/delivery.ts';
import type { RuntimeInfo } from '../sandboxes/sandbox.ts';

/** What the doctor looks at; `host-facts.ts` asks this host, tests say what they like. None of them throws. */
export interface Facts {
  isRoot: boolean;
  /** Node's own version. */
  nodeVersion: string;
  /** Null: the configuration is broken, and `configError` says how. */
  config: LoadedConfig | null;
  configError: AppError | null;
  /** What each driver says after trying a throw-away container. */
  runtimes: readonly RuntimeInfo[];
  cgroups: 'v1' | 'v2' | 'none';
  /** Of the programs the sandboxes need, those that are not on this host, with their Debian packages. */
  missingPrograms: readonly { program: string; debianPackage: string }[];
  /** File systems the kernel can mount. */
  fileSystems: readonly string[];
  hasLoopDevices: boolean;
  network: { usable: boolean; reason: string | null };
  /** This process runs below a subreaper or a PID 1 that reaps. */
  hasTini: boolean;
  dataDir: {
    path: string;
    /** Bytes free on its file system. */
    freeBytes: number;
    state: 'missing' | 'writable' | 'unwritable';
    /** Pid of the bot that uses it; null when none does. */
    usedBy: number | null;
  };
  /** How the configured channels last said they stand; null: one has not told yet. Empty where there is no database. */
  channelHealth: readonly { name: string; health: ChannelHealthRecord | null }[];
  /** Epoch milliseconds. */
  now: number;
  /** Cards that can never be delivered; null: there is no database yet. */
  deadDeliveries: readonly DeliveryRecord[] | AppError | null;
}
