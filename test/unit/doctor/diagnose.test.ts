import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load-config.ts';
import { renderChecks } from '../../../src/doctor/check.ts';
import { diagnose } from '../../../src/doctor/diagnose.ts';
import type { Facts } from '../../../src/doctor/facts.ts';
import { AppError } from '../../../src/errors.ts';
import { healthyFacts, unavailableRuntime } from '../../fixtures/doctor-facts.ts';

async function report(changes: Partial<Facts> = {}): Promise<{ text: string; sandboxesRun: boolean }> {
  const { checks, sandboxesRun } = diagnose({ ...(await healthyFacts()), ...changes });
  return { text: renderChecks(checks), sandboxesRun };
}

describe('on a healthy host', () => {
  it('has neither a failure nor a warning and says what is in force', async () => {
    const { text, sandboxesRun } = await report();
    expect(sandboxesRun).toBe(true);
    expect(text).not.toMatch(/FAIL|WARN/);
    expect(text).toContain('version 20261101.0; started a container on platform systrap');
    expect(text).toContain('cpu, memory, processes and disk are enforced (cgroup v2)');
  });
});

describe('with one of two runtimes', () => {
  const kata = { ...unavailableRuntime, type: 'kata', missing: ['docker has no Kata runtime'] };

  it('notes what the other lacks, without a failure', async () => {
    const { text, sandboxesRun } = await report({ runtimes: [...(await healthyFacts()).runtimes, kata] });
    expect(sandboxesRun).toBe(true);
    expect(text).toMatch(/^- +kata +docker has no Kata runtime\n +-> install it$/m);
    expect(text).not.toContain('FAIL');
  });

  it('warns where the environment names the other, and fails where agents would get it by default', async () => {
    const { runtimes } = await healthyFacts();
    const named = await report({ runtimes: [...runtimes, { ...kata, configured: true }] });
    expect(named.text).toMatch(/^WARN +kata +docker has no Kata runtime\n +-> install it$/m);

    const config = await loadConfig({ env: {}, cwd: '/nowhere' });
    const policy = { ...config.policy, defaultSandbox: 'kata' };
    const preferred = await report({ runtimes: [...runtimes, kata], config: { ...config, policy } });
    expect(preferred.text).toMatch(
      /^FAIL +kata +docker has no Kata runtime; it is the defaultSandbox of airlock.yaml, so agents without --sandbox are refused\n +-> install it$/m,
    );
  });

  it('warns of a pair that is known not to work', async () => {
    const { runtimes } = await healthyFacts();
    const bad = 'Docker 28.2.2 gives Kata 3.20.0 no network: Docker 26 and newer need Kata 3.29 or newer';
    const { text } = await report({
      runtimes: runtimes.map((info) => ({ ...info, type: 'kata', warnings: [bad] })),
    });
    expect(text).toMatch(/^WARN +kata +Docker 28\.2\.2 gives Kata 3\.20\.0 no network/m);
  });
});

describe('without a sandbox', () => {
  it('says why, and how to get one', async () => {
    const { text, sandboxesRun } = await report({ runtimes: [unavailableRuntime] });
    expect(sandboxesRun).toBe(false);
    expect(text).toMatch(/^FAIL +gvisor +runsc is not on PATH\n +-> install it$/m);
    expect(text).toMatch(/^- +limits +cgroup v2; not tried/m);
  });

  it('tells a user without root the command to look again with', async () => {
    const { text } = await report({ isRoot: false, runtimes: [unavailableRuntime] });
    expect(text).toMatch(/^WARN +user +not root.*\n +-> sudo .* doctor$/m);
  });

  it('names each missing program with its package', async () => {
    const { text } = await report({ missingPrograms: [{ program: 'nft', debianPackage: 'nftables' }] });
    expect(text).toMatch(/^FAIL +nft .*\n +-> sudo apt-get install -y nftables$/m);
  });
});

describe('what is not enforced', () => {
  it('is named with the way to allow it', async () => {
    const { runtimes } = await healthyFacts();
    const changed = runtimes.map((info) => ({
      ...info,
      capabilities: { ...info.capabilities, enforced: { cpu: false, memory: false, processes: true } },
    }));
    const { text } = await report({ runtimes: changed, cgroups: 'none' });
    expect(text).toContain('not enforced: cpu, memory (no cgroups that can be written)');
    expect(text).toContain('AIRLOCK_ALLOW_UNENFORCED=cpu,memory');
  });
});

