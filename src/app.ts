import { type ChannelContext, createChannels, type TerminalEdge } from '../channels/registry.ts';
import { createAgentManager } from './agents/manager.ts';
import type { AgentManager } from './agents/types.ts';
import { DEFAULT_ROOT } from './commands/define.ts';
import { createCommandRegistry } from './commands/registry.ts';
import { commandShapes } from './commands/shapes.ts';
import type { LoadedConfig } from './config/load-config.ts';
import { createPolicySource, type PolicySource } from './config/policy-source.ts';
import type { PolicyFile } from './config/schema.ts';
import { type Conversation, createConversation } from './conversation/conversation.ts';
import type { Channel } from './conversation/channel.ts';
import { AppError } from './errors.ts';
import { type Clock, systemClock } from './lib/clock.ts';
import { count } from './lib/format.ts';
import { createLogger, type Logger } from './lib/logger.ts';
import type { ThreadRef } from './model/thread.ts';
import { createOrchestrator } from './orchestrator/orchestrator.ts';
import { createPeople, mappedGroups } from './orchestrator/people.ts';
import { openCgroups } from './sandboxes/cgroups.ts';
import { createImageStore, type ImageStore } from './sandboxes/images/image-store.ts';
import { driverRegistry } from './sandboxes/registry.ts';
import type { SandboxDriver } from './sandboxes/sandbox.ts';
import { createSkillRegistry } from './skills/registry.ts';
import type { SkillManifest } from './skills/skill.ts';
import { startDailyBackups } from './store/sqlite/daily-backups.ts';
import { openDataDirectory } from './store/sqlite/data-directory.ts';
import { openStore } from './store/sqlite/open-store.ts';
import type { Store } from './store/store.ts';

/** What a test or the process edge brings instead of the default. */
export interface AppParts {
  log: Logger;
  clock: Clock;
  /** Default the process's own streams, as pipes; `onExit` does nothing then. */
  terminal: TerminalEdge;
  /** Default every driver of the registry. */
  drivers: readonly SandboxDriver[];
  /** Default what the configuration names. */
  channels: readonly Channel[];
  images: ImageStore;
  /** Default what Airlock brings. */
  skills: readonly SkillManifest[];
  /** The environment that drivers look at. Default `process.env`. */
  env: Readonly<Record<string, string | undefined>>;
}

/** The whole bot. */
export interface App {
  /**
   * Opens the data directory, reconciles agents, settles actions, then opens the channels. Twice is once. Throws what made it
   * impossible, with everything closed again.
   */
  start(): Promise<void>;
  /** Closes in reverse order; agents stop or stay as the configuration says. Twice is once, also after a failed start. */
  stop(): Promise<void>;
}

