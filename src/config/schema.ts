import { z } from 'zod';
import { MAX_PATTERN_LENGTH, patternProblem } from './rule-pattern.ts';

// The message of every check says what is allowed: `problems.ts` puts "write" before it.
const PRINCIPAL = 'a principal such as slack:T1:U2, discord:3344, terminal:local or api:ci';
const SLACK_COMMAND = 'a slash command in small letters, such as /agent';
const SLACK_CHANNEL = 'the id of a channel, such as C0123ABCD (the last line of its details in Slack)';
const SLACK_BOT_TOKEN = 'the bot token of the app, which begins with xoxb-';
const SLACK_APP_TOKEN = 'the app-level token of the app, which begins with xapp-';
const DISCORD_ID = 'an id in digits (Copy ID in Discord, with its developer mode on)';
const API_URL = 'an https address, or an http one of this machine (127.0.0.1)';
const KATA_ENGINES = ['docker', 'nerdctl'] as const;
const KATA_ENGINE = 'docker or nerdctl (Kata does not support podman)';
const KATA_RUNTIME = "the engine's name of a Kata runtime, such as kata, kata-qemu or io.containerd.kata.v2";
const ENGINE_IMAGE = 'the name that the container engine lists, such as python:3.12';
const ONE_SOURCE = 'either rootfs or engine';
const DURATION = 'a duration such as 30s, 10m, 8h or 2d, from 1ms to 30d';
const UNENFORCEABLE = ['cpu', 'memory', 'processes', 'disk'] as const;
/** Beyond a month a time is a mistake, and Node's timers would need care. */
const MAX_DURATION_MS = 30 * 86_400_000;

/** `kind` of a rule; the orchestrator's `ActionKind` is compared with it by the compiler. */
export const ACTION_KINDS = [
  'agent.create',
  'agent.exec',
  'agent.pause',
  'agent.resume',
  'agent.stop',
  'agent.extend',
  'agent.stop-all',
  'config.reload',
] as const;

/** A repository and a tag; no id and no digest, which would be other names for the same image. */
export const ENGINE_IMAGE_PATTERN = /^[a-z0-9][A-Za-z0-9._/:-]{0,199}$/;
export const PRINCIPAL_PATTERN = /^(slack|discord|terminal|api):[^\s]+$/;
const principal = z.string(PRINCIPAL).regex(PRINCIPAL_PATTERN, PRINCIPAL);
const durationMs = z.union([z.string(), z.number()], DURATION).transform((value, context) => {
  const parsed = typeof value === 'number' ? Math.round(value * 1000) : parseDuration(value);
  if (parsed !== null && parsed >= 1 && parsed <= MAX_DURATION_MS) return parsed;
  context.addIssue({ code: 'custom', message: DURATION });
  return z.NEVER;
});
/** Tokens go there: never in the clear over a network. */
const apiUrl = z.url(API_URL).refine((text) => {
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && hostname === '127.0.0.1');
}, API_URL);
const discordId = z.string().regex(/^\d{1,20}$/, DISCORD_ID);
const role = z.enum(['viewer', 'operator', 'approver', 'admin']);
const level = z.enum(['low', 'medium', 'high', 'critical']);

function whole(min: number, max: number) {
  const allowed = `a whole number from ${min} to ${max}`;
  return z.int(allowed).min(min, allowed).max(max, allowed);
}

function wholeFromText(min: number, max: number) {
  const allowed = `a whole number from ${min} to ${max}`;
  return z.coerce.number(allowed).int(allowed).min(min, allowed).max(max, allowed);
}

function list<T extends z.ZodType<string, string>>(item: T) {
  return z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    )
    .pipe(z.array(item));
}

/** `30s`, `10m`, `8h`, `2d`, `500ms` in milliseconds; a bare number is seconds. Null when it is none. */
export function parseDuration(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text.trim());
  if (match === null) return null;
  const unit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[match[2] ?? 's'] ?? Number.NaN;
  const value = Number(match[1]) * unit;
  return Number.isFinite(value) ? Math.round(value) : null;
}

