import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load-config.ts';
import { createPolicySource } from '../../../src/config/policy-source.ts';
import { AppError } from '../../../src/errors.ts';
import { silentLogger } from '../../../src/lib/logger.ts';

const SLACK = { SLACK_BOT_TOKEN: 'xoxb-1', SLACK_APP_TOKEN: 'xapp-1' };

/** A directory with this airlock.yaml, and ways to load from it. */
async function place(yaml?: string | Uint8Array) {
  const cwd = await mkdtemp(join(tmpdir(), 'airlock-config-'));
  const write = (text: string | Uint8Array, name = 'airlock.yaml') => writeFile(join(cwd, name), text);
  if (yaml !== undefined) await write(yaml);
  const load = (env: Record<string, string> = {}) => loadConfig({ env, cwd });
  return {
    cwd,
    write,
    load,
    async messageOf(env: Record<string, string> = {}): Promise<string> {
      const error: unknown = await load(env).then(
        () => null,
        (thrown: unknown) => thrown,
      );
      if (error instanceof AppError && error.code === 'CONFIG_INVALID') return error.message;
      throw new Error('the configuration was not refused', { cause: error });
    },
    [Symbol.asyncDispose]: () => rm(cwd, { recursive: true, force: true }),
  };
}

test('needs nothing: no variables and no file give the defaults', async () => {
  await using here = await place();
  const config = await here.load({ AIRLOCK_LOG_LEVEL: '', AIRLOCK_CONFIG: ' ' });
  expect(config).toMatchObject({
    dataDir: join(here.cwd, 'data'),
    policyPath: null,
    channels: ['terminal'],
    onExit: 'stop',
    warnings: [],
    policy: {
      limits: { maxAgents: 10, requestsPerMinute: 60 },
      levels: { critical: { approvals: 2, expiresIn: 1_800_000 } },
    },
    environment: { AIRLOCK_EXEC_TIMEOUT: 30_000, AIRLOCK_IDLE_STOP: 3_600_000 },
  });
});

test('a configured channel takes the place of the terminal, and agents are left running on exit', async () => {
  await using here = await place();
  const discord = { DISCORD_BOT_TOKEN: 'discord-1', DISCORD_APPLICATION_ID: '1' };
  const config = await here.load({ ...SLACK, ...discord });
  expect(config).toMatchObject({ channels: ['slack', 'discord'], onExit: 'leave' });
  expect((await here.load({ ...SLACK, AIRLOCK_ON_EXIT: 'stop' })).onExit).toBe('stop');
});

test('a Discord token needs the id of its application', async () => {
  await using here = await place();
  await expect(here.load({ DISCORD_BOT_TOKEN: 'discord-1' })).rejects.toThrow(/DISCORD_APPLICATION_ID/);
});

test('secrets are scrubbed from then on and are in no error', async () => {
  await using here = await place();
  const config = await here.load({
    SLACK_BOT_TOKEN: 'xoxb-secret',
    SLACK_SIGNING_SECRET: 'shhhhhhh',
    AIRLOCK_SLACK_PORT: '3000',
  });
  expect(config.redactor.scrub('xoxb-secret and shhhhhhh')).toBe('[redacted] and [redacted]');
  expect(await here.messageOf({ SLACK_BOT_TOKEN: 'xoxb-secret', AIRLOCK_MAX_AGENTS: '0' })).not.toContain(
    'xoxb',
  );
});

test('a token of another kind is refused without being shown', async () => {
  await using here = await place();
  const message = await here.messageOf({ SLACK_BOT_TOKEN: 'xapp-secret', SLACK_APP_TOKEN: 'xoxb-secret' });
  expect(message).toContain('SLACK_BOT_TOKEN: write the bot token of the app, which begins with xoxb-');
  expect(message).toContain('SLACK_APP_TOKEN: write the app-level token of the app, which begins with xapp-');
  expect(message).not.toContain('secret');
});

test('Slack needs a way for requests to come in: a socket or a port with the signing secret', async () => {
  await using here = await place();
  const bot = { SLACK_BOT_TOKEN: 'xoxb-1' };
  expect(await here.messageOf(bot)).toContain('SLACK_APP_TOKEN: add the app-level token');
  expect(await here.messageOf({ ...bot, SLACK_SIGNING_SECRET: 'shh' })).toContain('AIRLOCK_SLACK_PORT');
  const port = { AIRLOCK_SLACK_PORT: '3000' };
  const lonely = 'AIRLOCK_SLACK_PORT = 3000: add SLACK_SIGNING_SECRET';
  expect(await here.messageOf({ ...bot, ...port })).toContain(lonely);
  expect(await here.messageOf({ ...SLACK, ...port })).toContain(lonely);
  expect((await here.load({ ...bot, ...port, SLACK_SIGNING_SECRET: 'shh' })).channels).toEqual(['slack']);
  expect((await here.load(SLACK)).channels).toEqual(['slack']);
});

