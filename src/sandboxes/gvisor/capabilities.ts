import { AppError } from '../../errors.ts';
import { run } from '../../lib/run.ts';

/** What this runsc can do, told by itself; argv is built from it because an unknown flag is a hard error. */
export interface RunscCapabilities {
  /** Absolute path. */
  binary: string;
  /** As `runsc --version` says; `unknown` for a build without one. */
  version: string;
  /** Epoch milliseconds of the date in the version; null when it has none. */
  releasedAt: number | null;
  /** Names of the global flags. */
  flags: ReadonlySet<string>;
  commands: ReadonlySet<string>;
  /** Platforms worth a probe, the best first. */
  platforms: readonly string[];
}

const PROBE_TIMEOUT_MS = 10_000;

/** Asks the binary once: `--version`, `flags`, `help`. Throws NO_RUNTIME when it is none. */
export async function readCapabilities(binary: string): Promise<RunscCapabilities> {
  const [version, flags, help] = await Promise.all(
    ['--version', 'flags', 'help'].map((argument) =>
      run({ file: binary, args: [argument], timeoutMs: PROBE_TIMEOUT_MS }),
    ),
  );
  if (version?.exitCode !== 0 || !version.stdout.startsWith('runsc version')) {
    throw new AppError('NO_RUNTIME', `${binary} does not answer as runsc does`, {
      hint: 'install gVisor (runsc) or set AIRLOCK_RUNSC to its path',
      context: { stdout: version?.stdout.slice(0, 200), stderr: version?.stderr.slice(0, 200) },
    });
  }
  return parseCapabilities(binary, {
    version: version.stdout,
    // Old ones print the flags to standard error, current ones to standard output.
    flags: `${flags?.stdout ?? ''}\n${flags?.stderr ?? ''}`,
    help: `${help?.stdout ?? ''}\n${help?.stderr ?? ''}`,
  });
}

/** The pure half of {@link readCapabilities}. */
export function parseCapabilities(
  binary: string,
  said: { version: string; flags: string; help: string },
): RunscCapabilities {
  const word = /^runsc version\s+(\S+)/.exec(said.version)?.[1] ?? 'unknown';
  const version = word === 'VERSION_MISSING' ? 'unknown' : word.replace(/^release-/, '');
  return {
    binary,
    version,
    releasedAt: dateInVersion(version),
    flags: new Set([...said.flags.matchAll(/^ {2}-([A-Za-z0-9_-]+)/gm)].map((match) => match[1] ?? '')),
    commands: new Set([...said.help.matchAll(/^\t([a-z][a-z-]*) {2,}/gm)].map((match) => match[1] ?? '')),
    platforms: platformsOf(said.flags),
  };
}

/**
 * systrap before ptrace; kvm is never tried unasked, because it hangs where /dev/kvm exists without hardware behind
 * it. Releases of 2022 do not know systrap and do not list their platforms, current ones list them.
 */
function platformsOf(flags: string): string[] {
  const text = /^ {2}-platform [^\n]*\n([^\n]*)/m.exec(flags)?.[1] ?? '';
  const known = ['systrap', 'ptrace'].filter((platform) => text.includes(platform));
  return known.length === 0 ? ['ptrace'] : known;
}

function dateInVersion(version: string): number | null {
  const match = /(20\d\d)(\d\d)(\d\d)/.exec(version);
  if (match === null) return null;
  const at = Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3]));
  return Number.isNaN(at) ? null : at;
}
