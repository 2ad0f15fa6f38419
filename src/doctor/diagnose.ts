import { problemLine, type Problem } from '../config/problems.ts';
import { SECRET_VARIABLES } from '../config/schema.ts';
import { AppError } from '../errors.ts';
import { escapeLine } from '../lib/escape-text.ts';
import { formatDuration, formatTime } from '../lib/format.ts';
import type { RuntimeInfo } from '../sandboxes/sandbox.ts';
import type { Check } from './check.ts';
import type { Facts } from './facts.ts';

const MEBIBYTE = 1024 * 1024;
const SETUP = 'sudo env "PATH=$PATH" bash scripts/setup.sh';
/** Room for one agent with the default disk, and the host's reserve. */
const LOW_DISK_BYTES = 2048 * MEBIBYTE;
const SHOWN_DELIVERIES = 5;

/** What this host can do, line by line; pure. */
export function diagnose(facts: Facts): { checks: Check[]; sandboxesRun: boolean } {
  const checks = [
    ...machine(facts),
    ...facts.runtimes.flatMap((info) => runtime(info, facts)),
    limits(facts),
    ...disks(facts),
    network(facts),
    ...configuration(facts),
    dataDirectory(facts),
    ...channels(facts),
    ...deliveries(facts),
  ];
  return { checks, sandboxesRun: facts.runtimes.some((info) => info.available) };
}

function machine({ isRoot, nodeVersion, hasTini, missingPrograms }: Facts): Check[] {
  return [
    { subject: 'Node', status: 'ok', detail: nodeVersion },
    isRoot
      ? { subject: 'user', status: 'ok', detail: 'root' }
      : {
          subject: 'user',
          status: 'warn',
          detail: 'not root: sandboxes cannot be made, nor tried here',
          fix: 'sudo -E env "PATH=$PATH" npm run airlock -- doctor',
        },
    hasTini
      ? { subject: 'tini', status: 'ok', detail: 'the bot runs below a subreaper' }
      : {
          subject: 'tini',
          status: 'warn',
          detail: 'no subreaper: removing a sandbox takes 1 to 2 s instead of 60 ms',
          fix: 'sudo apt-get install -y tini, and start with npm start',
        },
    ...missingPrograms.map(
      ({ program, debianPackage }): Check => ({
        subject: program,
        status: 'fail',
        detail: 'not on this host, and sandboxes need it',
        fix: `sudo apt-get install -y ${debianPackage}`,
      }),
    ),
  ];
}

function runtime(info: RuntimeInfo, facts: Facts): Check[] {
  const subject = info.type;
  if (!info.available) {
    const fix = info.howToGet.length === 0 ? SETUP : info.howToGet.join('; ');
    const missing = escapeLine(info.missing.join('; '));
    return [{ subject, fix, ...howBad(info, facts, missing) }];
  }
  return [
    {
      subject,
      status: 'ok',
      detail: `version ${info.version ?? 'unknown'}; started a container on platform ${info.platform ?? 'unknown'}`,
    },
    ...info.warnings.map((warning): Check => ({ subject, status: 'warn', detail: escapeLine(warning) })),
  ];
}

/** One that is missing is a failure where no other is there or agents get it by default, and a fact where nobody asked for it. */
function howBad(
  { type, configured }: RuntimeInfo,
  { runtimes, config }: Facts,
  missing: string,
): Pick<Check, 'status' | 'detail'> {
  if (config?.policy.defaultSandbox === type) {
    const detail = `${missing}; it is the defaultSandbox of airlock.yaml, so agents without --sandbox are refused`;
    return { status: 'fail', detail };
  }
  if (runtimes.every((other) => !other.available)) return { status: 'fail', detail: missing };
  return { status: configured === true ? 'warn' : 'note', detail: missing };
}

function limits({ runtimes, cgroups }: Facts): Check {
  const subject = 'limits';
  const version = cgroups === 'none' ? 'no cgroups that can be written' : `cgroup ${cgroups}`;
  const available = runtimes.find((info) => info.available);
  if (available === undefined)
    return { subject, status: 'note', detail: `${version}; not tried without a sandbox` };
  const { enforced, diskLimit } = available.capabilities;
  const all = { cpu: enforced.cpu, memory: enforced.memory, processes: enforced.processes, disk: diskLimit };
  const missing = Object.entries(all).flatMap(([name, inForce]) => (inForce ? [] : [name]));
  if (missing.length === 0)
    return { subject, status: 'ok', detail: `cpu, memory, processes and disk are enforced (${version})` };
  return {
    subject,
    status: 'fail',
    detail: `not enforced: ${missing.join(', ')} (${version})`,
    fix: `mount a writable cgroup hierarchy, or allow it by name: AIRLOCK_ALLOW_UNENFORCED=${missing.join(',')}`,
  };
}