const terms = (defaults: {
  approvals: number;
  roles: string[];
  expiresIn: string;
  verification: 'none' | 'typed-hash';
}) =>
  z
    .strictObject({
      approvals: whole(1, 10).default(defaults.approvals),
      roles: z.array(z.string()).min(1).default(defaults.roles),
      selfApproval: z.boolean().default(false),
      expiresIn: durationMs.prefault(defaults.expiresIn),
      verification: z.enum(['none', 'typed-hash']).default(defaults.verification),
    })
    .prefault({});

/** `operators` and `notify` are taken from `AIRLOCK_SLACK_CHANNEL` or `AIRLOCK_DISCORD_CHANNEL` where they are left out. */
const rooms = z.strictObject({
  operators: z.array(z.string()).optional(),
  notify: z.string().optional(),
  /** Where approvals that are asked for on the other platform are shown too. */
  approvals: z.string().optional(),
});

/** `airlock.yaml`: people, roles, policy, images and limits. Every member has a default; unknown members are errors. */
export const policyFileSchema = z.strictObject({
  people: z
    .array(
      z.strictObject({
        id: z.string().min(1),
        principals: z.array(principal).min(1),
        roles: z.array(z.string()).default([]),
      }),
    )
    .default([]),
  /** Role -> platform groups (`slack-group:T1:S9`, `discord-role:G1:77`) or principals that hold it. */
  roles: z.partialRecord(role, z.array(z.string())).default({}),
  channels: z
    .strictObject({
      slack: rooms.optional(),
      discord: rooms.optional(),
    })
    .prefault({}),
  levels: z
    .strictObject({
      high: terms({ approvals: 1, roles: ['approver', 'admin'], expiresIn: '1h', verification: 'none' }),
      critical: terms({ approvals: 2, roles: ['admin'], expiresIn: '30m', verification: 'typed-hash' }),
    })
    .prefault({}),
  /** Ordered, first match wins; the built-in defaults follow. */
  rules: z
    .array(
      z
        .strictObject({
          kind: z.enum(ACTION_KINDS),
          /** A regular expression over the command line (agent.exec); `.` matches newlines too. */
          command: z
            .string()
            .min(1, 'a regular expression')
            .max(MAX_PATTERN_LENGTH, `a regular expression of at most ${MAX_PATTERN_LENGTH} characters`)
            .superRefine((pattern, context) => {
              const problem = patternProblem(pattern);
              if (problem !== null) context.addIssue({ code: 'custom', message: problem });
            })
            .optional(),
          network: z.boolean().optional(),
          image: z.string().optional(),
          level,
          reason: z.string().min(1).max(200, 'a reason of at most 200 characters'),
        })
        .refine((rule) => rule.command === undefined || rule.kind === 'agent.exec', {
          path: ['command'],
          message: 'a command pattern only in a rule of kind agent.exec',
        }),
    )
    .default([]),
  limits: z
    .strictObject({
      maxAgents: whole(1, 1000).default(10),
      perPerson: whole(1, 1000).default(10),
      pendingPerPerson: whole(1, 100).default(5),
      requestsPerMinute: whole(1, 10_000).default(60),
      cpuCores: z
        .number('a number above 0, at most 1024')
        .positive('a number above 0, at most 1024')
        .max(1024, 'a number above 0, at most 1024')
        .optional(),
      memoryMb: whole(1, 16_777_216).optional(),
      diskMb: whole(1, 16_777_216).optional(),
      maxProcesses: whole(1, 1_000_000).optional(),
      timeToLive: durationMs.prefault('24h'),
    })
    .prefault({}),
  /** Name -> a root file system, a directory or a tar file on this host; or an image of the container engine. */
  images: z
    .record(
      z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/),
      z
        .strictObject({
          rootfs: z.string().optional(),
          engine: z.string().regex(ENGINE_IMAGE_PATTERN, ENGINE_IMAGE).optional(),
        })
        .refine(({ rootfs, engine }) => (rootfs === undefined) !== (engine === undefined), ONE_SOURCE),
    )
    .default({}),
  /** Images of the container engine may be asked for by the names it has them under, and not only by those of `images`. */
  engineImages: z.boolean().default(false),
  defaultImage: z.string().default('busybox'),
  defaultSandbox: z.string().optional(),
});
export type PolicyFile = z.output<typeof policyFileSchema>;

