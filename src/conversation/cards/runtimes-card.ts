import type { AnswerOf } from '../../commands/answers.ts';
import { escapeLine } from '../../lib/escape-text.ts';
import { formatMb, formatTime } from '../../lib/format.ts';
import type { ChannelHealthRecord } from '../../model/channel-health.ts';
import type { RuntimeInfo } from '../../sandboxes/sandbox.ts';
import type { Card } from '../card.ts';
import { card, fields, state } from './blank.ts';

export function runtimesCard({ info, channels }: AnswerOf<'runtimes'>): Card {
  const usable = info.runtimes.filter((runtime) => runtime.available);
  const missing = info.runtimes.filter((runtime) => !runtime.available);
  // Whoever asked for one, or has none at all, must do something; for all others it is a fact.
  const isFault = ({ configured, type }: RuntimeInfo) =>
    configured === true || type === info.preferredType || usable.length === 0;
  return card('list', 'Sandbox runtimes', {
    state: usable.length === 0 ? state('no sandbox runtime', 'failure') : state('ready', 'success'),
    fields: fields(
      ['Live agents', `${info.live} of ${info.maxAgents} (${info.running} running)`],
      ['Default', defaultInWords(info)],
      [
        'Host',
        `${info.host.cpuCores} CPU · ${formatMb(info.host.memoryMb)} memory · ${formatMb(info.host.freeDiskMb)} free disk`,
      ],
      ...channels.map(({ name, health }) => [`Channel ${name}`, healthInWords(health)] as const),
    ),
    table: [
      ['Type', 'Available', 'Version', 'Platform', 'Limits enforced', 'Network', 'Can'],
      ...info.runtimes.map(runtimeRow),
    ],
    text: missing
      .filter((runtime) => !isFault(runtime))
      .map(({ type, ...why }) => `${type} is not used: ${[...why.missing, ...why.howToGet].join('; ')}`),
    warnings: [
      ...missing
        .filter(isFault)
        .flatMap(({ type, ...why }) => [...why.missing, ...why.howToGet].map((line) => `${type}: ${line}`)),
      ...info.runtimes.flatMap(({ type, warnings }) => warnings.map((warning) => `${type}: ${warning}`)),
    ],
  });
}

function defaultInWords({ defaultType, preferredType }: AnswerOf<'runtimes'>['info']): string | null {
  if (preferredType === null || defaultType === preferredType) return defaultType;
  return `${preferredType}, which is not available: an agent without --sandbox is refused`;
}

/** `up since …`, or `down since …: reason (what mends it)`. */
function healthInWords(health: ChannelHealthRecord | null): string {
  if (health === null) return 'not known yet';
  const detail = health.detail === null ? '' : `: ${escapeLine(health.detail)}`;
  return `${health.state} since ${formatTime(health.since)}${detail}`;
}

function runtimeRow(runtime: RuntimeInfo): string[] {
  const { capabilities } = runtime;
  if (!runtime.available) return [runtime.type, 'no', '-', '-', '-', '-', '-'];
  const { cpu, memory, processes } = capabilities.enforced;
  return [
    runtime.type,
    'yes',
    runtime.version ?? '-',
    runtime.platform ?? '-',
    listed({ cpu, memory, processes, disk: capabilities.diskLimit }),
    capabilities.network,
    listed({
      pause: capabilities.pause,
      stats: capabilities.stats,
      attach: capabilities.attach,
      snapshot: capabilities.snapshot,
    }),
  ];
}

function listed(facts: Record<string, boolean>): string {
  const names = Object.keys(facts).filter((name) => facts[name] === true);
  return names.length === 0 ? 'none' : names.join(', ');
}
