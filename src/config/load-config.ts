import { resolve } from 'node:path';
import { AppError } from '../errors.ts';
import { createRedactor, type Redactor } from '../lib/redact.ts';
import { configError, type Problem } from './problems.ts';
import { type EnvironmentVariables, readEnvironment } from './read-environment.ts';
import { type ReadPolicyFile, readPolicyFile } from './read-policy-file.ts';
import type { Config, Environment, PolicyFile } from './schema.ts';

const DEFAULT_POLICY_FILE = 'airlock.yaml';

export interface LoadConfigOptions {
  env: EnvironmentVariables;
  /** Relative paths start here. */
  cwd: string;
  /** Learns the secrets. Default a new one. */
  redactor?: Redactor;
}

export interface LoadedConfig extends Config {
  /** Knows every secret of the environment. */
  redactor: Redactor;
  /** For the log and `doctor`: what has no effect or looks like a slip. */
  warnings: readonly string[];
  /** Where the policy is read from, whether the file is there or not, and whether it must be. */
  policyFile: { path: string; required: boolean };
  /** Of the policy file's bytes; null when there is none. */
  policySha256: string | null;
}

/** Environment and `airlock.yaml`, validated. Throws one CONFIG_INVALID that lists every problem of both. */
export async function loadConfig(options: LoadConfigOptions): Promise<LoadedConfig> {
  const redactor = options.redactor ?? createRedactor();
  const read = readEnvironment(options.env, redactor);
  const policyFile = policyFileOf(options);
  const file = await tryRead(policyFile);
  const problems = [...read.problems, ...file.problems];
  if (read.environment === null || file.read === null) throw configError(problems);

  const environment = read.environment;
  const channels = channelsOf(environment);
  return {
    environment,
    dataDir: resolve(options.cwd, environment.AIRLOCK_DATA_DIR),
    policyPath: file.read.sha256 === null ? null : policyFile.path,
    policy: withOverrides(file.read.policy, environment),
    channels,
    onExit: environment.AIRLOCK_ON_EXIT ?? (channels.join() === 'terminal' ? 'stop' : 'leave'),
    redactor,
    warnings: [...read.warnings, ...file.read.warnings],
    policyFile,
    policySha256: file.read.sha256,
  };
}

/** The number of agents the environment says goes before the file, its team rooms after it. */
export function withOverrides(policy: PolicyFile, environment: Environment): PolicyFile {
  const maxAgents = environment.AIRLOCK_MAX_AGENTS ?? policy.limits.maxAgents;
  const slack = withTeamRoom(policy.channels.slack, environment.AIRLOCK_SLACK_CHANNEL);
  const discord = withTeamRoom(policy.channels.discord, environment.AIRLOCK_DISCORD_CHANNEL);
  return {
    ...policy,
    limits: { ...policy.limits, maxAgents },
    channels: {
      ...(slack === undefined ? {} : { slack }),
      ...(discord === undefined ? {} : { discord }),
    },
  };
}

type Rooms = PolicyFile['channels']['slack'];

/** The team's room stands in for what the file does not say. */
function withTeamRoom(rooms: Rooms, room: string | undefined): Rooms {
  return room === undefined ? rooms : { operators: [room], notify: room, ...rooms };
}

function policyFileOf({ env, cwd }: LoadConfigOptions): { path: string; required: boolean } {
  const named = env['AIRLOCK_CONFIG']?.trim() ?? '';
  return { path: resolve(cwd, named === '' ? DEFAULT_POLICY_FILE : named), required: named !== '' };
}

/** Kept apart from throwing, so that the problems of the file are told together with those of the environment. */
async function tryRead(file: { path: string; required: boolean }): Promise<{
  read: ReadPolicyFile | null;
  problems: readonly Problem[];
}> {
  try {
    return { read: await readPolicyFile(file), problems: [] };
  } catch (error) {
    if (error instanceof AppError && error.code === 'CONFIG_INVALID') {
      return { read: null, problems: problemsOf(error) };
    }
    throw error;
  }
}

function problemsOf(error: AppError): readonly Problem[] {
  const { problems } = error.context as { problems?: readonly Problem[] };
  return problems ?? [{ where: 'airlock.yaml', value: null, allowed: error.message }];
}

function channelsOf(environment: Environment): readonly string[] {
  const channels: string[] = [];
  if (environment.SLACK_BOT_TOKEN !== undefined) channels.push('slack');
  if (environment.DISCORD_BOT_TOKEN !== undefined) channels.push('discord');
  return channels.length === 0 ? ['terminal'] : channels;
}
