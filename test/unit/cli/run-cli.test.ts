import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CLI_USAGE, runCli } from '../../../src/cli/run-cli.ts';
import type { Facts } from '../../../src/doctor/facts.ts';
import type { Check } from '../../../src/model/check.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { silentLogger } from '../../../src/lib/logger.ts';
import type { AuditDraft } from '../../../src/model/audit.ts';
import { openStore } from '../../../src/store/sqlite/open-store.ts';
import { healthyFacts, unavailableRuntime } from '../../fixtures/doctor-facts.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'airlock-cli-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function cli(
  argv: readonly string[],
  options: { facts?: Partial<Facts>; env?: Record<string, string>; platforms?: readonly Check[] } = {},
): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const code = await runCli(argv, {
    env: { AIRLOCK_DATA_DIR: directory, ...options.env },
    cwd: directory,
    out: async (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    facts: async () => ({ ...(await healthyFacts()), ...options.facts }),
    checkChannels: async () => options.platforms ?? [],
    registerDiscordCommands: async () => 'the commands are registered',
  });
  return { code, out, err };
}

const draft: AuditDraft = {
  type: 'recovery',
  actionId: null,
  agentId: null,
  actor: 'system',
  data: { text: 'hello' },
};

async function writeAudit(entries: number): Promise<string> {
  const database = path.join(directory, 'airlock.db');
  const store = await openStore({
    path: database,
    dataDir: directory,
    clock: systemClock,
    log: silentLogger,
  });
  await store.transaction(async (tx) => {
    for (let count = 0; count < entries; count += 1) await tx.appendAudit(draft);
  });
  await store.close();
  return database;
}

describe('doctor', () => {
  it('ends with 0 where a sandbox can run and nothing failed', async () => {
    const well = await cli(['doctor']);
    expect(well.code).toBe(0);
    expect(well.out).toMatch(/Sandboxes can run here\.\n$/);
  });

  it('ends with 1 where no sandbox can run, and where a platform refuses the bot', async () => {
    const refused: Check = { subject: 'Slack', status: 'fail', detail: 'invalid_auth', fix: 'new token' };
    const ill = await cli(['doctor'], { facts: { runtimes: [unavailableRuntime] } });
    expect(ill.code).toBe(1);
    expect(ill.out).toMatch(/No sandbox can run here\.\n$/);
    expect(await cli(['doctor'], { platforms: [refused] })).toMatchObject({ code: 1 });
  });
});

describe('audit', () => {
  it('proves the chain and a head noted earlier', async () => {
    await writeAudit(3);
    const verified = await cli(['audit', 'verify']);
    expect(verified.code).toBe(0);
    const head = /^3 entries, chain intact, head ([0-9a-f]{64})\n$/.exec(verified.out)?.[1] ?? '';
    const again = await cli(['audit', 'verify', '--head', head.slice(0, 12)]);
    expect(again).toMatchObject({ code: 0, out: expect.stringContaining('that of entry 3') });
  });

  it('ends with 1 and names the entry when one was changed', async () => {
    const database = await writeAudit(3);
    const raw = new DatabaseSync(database);
    for (const { name } of raw.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").all()) {
      raw.exec(`DROP TRIGGER ${String(name)}`);
    }
    raw.exec('DELETE FROM audit WHERE seq = 2');
    raw.close();
    const { code, err } = await cli(['audit', 'verify']);
    expect(code).toBe(1);
    expect(err).toContain('the audit chain is broken: entry 2 is missing');
  });

  it('ends with 1 when the head is not in the chain', async () => {
    await writeAudit(1);
    const { code, err } = await cli(['audit', 'verify', '--head', 'abcdefabcdef']);
    expect(code).toBe(1);
    expect(err).toContain('is not in the chain');
  });

  it('is exported as JSON lines', async () => {
    await writeAudit(2);
    const { code, out } = await cli(['audit', 'export']);
    expect(code).toBe(0);
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { seq: number });
    expect(lines.map((line) => line.seq)).toEqual([1, 2]);
  });

  it('says what to do where there is no database', async () => {
    const { code, err } = await cli(['audit', 'verify']);
    expect(code).toBe(1);
    expect(err).toMatch(/^airlock: cannot read the database .*start Airlock once.*\n$/);
  });
});

it('discord register registers the slash commands and says so', async () => {
  expect(await cli(['discord', 'register'])).toMatchObject({ code: 0, out: 'the commands are registered\n' });
});

describe('config check', () => {
  it('is content with no file and says so', async () => {
    const { code, out } = await cli(['config', 'check']);
    expect(code).toBe(0);
    expect(out).toBe('configuration is valid: no airlock.yaml, the defaults hold; channels: terminal\n');
  });

  it('ends with 1 and names line and column of a mistake', async () => {
    await writeFile(path.join(directory, 'airlock.yaml'), 'limits:\n  maxAgents: lots\n');
    const { code, err } = await cli(['config', 'check']);
    expect(code).toBe(1);
    expect(err).toMatch(/airlock\.yaml:2:\d+ limits\.maxAgents/);
  });
});

describe('wrong usage', () => {
  it.each([[[]], [['frobnicate']], [['audit']], [['doctor', 'now']], [['doctor', '--head', 'x']]])(
    'of %j ends with 2 and the list of commands',
    async (argv) => {
      const { code, err, out } = await cli(argv);
      expect(code).toBe(2);
      expect(err).toContain(CLI_USAGE);
      expect(out).toBe('');
    },
  );

  it('of an unknown option names it', async () => {
    const { code, err } = await cli(['doctor', '--frobnicate']);
    expect(code).toBe(1);
    expect(err).toContain('--frobnicate');
  });

  it('is not a call for help', async () => {
    expect(await cli(['--help'])).toEqual({ code: 0, out: CLI_USAGE, err: '' });
  });
});