it('warns of an old release, of a closed network, of no reaper, of a small disk', async () => {
  const { runtimes, dataDir } = await healthyFacts();
  const { text } = await report({
    runtimes: runtimes.map((info) => ({ ...info, warnings: ['runsc 2022 is 3 years old'] })),
    network: { usable: false, reason: 'this host has no IPv4 default route' },
    hasTini: false,
    hasLoopDevices: false,
    dataDir: { ...dataDir, freeBytes: 300 * 1024 * 1024 },
  });
  expect(text).toMatch(/^WARN +gvisor +runsc 2022 is 3 years old$/m);
  expect(text).toMatch(/^WARN +network +.*no IPv4 default route$/m);
  expect(text).toMatch(/^WARN +tini +.*\n +-> sudo apt-get install -y tini/m);
  expect(text).toMatch(/^WARN +disk +only 300 MiB free/m);
  expect(text).toMatch(/^FAIL +loop devices/m);
});

it('says which tokens are set and never shows one', async () => {
  const config = await loadConfig({
    env: { SLACK_BOT_TOKEN: 'xoxb-1234567-secret', SLACK_APP_TOKEN: 'xapp-1234567' },
    cwd: '/nowhere',
  });
  const { text } = await report({ config });
  expect(text).toContain('SLACK_BOT_TOKEN is set');
  expect(text).toContain('DISCORD_BOT_TOKEN is not set');
  expect(text).not.toContain('1234567');
});

it('lists every problem of a broken configuration', async () => {
  const env = { AIRLOCK_MAX_AGENTS: 'many', AIRLOCK_LOG_LEVEL: 'loud' };
  const configError: unknown = await loadConfig({ env, cwd: '/nowhere' }).catch((error: unknown) => error);
  if (!(configError instanceof AppError)) throw new Error('the configuration should have been refused');
  const { text } = await report({ config: null, configError });
  expect(text).toMatch(/^FAIL +configuration +AIRLOCK_MAX_AGENTS = "many"/m);
  expect(text).toMatch(/^FAIL +configuration +AIRLOCK_LOG_LEVEL = "loud"/m);
});

it('tells how each channel said it stands and since when, and that a stopped bot tells nothing new', async () => {
  const { dataDir, now } = await healthyFacts();
  const since = now - 90_000;
  const down = { state: 'down', detail: 'invalid_auth\u001b: make a new token', since } as const;
  const channelHealth = [
    { name: 'slack', health: down },
    { name: 'discord', health: { state: 'up', detail: null, since } as const },
    { name: 'terminal', health: null },
  ];
  const { text } = await report({ channelHealth, dataDir: { ...dataDir, usedBy: 4711 } });
  expect(text).toMatch(
    /^WARN +channel slack +down since \S+ \S+ UTC \(1m 30s ago\): invalid_auth\\x1b: make a new token$/m,
  );
  expect(text).toMatch(/^ok +channel discord +up since .* \(1m 30s ago\)$/m);
  expect(text).toMatch(/^- +channel terminal +has not told yet how it stands$/m);
  const stopped = await report({ channelHealth });
  expect(stopped.text).toMatch(/^- +channel slack .*; the bot is not running now$/m);
});

describe('beside a running bot', () => {
  it('names its process and the cards that can never be delivered, controls escaped', async () => {
    const { dataDir } = await healthyFacts();
    const dead = {
      key: 'slack|agent:a1',
      channel: 'slack',
      thread: { channel: 'slack', space: 'T1', room: 'C1', thread: null },
      subject: { type: 'agent' as const, id: 'a1' },
      opensThread: false,
      priority: 1 as const,
      firstSeq: 1,
      wantedSeq: 2,
      shownSeq: 0,
      message: null,
      maybePosted: false,
      deadReason: 'channel_not_found\u001b[31m',
      attempts: 3,
      nextAttemptAt: 0,
      lastError: null,
    };
    const { text } = await report({ dataDir: { ...dataDir, usedBy: 4711 }, deadDeliveries: [dead] });
    expect(text).toContain('in use by process 4711');
    expect(text).toContain(String.raw`slack|agent:a1 can never be delivered: channel_not_found\x1b[31m`);
  });

  it('says that the database cannot be read', async () => {
    const broken = new AppError('DATABASE_CORRUPT', 'the database is damaged', { hint: 'restore a backup' });
    const { text } = await report({ deadDeliveries: broken });
    expect(text).toMatch(/^FAIL +deliveries +the database is damaged\n +-> restore a backup$/m);
  });
});

it('fails a data directory that cannot be written', async () => {
  const { dataDir } = await healthyFacts();
  const { text } = await report({ dataDir: { ...dataDir, state: 'unwritable' } });
  expect(text).toMatch(/^FAIL +data directory +\/srv\/airlock cannot be written/m);
});
