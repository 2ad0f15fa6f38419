import { SAFE_PATH } from '../../lib/run.ts';
import type { ResourceLimits } from '../../model/agent.ts';
import { HOST_PIDS_FENCE } from '../cgroups.ts';
import { INIT_ARGV, INIT_PROCESSES, MAX_OPEN_FILES } from '../init.ts';
import { INIT_UID } from '../process-sweep.ts';

const CPU_PERIOD_US = 100_000;
const SHARED_MEMORY_MB = 64;

export interface OciConfigInput {
  containerId: string;
  /** Absolute: current releases refuse a relative one. */
  rootfs: string;
  /** Host directory seen read-only at `/.airlock`. */
  toolbox: string;
  /** Host directories for `/workspace` and `/tmp`; null for a probe, which has none. */
  disk: { workspace: string; tmp: string } | null;
  /** The agent's name, for PID 1; commands get their own environment with each exec. */
  agentName: string;
  limits: ResourceLimits;
  cgroup: { path: string; limitsSwap: boolean } | null;
  /** Null: a fresh namespace with nothing in it. */
  network: { netnsPath: string; resolvConf: string } | null;
}

/** config.json of the OCI runtime specification 1.0.2: pure, no annotations (runsc takes flags from them). */
export function ociConfig(input: OciConfigInput): Record<string, unknown> {
  return {
    ociVersion: '1.0.2',
    hostname: input.containerId,
    root: { path: input.rootfs, readonly: false },
    process: {
      terminal: false,
      // Another user than the commands', so that their `kill -9 -1` does not reach it.
      user: { uid: INIT_UID, gid: INIT_UID },
      args: INIT_ARGV,
      env: [`PATH=${SAFE_PATH}`, `AIRLOCK_AGENT=${input.agentName}`],
      cwd: '/',
      noNewPrivileges: true,
      capabilities: { bounding: [], effective: [], inheritable: [], permitted: [], ambient: [] },
      rlimits: [
        rlimit('RLIMIT_NPROC', Math.max(input.limits.maxProcesses, INIT_PROCESSES)),
        rlimit('RLIMIT_NOFILE', MAX_OPEN_FILES),
        rlimit('RLIMIT_CORE', 0),
      ],
    },
    mounts: mounts(input),
    linux: {
      ...(input.cgroup === null
        ? {}
        : {
            cgroupsPath: input.cgroup.path,
            resources: resources(input.limits, input.cgroup.limitsSwap),
          }),
      namespaces: [
        { type: 'pid' },
        { type: 'ipc' },
        { type: 'uts' },
        { type: 'mount' },
        input.network === null ? { type: 'network' } : { type: 'network', path: input.network.netnsPath },
      ],
      maskedPaths: [
        '/proc/acpi',
        '/proc/asound',
        '/proc/kcore',
        '/proc/keys',
        '/proc/latency_stats',
        '/proc/sched_debug',
        '/proc/scsi',
        '/proc/timer_list',
        '/proc/timer_stats',
        '/sys/firmware',
      ],
      readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
    },
  };
}

function mounts(input: OciConfigInput): Record<string, unknown>[] {
  const locked = ['nosuid', 'noexec', 'nodev'];
  return [
    { destination: '/proc', type: 'proc', source: 'proc', options: locked },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: [...locked, 'ro'] },
    {
      destination: '/dev/shm',
      type: 'tmpfs',
      source: 'shm',
      options: [...locked, 'mode=1777', `size=${SHARED_MEMORY_MB}m`],
    },
    bind('/.airlock', input.toolbox, 'ro'),
    ...(input.disk === null
      ? []
      : [bind('/workspace', input.disk.workspace, 'rw'), bind('/tmp', input.disk.tmp, 'rw')]),
    ...(input.network === null ? [] : [bind('/etc/resolv.conf', input.network.resolvConf, 'ro')]),
  ];
}

function bind(destination: string, source: string, mode: 'ro' | 'rw'): Record<string, unknown> {
  return { destination, type: 'bind', source, options: ['bind', 'nosuid', 'nodev', mode] };
}

function rlimit(type: string, value: number): Record<string, unknown> {
  return { type, soft: value, hard: value };
}

function resources(limits: ResourceLimits, limitsSwap: boolean): Record<string, unknown> {
  const memoryBytes = limits.memoryMb * 1024 * 1024;
  return {
    cpu: { period: CPU_PERIOD_US, quota: Math.round(limits.cpuCores * CPU_PERIOD_US) },
    // `swap` is memory and swap together: the same number means no swap.
    memory: { limit: memoryBytes, ...(limitsSwap ? { swap: memoryBytes } : {}) },
    pids: { limit: HOST_PIDS_FENCE },
  };
}
