import path from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfig } from '../config/load-config.ts';
import type { Config } from '../config/schema.ts';
import { type Check, renderChecks } from '../doctor/check.ts';
import { diagnose } from '../doctor/diagnose.ts';
import type { Facts } from '../doctor/facts.ts';
import { AppError, toAppError } from '../errors.ts';
import { escapeLine } from '../lib/escape-text.ts';
import { exportAudit } from '../store/audit-export.ts';
import { verifyAudit } from '../store/audit-verify.ts';
import { DATABASE_FILE } from '../store/sqlite/data-directory.ts';
import { openStoreReadOnly, type ReadOnlyStore } from '../store/sqlite/open-store.ts';

export interface CliParts {
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  /** Resolves when the text is taken: a slow reader slows the export down. */
  out(text: string): Promise<void>;
  err(text: string): void;
  /** Asks the host; `hostFacts` but in tests. */
  facts(options: Pick<CliParts, 'env' | 'cwd'>): Promise<Facts>;
  /** Asks the platforms that are configured; `checkChannels` but in tests. */
  checkChannels(config: Config): Promise<readonly Check[]>;
  /** Registers the slash commands; a sentence about it. `registerDiscordCommands` but in tests. */
  registerDiscordCommands(config: Config): Promise<string>;
}

export const CLI_USAGE = `usage: npm run airlock -- <command>
  doctor                     what this host and its chat platforms can do, what is missing and how to mend it;
                             1 when a line says FAIL or no sandbox can run
  audit verify [--head H]    prove the audit chain, and that the head H noted earlier is in it; 1 when it is broken
  audit export               the audit as JSON lines on standard output
  config check               check the environment and airlock.yaml; 1 when something is wrong
  discord register           register the slash commands on Discord now; every start does so too
`;

/** Runs one operator's command; returns the exit code: 0 well, 1 what was asked about is not well, 2 wrong usage. */
export async function runCli(argv: readonly string[], parts: CliParts): Promise<number> {
  try {
    return await dispatch(argv, parts);
  } catch (error) {
    const { message, hint } = toAppError(error);
    parts.err(`airlock: ${message}${hint === undefined ? '' : ` (${hint})`}\n`);
    return 1;
  }
}

async function dispatch(argv: readonly string[], parts: CliParts): Promise<number> {
  const { positionals, values } = parseArguments(argv);
  const command = positionals.join(' ');
  if (values.head !== undefined && command !== 'audit verify')
    return usage(parts, '--head belongs to audit verify');
  if (values.help === true) {
    await parts.out(CLI_USAGE);
    return 0;
  }
  switch (command) {
    case 'doctor':
      return doctor(parts);
    case 'audit verify':
      return withStore(parts, (store) => auditVerify(store, values.head, parts));
    case 'audit export':
      return withStore(parts, async (store) => {
        for await (const line of exportAudit(store)) await parts.out(line);
        return 0;
      });
    case 'config check':
      return configCheck(parts);
    case 'discord register':
      await parts.out(`${await parts.registerDiscordCommands(await loadConfig(parts))}\n`);
      return 0;
    default:
      return usage(parts, command === '' ? 'name a command' : `no command "${escapeLine(command)}"`);
  }
}

function parseArguments(argv: readonly string[]): {
  positionals: string[];
  values: { head?: string; help?: boolean };
} {
  try {
    const { positionals, values } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { head: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    });
    return { positionals, values: { ...values } };
  } catch (error) {
    throw new AppError('UNKNOWN_OPTION', error instanceof Error ? error.message : String(error), {
      hint: 'npm run airlock -- --help lists the commands',
    });
  }
}

async function doctor(parts: CliParts): Promise<number> {
  const facts = await parts.facts(parts);
  const { checks, sandboxesRun } = diagnose(facts);
  const platforms = facts.config === null ? [] : await parts.checkChannels(facts.config);
  const all = [...checks, ...platforms];
  await parts.out(renderChecks(all));
  await parts.out(sandboxesRun ? 'Sandboxes can run here.\n' : 'No sandbox can run here.\n');
  return sandboxesRun && all.every(({ status }) => status !== 'fail') ? 0 : 1;
}

async function auditVerify(store: ReadOnlyStore, head: string | undefined, parts: CliParts): Promise<number> {
  const verdict = await verifyAudit(store, head === undefined ? {} : { head });
  if (!verdict.intact) {
    throw new AppError('AUDIT_BROKEN', `the audit chain is broken: ${verdict.reason}`, {
      hint: `${verdict.entries} entries from the first on are proved; compare with a backup and with the heads posted to the team channel`,
    });
  }
  const at = verdict.headSeq === null ? '' : `; the head given is that of entry ${verdict.headSeq}`;
  await parts.out(`${verdict.entries} entries, chain intact, head ${verdict.head}${at}\n`);
  return 0;
}

async function configCheck(parts: CliParts): Promise<number> {
  const config = await loadConfig(parts);
  for (const warning of config.warnings) await parts.out(`warning: ${warning}\n`);
  await parts.out(
    `configuration is valid: ${config.policyPath ?? 'no airlock.yaml, the defaults hold'}; channels: ${config.channels.join(', ')}\n`,
  );
  return 0;
}

async function withStore(parts: CliParts, work: (store: ReadOnlyStore) => Promise<number>): Promise<number> {
  const { dataDir } = await loadConfig(parts);
  const store = await openStoreReadOnly({ path: path.join(dataDir, DATABASE_FILE) });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

function usage(parts: CliParts, problem: string): number {
  parts.err(`airlock: ${problem}\n${CLI_USAGE}`);
  return 2;
}
