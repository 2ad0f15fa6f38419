import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { randomId } from '../src/lib/ids.ts';
import { run, runOrThrow } from '../src/lib/run.ts';
import { spawnStreaming } from '../src/lib/spawn.ts';
import { openCgroups } from '../src/sandboxes/cgroups.ts';

/** Plain `runsc`, called as Airlock calls it, on a copy of an agent's own bundle; no disk, no record, no check. */
export interface BareRunsc {
  create(): Promise<string>;
  exec(id: string, line: string): Promise<void>;
  stop(id: string): Promise<void>;
  /** Removes the cgroup that held those of its sandboxes, and what runsc itself leaves mounted in its root. */
  close(): Promise<void>;
}

/** Names its cgroup: `airlock-bench`. */
const INSTALLATION = 'bench';
const TIMEOUT_MS = 30_000;

/** `bundle` is the bundle of a running agent; its root is shared, its cgroup is not. */
export async function bareRunsc(options: {
  binary: string;
  platform: string;
  bundle: string;
  directory: string;
}): Promise<BareRunsc> {
  const { binary, platform } = options;
  const root = path.join(options.directory, 'bare-root');
  const cgroups = await openCgroups({ installationId: INSTALLATION });
  await mkdir(root, { recursive: true });
  const globals = [`--root=${root}`, `--platform=${platform}`, '--network=none'];
  const runsc = (args: string[], output: 'capture' | 'ignore') =>
    runOrThrow({ file: binary, args: [...globals, ...args], timeoutMs: TIMEOUT_MS, output });
  const config = JSON.parse(await readFile(path.join(options.bundle, 'config.json'), 'utf8')) as {
    linux: { cgroupsPath?: string };
  };
  return {
    async create() {
      const id = randomId(26);
      const bundle = path.join(options.directory, id);
      await mkdir(bundle, { recursive: true });
      await symlink(path.join(options.bundle, 'rootfs'), path.join(bundle, 'rootfs'));
      const own = { ...config, linux: { ...config.linux, cgroupsPath: cgroups.pathOf(id) } };
      await writeFile(path.join(bundle, 'config.json'), JSON.stringify(own));
      await runsc(['create', `--bundle=${bundle}`, id], 'ignore');
      await runsc(['start', id], 'ignore');
      return id;
    },
    async exec(id, line) {
      const command = ['exec', '--user=65534:65534', '--cwd=/workspace', id, '/bin/sh', '-c', line];
      let said = '';
      // The cheapest way that Node has to start a program and read what it says.
      const { ended } = await spawnStreaming({
        file: binary,
        args: [...globals, ...command],
        onOutput: async (_stream, chunk) => void (said += Buffer.from(chunk).toString()),
      });
      const { exitCode } = await ended;
      if (exitCode !== 0) throw new Error(`bare runsc exec ended with ${exitCode}: ${said}`);
    },
    async stop(id) {
      await runsc(['kill', id, 'KILL'], 'capture');
      await runsc(['delete', '--force', id], 'capture');
      await rm(path.join(options.directory, id), { recursive: true, force: true });
    },
    async close() {
      // Current releases keep one network namespace for all sandboxes there; older ones have none.
      await run({ file: 'umount', args: [path.join(root, 'null-netns')], timeoutMs: TIMEOUT_MS });
      await cgroups.removeParent();
    },
  };
}