/** The environment. `.env.example` lists exactly these names (a test compares). */
export const environmentSchema = z.object({
  AIRLOCK_DATA_DIR: z.string().min(1).default('./data'),
  AIRLOCK_CONFIG: z.string().min(1).optional(),
  AIRLOCK_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('warn'),
  AIRLOCK_ADMINS: list(principal),
  AIRLOCK_ON_EXIT: z.enum(['stop', 'leave']).optional(),
  /** Goes before `limits.maxAgents` of the file. */
  AIRLOCK_MAX_AGENTS: wholeFromText(1, 1000).optional(),
  AIRLOCK_EXEC_TIMEOUT: durationMs.prefault('30s'),
  AIRLOCK_CREATE_TIMEOUT: durationMs.prefault('60s'),
  AIRLOCK_STOP_GRACE: durationMs.prefault('10s'),
  AIRLOCK_STOP_TIMEOUT: durationMs.prefault('30s'),
  AIRLOCK_TIME_TO_LIVE: durationMs.prefault('8h'),
  AIRLOCK_IDLE_STOP: durationMs.prefault('1h'),
  AIRLOCK_RUNSC: z.string().min(1).optional(),
  AIRLOCK_GVISOR_HOSTINET: z.enum(['allow', 'deny']).default('deny'),
  AIRLOCK_KATA_ENGINE: z.enum(KATA_ENGINES, KATA_ENGINE).optional(),
  AIRLOCK_KATA_RUNTIME: z
    .string()
    .regex(/^(kata|io\.containerd\.kata)[a-z0-9._-]{0,62}$/, KATA_RUNTIME)
    .optional(),
  /** Limits that may be missing on this host, by name: `cpu,memory`. */
  AIRLOCK_ALLOW_UNENFORCED: list(z.enum(UNENFORCEABLE)),
  AIRLOCK_NO_INSTALL: z.enum(['0', '1']).default('0'),
  SLACK_BOT_TOKEN: z
    .string()
    .regex(/^xoxb-\S+$/, SLACK_BOT_TOKEN)
    .optional(),
  SLACK_APP_TOKEN: z
    .string()
    .regex(/^xapp-\S+$/, SLACK_APP_TOKEN)
    .optional(),
  SLACK_SIGNING_SECRET: z.string().min(1).optional(),
  /** With it and the signing secret Slack's requests come over HTTP instead of Socket Mode. */
  AIRLOCK_SLACK_PORT: wholeFromText(1, 65_535).optional(),
  AIRLOCK_SLACK_HOST: z.string().min(1).default('127.0.0.1'),
  AIRLOCK_SLACK_COMMAND: z
    .string()
    .regex(/^\/[a-z0-9][a-z0-9_-]{0,30}$/, SLACK_COMMAND)
    .default('/agent'),
  /** The team's room: its members are operators, and it gets the notices, where the file does not say otherwise. */
  AIRLOCK_SLACK_CHANNEL: z
    .string()
    .regex(/^[CG][A-Z0-9]{1,20}$/, SLACK_CHANNEL)
    .optional(),
  AIRLOCK_SLACK_API_URL: apiUrl.default('https://slack.com/api/'),
  DISCORD_BOT_TOKEN: z.string().min(1).optional(),
  DISCORD_APPLICATION_ID: z.string().min(1).optional(),
  /** Where the commands are registered; left out, everywhere the bot is. */
  DISCORD_GUILD_ID: discordId.optional(),
  /** As AIRLOCK_SLACK_CHANNEL. */
  AIRLOCK_DISCORD_CHANNEL: discordId.optional(),
  AIRLOCK_DISCORD_API_URL: apiUrl.default('https://discord.com/api'),
});
export type Environment = z.output<typeof environmentSchema>;

/** Variables whose values never leave this process: not in errors, logs or cards. */
export const SECRET_VARIABLES = [
  'SLACK_BOT_TOKEN',
  'SLACK_APP_TOKEN',
  'SLACK_SIGNING_SECRET',
  'DISCORD_BOT_TOKEN',
] as const satisfies readonly (keyof Environment)[];

/** Everything a run is configured by, validated. `loadConfig` makes it. */
export interface Config {
  environment: Environment;
  /** Absolute. */
  dataDir: string;
  /** Absolute path of the file in force; null = none, defaults. */
  policyPath: string | null;
  policy: PolicyFile;
  /** Names of the channels that are configured; `terminal` when no other is. */
  channels: readonly string[];
  onExit: 'stop' | 'leave';
}
