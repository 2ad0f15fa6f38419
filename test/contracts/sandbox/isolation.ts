import { readFileSync } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Kit } from './kit.ts';

const ROOT = { uid: 0, gid: 0 };

/** What code inside must not reach. Each case shows that the thing is there for whom it is meant. */
export function describeIsolation(kit: Kit): void {
  describe('isolation', () => {
    it('keeps the files of the host out of reach', async (context) => {
      if (kit.subject.simulated !== undefined) return context.skip(kit.subject.simulated);
      await using sandbox = await kit.sandbox();
      const directory = await mkdtemp(path.join(tmpdir(), 'airlock-secret-'));
      try {
        const file = path.join(directory, 'secret');
        await writeFile(file, 'host secret', { mode: 0o644 });
        const ran = await sandbox.run(`cat ${file} /proc/1/root${file} /proc/self/root/../..${file}`, {
          user: ROOT,
        });

        expect((await stat(file)).size).toBe('host secret'.length);
        expect(ran.stdout).toBe('');
        expect(ran.outcome.exitCode).not.toBe(0);
      } finally {
        await rm(directory, { recursive: true });
      }
    });

    it('writes nothing into the shared image and shows nothing of it to other agents', async (context) => {
      if (kit.subject.simulated !== undefined) return context.skip(kit.subject.simulated);
      await using first = await kit.sandbox();

      const written = await first.run(
        'echo mine > /etc-of-first; echo mine > /workspace/own; cat /etc-of-first',
        {
          user: ROOT,
        },
      );
      await using second = await kit.sandbox();
      const seen = await second.run('ls / /workspace; cat /etc-of-first', { user: ROOT });

      if (kit.subject.readOnlyRoot === true) expect(written.stderr).toContain('Read-only file system');
      else expect(written.stdout).toBe('mine\n');
      expect(seen.stdout).not.toMatch(/etc-of-first|own|mine/);
      await expect(stat(path.join(kit.subject.image.rootfs, 'etc-of-first'))).rejects.toThrow('ENOENT');
    });

    it('shows no process of the host and of other agents', async (context) => {
      if (kit.subject.simulated !== undefined) return context.skip(kit.subject.simulated);
      await using first = await kit.sandbox();
      await using second = await kit.sandbox();
      const running = first.start('echo ready; sleep 3801');
      await running.said('ready');

      const seen = await second.processes();

      expect(await first.processes()).toContain('sleep 3801');
      expect(seen).not.toContain('sleep 3801');
      expect(seen).not.toContain('node');
      running.cancel();
      await running.ended;
    });

    it('has no capability, gains none, and cannot mount, for root inside too', async (context) => {
      if (kit.subject.simulated !== undefined) return context.skip(kit.subject.simulated);
      await using sandbox = await kit.sandbox();

      const own = await sandbox.run("grep -E 'Cap|NoNewPrivs' /proc/self/status");
      const root = await sandbox.run('grep CapEff /proc/self/status; mount -t tmpfs none /tmp', {
        user: ROOT,
      });

      expect(own.stdout).toMatch(/CapEff:\s*0+\n/);
      expect(own.stdout).toMatch(/CapBnd:\s*0+\n/);
      // Not every runsc says it.
      expect(own.stdout).not.toMatch(/NoNewPrivs:\s*0/);
      expect(root.stdout).toMatch(/CapEff:\s*0+\n/);
      expect(root.outcome.exitCode).not.toBe(0);
    });

    it('runs on a kernel of its own', async (context) => {
      if (kit.subject.simulated !== undefined) return context.skip(kit.subject.simulated);
      await using sandbox = await kit.sandbox();

      const inside = (await sandbox.run('cat /proc/version')).stdout;

      expect(inside).not.toBe('');
      expect(inside).not.toBe(readFileSync('/proc/version', 'utf8'));
    });

    it('reaches no network, the host included, unless enabled', async (context) => {
      if (kit.subject.simulated !== undefined) return context.skip(kit.subject.simulated);
      await using sandbox = await kit.sandbox();
      await using listener = await listen();

      await listener.knock();
      expect(listener.connections()).toBe(1);
      for (const address of ['127.0.0.1', ...hostAddresses()]) {
        const ran = await sandbox.run(`nc -w 1 ${address} ${listener.port} </dev/null`);
        // 127 would be an image without nc, which shows nothing.
        expect([0, 127]).not.toContain(ran.outcome.exitCode);
      }
      expect(listener.connections()).toBe(1);
      const interfaces = (await sandbox.run('cat /proc/net/dev')).stdout.match(/^\s*\w+:/gm) ?? [];
      expect(interfaces.map((one) => one.trim()).filter((one) => one !== 'lo:')).toEqual([]);
    });
  });
}

function hostAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter((address) => address.family === 'IPv4' && !address.internal)
    .map((address) => address.address);
}

/** A port of the host that counts who comes. */
async function listen(): Promise<
  AsyncDisposable & { port: number; connections(): number; knock(): Promise<void> }
> {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.on('error', () => undefined);
    socket.end();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '0.0.0.0', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    port,
    connections: () => connections,
    knock: () =>
      new Promise((resolve, reject) => {
        const socket = connect(port, '127.0.0.1');
        socket.on('error', reject);
        socket.on('close', () => resolve());
        socket.resume();
      }),
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
      }),
  };
}
