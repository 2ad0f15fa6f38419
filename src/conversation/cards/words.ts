import { formatMb } from '../../lib/format.ts';
import type { ResourceLimits } from '../../model/agent.ts';
import type { EndCause, EndHint } from '../../model/ends.ts';

const SIGNAL_NAMES: Record<number, string> = {
  1: 'HUP',
  2: 'INT',
  3: 'QUIT',
  4: 'ILL',
  6: 'ABRT',
  7: 'BUS',
  8: 'FPE',
  9: 'KILL',
  11: 'SEGV',
  13: 'PIPE',
  14: 'ALRM',
  15: 'TERM',
  31: 'SYS',
};

/** How a command or an agent ended, in words; only what was observed. */
export function causeInWords(
  cause: EndCause,
  facts: { exitCode: number | null; signal?: number | null },
): string {
  switch (cause) {
    case 'exited':
      return facts.exitCode === null ? 'ended by itself' : `ended with exit code ${facts.exitCode}`;
    case 'signalled':
      return `killed by ${signalName(facts.signal ?? null)}`;
    case 'timed-out':
      return 'killed because its time was up';
    case 'cancelled':
      return 'cancelled';
    case 'out-of-memory':
      return 'killed because the memory of the agent was used up';
    case 'sandbox-lost':
      return 'lost: the sandbox died';
    case 'stopped':
      return 'ended because the agent was stopped';
    case 'unknown':
      return 'ended for a reason that was not seen';
  }
}

function signalName(signal: number | null): string {
  if (signal === null) return 'a signal';
  const name = SIGNAL_NAMES[signal];
  return name === undefined ? `signal ${signal}` : `signal ${signal} (${name})`;
}

/** What measurements suggest; never stated as a cause. */
export function hintInWords(hint: EndHint): string {
  switch (hint) {
    case 'near-process-limit':
      return 'the number of processes was near the limit: ask for more with --processes';
    case 'disk-almost-full':
      return 'the disk of the agent is almost full: clean up, or ask for more with --disk';
    case 'others-killed':
      return 'processes that other commands had left were killed too, since nobody could be told to own them';
  }
}

/** `1 CPU · 512 MiB memory · 1 GiB disk · 50 processes`. */
export function limitsInWords(limits: ResourceLimits): string {
  return [
    `${limits.cpuCores} CPU`,
    `${formatMb(limits.memoryMb)} memory`,
    `${formatMb(limits.diskMb)} disk`,
    `${limits.maxProcesses} processes`,
  ].join(' · ');
}

export function networkInWords(enabled: boolean): string {
  return enabled ? 'yes: the internet, not the host and not private addresses' : 'none';
}

const KIND_WORDS: Record<string, string> = {
  'agent.create': 'create',
  'agent.exec': 'exec',
  'agent.pause': 'pause',
  'agent.resume': 'resume',
  'agent.stop': 'stop',
  'agent.extend': 'extend',
  'agent.stop-all': 'stop all agents',
  'config.reload': 'reload people and policy',
};

/** The action's kind as people know it from the command. */
export function kindInWords(kind: string): string {
  return KIND_WORDS[kind] ?? kind;
}
