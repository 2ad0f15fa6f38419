import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { randomId } from '../src/lib/ids.ts';
import { runOrThrow } from '../src/lib/run.ts';
import { openCgroups } from '../src/sandboxes/cgroups.ts';

/** Plain `runsc`, called as Airlock calls it, on a copy of an agent's own bundle; no disk, no record, no check. */
export interface BareRunsc {
  create(): Promise<string>;
  exec(id: string, line: string): Promise<void>;
  stop(id: string): Promise<void>;
  /** Removes the cgroup that held those of its sandboxes. */
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
      await runsc(['exec', '--user=65534:65534', '--cwd=/workspace', id, '/bin/sh', '-c', line], 'capture');
    },
    async stop(id) {
      await runsc(['kill', id, 'KILL'], 'capture');
      await runsc(['delete', '--force', id], 'capture');
      await rm(path.join(options.directory, id), { recursive: true, force: true });
    },
    close: () => cgroups.removeParent(),
  };
}