test('the team channel of the environment stands in for what the file does not say', async () => {
  await using here = await place();
  const env = { ...SLACK, AIRLOCK_SLACK_CHANNEL: 'C1', AIRLOCK_DISCORD_CHANNEL: '77' };
  expect((await here.load(env)).policy.channels).toEqual({
    slack: { operators: ['C1'], notify: 'C1' },
    discord: { operators: ['77'], notify: '77' },
  });
  await here.write('channels: { slack: { operators: [] } }');
  const config = await here.load(env);
  expect(config.policy.channels.slack).toEqual({ operators: [], notify: 'C1' });
  await here.write('channels: { discord: { approvals: "88" } }');
  const discord = { operators: ['77'], notify: '77', approvals: '88' };
  expect((await here.load(env)).policy.channels.discord).toEqual(discord);
  await here.write('channels: { slack: { notify: C9 } }');
  const source = createPolicySource({ config, log: silentLogger });
  expect((await source.reload()).channels.slack).toEqual({ operators: ['C1'], notify: 'C9' });
  expect((await here.load(SLACK)).policy.channels).toEqual({ slack: { notify: 'C9' } });
});

test('AIRLOCK_MAX_AGENTS goes before the file', async () => {
  await using here = await place('limits: { maxAgents: 3, perPerson: 2 }');
  expect((await here.load()).policy.limits.maxAgents).toBe(3);
  expect((await here.load({ AIRLOCK_MAX_AGENTS: '20' })).policy.limits).toMatchObject({
    maxAgents: 20,
    perPerson: 2,
  });
});

test('every problem of environment and file is listed in one error, with value, range and place', async () => {
  await using here = await place(
    'limits:\n  maxAgents: 0\n  perPersn: 3\nlevels:\n  high: { expiresIn: soon }\nrules:\n  - { kind: agent.exec, command: "(a+)+", level: high, reason: x }\n  - { kind: agent.exek, level: top, reason: x }\n',
  );
  const message = await here.messageOf({
    AIRLOCK_MAX_AGENTS: '0',
    AIRLOCK_ON_EXIT: 'maybe',
    AIRLOCK_EXEC_TIMEOUT: '-5s',
    AIRLOCK_ADMINS: 'slack:T1:U1,alice',
    AIRLOCK_ALLOW_UNENFORCED: 'gpu',
  });
  const file = join(here.cwd, 'airlock.yaml');
  for (const line of [
    'AIRLOCK_MAX_AGENTS = "0": write a whole number from 1 to 1000',
    'AIRLOCK_ON_EXIT = "maybe": write one of stop, leave',
    'AIRLOCK_EXEC_TIMEOUT = "-5s": write a duration such as 30s, 10m, 8h or 2d',
    'AIRLOCK_ADMINS = "slack:T1:U1,alice": write a principal such as slack:T1:U2',
    'AIRLOCK_ALLOW_UNENFORCED = "gpu": write one of cpu, memory',
    `${file}:2:14 limits.maxAgents = 0: write a whole number from 1 to 1000`,
    `${file}:3:3 limits.perPersn: remove it`,
    `${file}:5:22 levels.high.expiresIn = "soon": write a duration such as`,
    `${file}:7:34 rules[0].command = "(a+)+": write a regular expression without a repeated group`,
    `${file}:8:13 rules[1].kind = "agent.exek": write one of agent.create`,
    `${file}:8:32 rules[1].level = "top": write one of low, medium, high, critical`,
  ]) {
    expect(message).toContain(line);
  }
  expect(message).toContain('has 11 problems');
});

test.each([
  ['an unclosed bracket', 'people: [\n  - x', ':2:'],
  ['a key given twice', 'limits: {}\nlimits: {}\n', ':2:1'],
  ['a tab for indentation', 'limits:\n\tmaxAgents: 3\n', ':2:1'],
])('tells line and column of %s', async (_what, yaml, where) => {
  await using here = await place(yaml);
  const message = await here.messageOf();
  expect(message).toContain(`airlock.yaml${where}`);
  expect(message).toContain('correct the YAML');
});

