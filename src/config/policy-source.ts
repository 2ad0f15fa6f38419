import { AppError } from '../errors.ts';
import type { Logger } from '../lib/logger.ts';
import { type LoadedConfig, withOverrides } from './load-config.ts';
import { type ReadPolicyFile, readPolicyFile } from './read-policy-file.ts';
import type { PolicyFile } from './schema.ts';

/** The policy in force. Whoever decides by it asks again each time and keeps no copy. */
export interface PolicySource {
  current(): PolicyFile;
  /** SHA-256 of the file in force; null when there is none. */
  currentSha256(): string | null;
  /** Reads and checks the file on disk without putting it in force. Throws CONFIG_INVALID. */
  preview(): Promise<{ path: string; sha256: string | null; warnings: readonly string[] }>;
  /**
   * Puts the file on disk in force and returns it. Throws CONFIG_INVALID when it is broken or is gone, RECHECK_FAILED when it
   * is not the file of `expectedSha256`; then the old one stays in force.
   */
  reload(expectedSha256?: string | null): Promise<PolicyFile>;
}

/** Starts with what `loadConfig` read. */
export function createPolicySource(deps: {
  config: Pick<LoadedConfig, 'policy' | 'policyFile' | 'policySha256' | 'environment'>;
  log: Logger;
}): PolicySource {
  const { config, log } = deps;
  let policy = config.policy;
  let sha256 = config.policySha256;

  /** A file that was in force must not vanish unnoticed: its rules would go with it. */
  const read = (): Promise<ReadPolicyFile> =>
    readPolicyFile({
      path: config.policyFile.path,
      required: config.policyFile.required || sha256 !== null,
    });

  return {
    current: () => policy,
    currentSha256: () => sha256,
    async preview() {
      const found = await read();
      return { path: config.policyFile.path, sha256: found.sha256, warnings: found.warnings };
    },
    async reload(expectedSha256) {
      const found = await read();
      if (expectedSha256 !== undefined && found.sha256 !== expectedSha256) {
        throw new AppError(
          'RECHECK_FAILED',
          `did not reload ${config.policyFile.path}: it was changed after the approval was asked for`,
          { hint: 'ask for the reload again, so that people approve what the file says now' },
        );
      }
      policy = withOverrides(found.policy, config.environment);
      sha256 = found.sha256;
      for (const warning of found.warnings) log.warn({ warning }, 'policy file');
      return policy;
    },
  };
}