/** Puts the rooms together. The only place that sees them all. */
export function createApp(config: LoadedConfig, overrides: Partial<AppParts> = {}): App {
  const clock = overrides.clock ?? systemClock;
  const log =
    overrides.log ?? createLogger({ level: config.environment.AIRLOCK_LOG_LEVEL, redactor: config.redactor });
  let starting: Promise<void> | null = null;
  let stopping: Promise<void> | null = null;
  const opened = new AsyncDisposableStack();
  let storeInUse: Store | null = null;

  async function startOrUndo(): Promise<void> {
    try {
      await open(opened);
    } catch (error) {
      // The reason why it did not start must not be lost behind what went wrong while closing.
      await opened.disposeAsync().catch((second: unknown) => {
        log.error({ err: second }, 'closing after a failed start failed');
      });
      throw error;
    }
  }

  async function open(stack: AsyncDisposableStack): Promise<void> {
    const policy = createPolicySource({ config, log });
    const channels = overrides.channels ?? (await createChannels(channelContext(policy)));
    const data = await openDataDirectory(config.dataDir);
    stack.defer(() => data.close());
    const store = await openStore({ path: data.databasePath, dataDir: data.path, clock, log });
    stack.defer(() => store.close());
    storeInUse = store;
    stack.use(await startDailyBackups({ store, clock, log }));

    const nodeId = data.installationId;
    const drivers = overrides.drivers ?? createDrivers(data.path, data.installationId);
    // When nothing is left under it; the drivers cannot tell when the last sandbox of all is gone.
    stack.defer(async () => (await openCgroups({ installationId: data.installationId })).removeParent());
    const images =
      overrides.images ??
      createImageStore({
        dataDir: data.path,
        get images() {
          return rootFileSystems(policy.current());
        },
        get defaultImage() {
          return policy.current().defaultImage;
        },
        log,
      });
    const people = createPeople({
      policy,
      admins: config.environment.AIRLOCK_ADMINS,
      channels: config.channels,
    });
    const agents = createAgentManager({
      store,
      drivers,
      images,
      config,
      policy,
      clock,
      log,
      nodeId,
      dataDir: data.path,
    });
    const skills = createSkillRegistry(overrides.skills);
    const orchestrator = createOrchestrator({
      store,
      agents,
      policy,
      people,
      skills,
      stillIn: async (principal, groups) => {
        const channel = channels.find(({ name }) => principal.startsWith(`${name}:`));
        return (await channel?.stillIn?.(principal, groups)) ?? null;
      },
      environment: config.environment,
      clock,
      log,
      nodeId,
    });
    const commands = createCommandRegistry({
      images: { list: () => agents.images() },
      skills: skills.skills,
      channels: channels.map(({ name }) => name),
    });
    const conversation = createConversation({
      store,
      orchestrator,
      agents,
      people,
      commands,
      channels,
      clock,
      log,
      nodeId,
      rootOf: (channel) => (channel === 'slack' ? config.environment.AIRLOCK_SLACK_COMMAND : DEFAULT_ROOT),
      teamRooms: () => roomsFor('notify', policy.current(), channels),
      approvalRooms: () => roomsFor('approvals', policy.current(), channels),
    });
    await startRooms(stack, { agents, orchestrator, conversation });
  }

  /**
   * Each room's stop is registered before its start, so that a start that fails half-way is undone too. At the end nothing new is
   * taken, work ends, agents stop, and only then does the conversation, which tells how all that went.
   */
  async function startRooms(
    stack: AsyncDisposableStack,
    rooms: { agents: AgentManager; orchestrator: Room; conversation: Conversation },
  ): Promise<void> {
    stack.defer(() => rooms.conversation.stop());
    stack.defer(() => rooms.agents.stop(config.onExit));
    const recovery = await rooms.agents.start();
    log[recovery.quarantined.length > 0 ? 'warn' : 'info']({ recovery }, 'agents reconciled');
    stack.defer(() => rooms.orchestrator.stop());
    await rooms.orchestrator.start();
    stack.defer(() => rooms.conversation.quiesce());
    await rooms.conversation.start();
  }

  function createDrivers(dataDir: string, installationId: string): SandboxDriver[] {
    const environment = overrides.env ?? process.env;
    return driverRegistry.map((factory) =>
      factory.create({ dataDir, installationId, nodeId: installationId, environment, log, clock }),
    );
  }

  function channelContext(policy: PolicySource): ChannelContext {
    const terminal = overrides.terminal ?? {
      input: process.stdin,
      output: process.stdout,
      isTty: false,
      env: process.env,
      onExit: () => {},
    };
    return {
      config,
      terminal,
      farewell,
      groups: () => mappedGroups(policy.current()),
      commands: commandShapes,
      clock,
      log,
    };
  }

  async function farewell(): Promise<string | null> {
    const agents = (await storeInUse?.agents({ live: true })) ?? [];
    if (agents.length === 0) return null;
    const names = agents.map(({ name }) => name).join(', ');
    const what = `${count(agents.length, 'agent')} (${names})`;
    return config.onExit === 'stop'
      ? `stopping ${what}`
      : `leaving ${what} as ${agents.length === 1 ? 'it is' : 'they are'}; the next start takes over`;
  }

  async function close(): Promise<void> {
    await starting?.catch(() => {
      // Whoever called start has the error; here only what it opened matters, and that is closed.
    });
    await opened.disposeAsync();
  }

  return {
    start() {
      if (stopping !== null) {
        return Promise.reject(new AppError('SHUTTING_DOWN', 'cannot start Airlock: it is stopping'));
      }
      starting ??= startOrUndo();
      return starting;
    },
    stop() {
      stopping ??= close();
      return stopping;
    },
  };
}

/** What of the images is on this host; the others are in a container engine. */
function rootFileSystems({ images }: PolicyFile): Record<string, { rootfs: string }> {
  return Object.fromEntries(
    Object.entries(images).flatMap(([name, { rootfs }]) =>
      rootfs === undefined ? [] : [[name, { rootfs }]],
    ),
  );
}

/** The room that the file names for this on every platform that is open. */
function roomsFor(
  use: 'notify' | 'approvals',
  { channels: told }: PolicyFile,
  open: readonly Channel[],
): ThreadRef[] {
  return (['slack', 'discord'] as const).flatMap((channel) => {
    const room = told[channel]?.[use];
    if (room === undefined || open.every(({ name }) => name !== channel)) return [];
    // An installation has one workspace or server of its own: the channel knows it, the file does not name it.
    return [{ channel, space: '', room, thread: null }];
  });
}

interface Room {
  start(): Promise<void>;
  stop(): Promise<void>;
}