test.each([
  ['a list instead of a mapping', '- a\n', 'airlock.yaml:1:1'],
  ['a missing member', 'people:\n  - id: alice\n', ':2:5 people[0].principals: add it: a list is needed'],
  ['a number for a name', 'channels: { slack: { operators: [123456789012345678] } }', 'put it in quotes'],
  [
    'one principal of two people',
    'people:\n  - { id: a, principals: [discord:1] }\n  - { id: b, principals: [discord:1] }\n',
    ':3:27 people[1].principals[0] = "discord:1": list it once: it belongs to a already',
  ],
  [
    'two people of one id',
    'people:\n  - { id: a, principals: [discord:1] }\n  - { id: a, principals: [discord:2] }\n',
    ':3:11 people[1].id',
  ],
  [
    'an unknown default image',
    'defaultImage: debain\nimages: { debian: { rootfs: /x } }',
    ':1:15 defaultImage = "debain": write one of busybox, debian',
  ],
  [
    'an image from two places',
    'images: { debian: { rootfs: /x, engine: "debian:13" } }',
    'images.debian: write either rootfs or engine',
  ],
  [
    'an image that no engine can have',
    'images: { debian: { engine: "--help" } }',
    'images.debian.engine = "--help": write the name that the container engine lists, such as python:3.12',
  ],
  [
    'a command pattern on another kind',
    'rules: [{ kind: agent.stop, command: x, level: low, reason: x }]',
    'only in a rule of kind agent.exec',
  ],
  [
    'aliases that multiply',
    `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefgh'
      .split('')
      .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[index]}`).join(',')}]`)
      .join('\n')}\n`,
    'correct the YAML',
  ],
])('refuses %s', async (_what, yaml, says) => {
  await using here = await place(yaml);
  expect(await here.messageOf()).toContain(says);
});

test('refuses a file that is no UTF-8 or far too large', async () => {
  await using here = await place(Uint8Array.from([0x61, 0x3a, 0xff, 0xfe]));
  expect(await here.messageOf()).toContain('save it as UTF-8');
  await here.write('#'.repeat(1024 * 1024 + 1));
  expect(await here.messageOf()).toContain('at most 1048576 bytes');
});

test('a file that is named must be there; the default one need not', async () => {
  await using here = await place();
  expect(await here.messageOf({ AIRLOCK_CONFIG: 'policy.yaml' })).toContain(
    `${join(here.cwd, 'policy.yaml')}: there is no such file`,
  );
  await here.write('limits: { maxAgents: 4 }', 'policy.yaml');
  const config = await here.load({ AIRLOCK_CONFIG: 'policy.yaml' });
  expect(config).toMatchObject({
    policyPath: join(here.cwd, 'policy.yaml'),
    policy: { limits: { maxAgents: 4 } },
  });
});

test('an empty file is the defaults', async () => {
  await using here = await place('# nothing yet\n');
  expect((await here.load()).policy.limits.maxAgents).toBe(10);
});

test('what has no effect is warned of', async () => {
  await using here = await place(
    'people:\n  - { id: a, principals: [discord:1], roles: [admni] }\nroles: { approver: [slack-grp:S9] }\nlevels: { high: { roles: [release-team] } }\n',
  );
  const { warnings } = await here.load({ AIRLOCK_MAX_AGENT: '3' });
  expect(warnings).toHaveLength(4);
  expect(warnings[0]).toContain('did you mean AIRLOCK_MAX_AGENTS?');
  expect(warnings.join('\n')).toMatch(/:2:47 people\[0\].roles\[0\]: "admni" .*did you mean admin\?/);
  expect(warnings.join('\n')).toContain('"slack-grp:S9"');
  expect(warnings.join('\n')).toContain('"release-team"');
});

test('a reload puts the file on disk in force, the override included', async () => {
  await using here = await place('limits: { perPerson: 2 }');
  const config = await here.load({ AIRLOCK_MAX_AGENTS: '5' });
  const source = createPolicySource({ config, log: silentLogger });
  await here.write('limits: { perPerson: 3, maxAgents: 50 }');
  expect(source.current().limits.perPerson).toBe(2);

  const { sha256 } = await source.preview();
  await source.reload(sha256);

  expect(source.current().limits).toMatchObject({ perPerson: 3, maxAgents: 5 });
  expect(source.currentSha256()).toBe(sha256);
});

test.each([
  ['broken', 'limits: [', 'CONFIG_INVALID'],
  ['changed since it was approved', 'limits: { perPerson: 9 }', 'RECHECK_FAILED'],
])('a file that is %s leaves the old one in force', async (_what, yaml, code) => {
  await using here = await place('limits: { perPerson: 2 }');
  const source = createPolicySource({ config: await here.load(), log: silentLogger });
  const { sha256 } = await source.preview();
  await here.write(yaml);
  await expect(source.reload(sha256)).rejects.toMatchObject({ code });
  expect(source.current().limits.perPerson).toBe(2);
  expect(source.currentSha256()).toBe(sha256);
});

test('a file that was in force and is gone is no reload to the defaults', async () => {
  await using here = await place('limits: { perPerson: 2 }');
  const source = createPolicySource({ config: await here.load(), log: silentLogger });
  await rm(join(here.cwd, 'airlock.yaml'));
  await expect(source.reload()).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  expect(source.current().limits.perPerson).toBe(2);
});