function disks({ fileSystems, hasLoopDevices, dataDir }: Facts): Check[] {
  const needed = ['overlay', 'ext4'].filter((name) => !fileSystems.includes(name));
  const freeMb = Math.floor(dataDir.freeBytes / MEBIBYTE);
  return [
    hasLoopDevices
      ? { subject: 'loop devices', status: 'ok', detail: '/dev/loop-control is there' }
      : {
          subject: 'loop devices',
          status: 'fail',
          detail: 'no /dev/loop-control: agents can have no disk',
          fix: 'sudo modprobe loop; in a container give it --privileged or the device',
        },
    needed.length === 0
      ? { subject: 'file systems', status: 'ok', detail: 'overlay and ext4' }
      : {
          subject: 'file systems',
          status: 'warn',
          detail: `the kernel does not list ${needed.join(', ')} (it may load them when asked)`,
          fix: `sudo modprobe ${needed.join(' ')}`,
        },
    freeMb * MEBIBYTE >= LOW_DISK_BYTES
      ? { subject: 'disk', status: 'ok', detail: `${freeMb} MiB free at ${dataDir.path}` }
      : {
          subject: 'disk',
          status: 'warn',
          detail: `only ${freeMb} MiB free at ${dataDir.path}: an agent takes 1024 MiB by default`,
          fix: 'free space, or set AIRLOCK_DATA_DIR to a larger disk',
        },
  ];
}

function network({ network: { usable, reason }, runtimes }: Facts): Check {
  const subject = 'network';
  if (!usable)
    return {
      subject,
      status: 'warn',
      detail: `agents with --network are refused: ${reason ?? 'unknown reason'}`,
    };
  const mode = runtimes.find((info) => info.available)?.capabilities.network ?? 'none';
  // Why the runtime cannot use it stands among its own warnings.
  if (mode === 'none')
    return {
      subject,
      status: 'warn',
      detail: 'namespaces, NAT and firewall work, the runtime cannot use them',
    };
  return { subject, status: 'ok', detail: `namespaces, NAT and firewall work (${mode})` };
}

function configuration({ config, configError }: Facts): Check[] {
  if (config === null) {
    const { problems = [] } = (configError?.context ?? {}) as { problems?: readonly Problem[] };
    const lines =
      problems.length > 0 ? problems.map(problemLine) : [configError?.message ?? 'cannot be read'];
    return lines.map((detail): Check => ({ subject: 'configuration', status: 'fail', detail }));
  }
  return [
    {
      subject: 'configuration',
      status: 'ok',
      detail: config.policyPath ?? 'no airlock.yaml: the defaults hold',
    },
    ...config.warnings.map((detail): Check => ({ subject: 'configuration', status: 'warn', detail })),
    { subject: 'channels', status: 'ok', detail: config.channels.join(', ') },
    ...SECRET_VARIABLES.map((name): Check => {
      const detail = `${name} is ${config.environment[name] === undefined ? 'not set' : 'set'}`;
      return { subject: 'token', status: 'note', detail };
    }),
  ];
}

function dataDirectory({ dataDir: { path, state, usedBy } }: Facts): Check {
  const subject = 'data directory';
  if (state === 'unwritable') {
    return {
      subject,
      status: 'fail',
      detail: `${path} cannot be written by this user`,
      fix: 'run as the user who owns it, or set AIRLOCK_DATA_DIR',
    };
  }
  if (usedBy !== null) return { subject, status: 'ok', detail: `${path}, in use by process ${usedBy}` };
  return {
    subject,
    status: 'ok',
    detail: state === 'missing' ? `${path}, made at the first start` : `${path}, not in use`,
  };
}

/** A bot that is stopped tells nothing new, so each line has its age. */
function channels({ channelHealth, dataDir: { usedBy }, now }: Facts): Check[] {
  return channelHealth.flatMap(({ name, health }): Check[] => {
    const subject = `channel ${name}`;
    if (health === null) return [{ subject, status: 'note', detail: 'has not told yet how it stands' }];
    const age = formatDuration(Math.max(0, now - health.since));
    const reason = health.detail === null ? '' : `: ${escapeLine(health.detail)}`;
    const detail = `${health.state} since ${formatTime(health.since)} (${age} ago)${reason}`;
    if (usedBy === null)
      return [{ subject, status: 'note', detail: `${detail}; the bot is not running now` }];
    return [{ subject, status: health.state === 'up' ? 'ok' : 'warn', detail }];
  });
}

function deliveries({ deadDeliveries: dead }: Facts): Check[] {
  const subject = 'deliveries';
  if (dead === null) return [];
  if (dead instanceof AppError) {
    return [
      {
        subject,
        status: 'fail',
        detail: dead.message,
        ...(dead.hint === undefined ? {} : { fix: dead.hint }),
      },
    ];
  }
  if (dead.length === 0)
    return [{ subject, status: 'ok', detail: 'every card was delivered or still is to be' }];
  return dead.slice(0, SHOWN_DELIVERIES).map(
    (delivery): Check => ({
      subject,
      status: 'warn',
      detail: escapeLine(
        `${delivery.key} can never be delivered: ${delivery.deadReason ?? 'unknown reason'}`,
      ),
    }),
  );
}
