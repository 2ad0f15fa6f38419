import { z } from 'zod';
import { containerdContainer, dockerContainer, type EngineContainer } from './engine-inspect.ts';

export const ENGINE_NAMES = ['docker', 'nerdctl'] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

/** What happened to a container, as an engine's event stream tells it. */
export interface EngineEvent {
  kind: 'died' | 'out-of-memory';
  /** The engine's own 64 hex digits. */
  engineId: string;
}

/** What differs between the engines; everything else is the same command line for both. */
export interface Engine {
  name: EngineName;
  /** Variables that say where the engine is; all others are kept from its client. */
  environment: readonly string[];
  /** After `create`: no copy of output is kept, the commands' own streams are read from `exec`. */
  createFlags: readonly string[];
  /** Between an image or a container and the command line for it. */
  beforeArgv: readonly string[];
  /** An image is started by the digest of its manifest; else by that of its configuration. */
  startsByManifest: boolean;
  /** How one container is looked at, and what the answer means. */
  inspect: { args: readonly string[]; schema: z.ZodType<EngineContainer[]> };
  /** The client of a command that fails ends with 1, whatever the command's code, and says so on standard error. */
  complainsOfCommands: boolean;
  /** On a busy host its client may not have opened its pipes when a short command has ended, and loses what that said. */
  losesShortOutput: boolean;
  /** The engine itself lists the runtimes that it knows; else their shims are looked for on PATH. */
  listsRuntimes: boolean;
  /** A runtime may be named by its shim (`io.containerd.kata.v2`) from this major version on. */
  shimNamesSince: number;
  /** The name of the bridge of a network can be chosen, which is what the firewall goes by. */
  namesBridges: boolean;
  /** Arguments of the event stream, one JSON object a line. */
  eventArgs(label: string): readonly string[];
  /** Null for a line that is about something else. */
  parseEvent(line: unknown): EngineEvent | null;
}

const dockerEvent = z.object({
  Action: z.string(),
  Actor: z.object({ ID: z.string() }),
});
const nerdctlEvent = z.object({
  Topic: z.string(),
  /** JSON in JSON. */
  Event: z.string(),
});
const nerdctlTask = z.object({ container_id: z.string(), id: z.string().optional() });

export const ENGINES = {
  docker: {
    name: 'docker',
    environment: [
      'DOCKER_HOST',
      'DOCKER_CONTEXT',
      'DOCKER_CONFIG',
      'DOCKER_CERT_PATH',
      'DOCKER_TLS_VERIFY',
      'HOME',
    ],
    // An image may bring a health check, which is a command of its own that nobody asked for.
    createFlags: ['--log-driver=none', '--no-healthcheck'],
    beforeArgv: [],
    startsByManifest: false,
    inspect: { args: ['container', 'inspect'], schema: dockerContainer },
    complainsOfCommands: false,
    losesShortOutput: false,
    listsRuntimes: true,
    shimNamesSince: 23,
    namesBridges: true,
    eventArgs: (label) => [
      'events',
      '--format={{json .}}',
      '--filter=type=container',
      '--filter=event=die',
      '--filter=event=oom',
      `--filter=label=${label}`,
    ],
    parseEvent(line) {
      const event = dockerEvent.safeParse(line).data;
      if (event === undefined) return null;
      const kind = { die: 'died', oom: 'out-of-memory' } as const;
      const { Action: action, Actor } = event;
      return action === 'die' || action === 'oom' ? { kind: kind[action], engineId: Actor.ID } : null;
    },
  },
  nerdctl: {
    name: 'nerdctl',
    environment: [
      'CONTAINERD_ADDRESS',
      'CONTAINERD_NAMESPACE',
      'CONTAINERD_SNAPSHOTTER',
      'NERDCTL_TOML',
      'CNI_PATH',
      'NETCONFPATH',
      'HOME',
    ],
    // Its first versions have no driver `none`, and every other one is a process that stays.
    createFlags: ['--log-driver=file:///dev/null'],
    // It takes one away, and would take the program's own.
    beforeArgv: ['--'],
    startsByManifest: true,
    inspect: { args: ['container', 'inspect', '--mode=native'], schema: containerdContainer },
    complainsOfCommands: true,
    losesShortOutput: true,
    listsRuntimes: false,
    shimNamesSince: 0,
    namesBridges: false,
    eventArgs: () => ['events', '--format={{json .}}'],
    parseEvent(line) {
      const event = nerdctlEvent.safeParse(line).data;
      if (event === undefined || !['/tasks/exit', '/tasks/oom'].includes(event.Topic)) return null;
      const task = nerdctlTask.safeParse(parseJson(event.Event)).data;
      // The end of a command inside has the topic of the container's own end; its id is another.
      if (task === undefined || (task.id !== undefined && task.id !== task.container_id)) return null;
      return {
        kind: event.Topic === '/tasks/oom' ? 'out-of-memory' : 'died',
        engineId: task.container_id,
      };
    },
  },
} as const satisfies Record<EngineName, Engine>;

/** Undefined for what is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
