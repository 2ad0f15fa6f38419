/**
 * Fetches gVisor's current official release of runsc, checks its SHA-512 and puts it at the path given. Ends with 1 and
 * one line when the release cannot be reached within 5 s or is damaged; then nothing was written.
 */
import { createHash, randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { arch } from 'node:os';

const REACH_TIMEOUT_MS = 5000;
const DOWNLOAD_TIMEOUT_MS = 120_000;
const MACHINES: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' };

async function fetchRunsc(target: string): Promise<void> {
  const machine = MACHINES[arch()];
  if (machine === undefined) throw new Error(`gVisor has no release for ${arch()}`);
  const base = `https://storage.googleapis.com/gvisor/releases/release/latest/${machine}`;
  const checksumFile = (await download(`${base}/runsc.sha512`, REACH_TIMEOUT_MS)).toString('utf8');
  const expected = /^([0-9a-f]{128})\s/.exec(checksumFile)?.[1];
  if (expected === undefined) throw new Error('the checksum file of the release is not one');
  const program = await download(`${base}/runsc`, DOWNLOAD_TIMEOUT_MS);
  if (createHash('sha512').update(program).digest('hex') !== expected) {
    throw new Error('the release does not have the checksum it is published with');
  }
  const partial = `${target}.${randomUUID()}`;
  try {
    await writeFile(partial, program, { mode: 0o755 });
    await rename(partial, target);
  } finally {
    await rm(partial, { force: true });
  }
}

async function download(url: string, timeoutMs: number): Promise<Buffer> {
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}

const [target] = process.argv.slice(2);
try {
  if (target === undefined) throw new Error('usage: fetch-runsc.ts <target>');
  await fetchRunsc(target);
} catch (error) {
  // fetch says only "fetch failed" and keeps the reason in the cause.
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const reason = cause instanceof Error ? cause.message : String(cause);
  console.error(`setup: gVisor's release cannot be had (${reason})`);
  process.exitCode = 1;
}
