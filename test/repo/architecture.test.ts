import { glob, readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');

/** Everybody may lean on these; they lean on nothing but each other, as said below. */
const LEAVES = ['model', 'config', 'lib', 'errors'];

/**
 * The rooms of DESIGN.md section 2 and whom each may import, itself always included. Dependencies point down; only `app`
 * sees everything. A room that is not here does not exist.
 */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  // Leaves
  errors: [],
  lib: ['errors'],
  model: ['lib'],
  config: ['errors', 'lib', 'model'],
  // Rooms, from the bottom
  store: [...LEAVES],
  sandboxes: [...LEAVES, 'store:port'],
  agents: [...LEAVES, 'store:port', 'sandboxes'],
  skills: [...LEAVES],
  orchestrator: [...LEAVES, 'store:port', 'sandboxes:port', 'agents', 'skills:port'],
  commands: [...LEAVES, 'store:port', 'sandboxes:port', 'agents', 'orchestrator'],
  conversation: [...LEAVES, 'store:port', 'sandboxes:port', 'agents', 'orchestrator', 'commands'],
  // Adapters to platforms: the port, the leaves and what they share, never each other
  'channels/shared': [...LEAVES, 'conversation:port'],
  'channels/terminal': [...LEAVES, 'conversation:port', 'channels/shared'],
  'channels/slack': [...LEAVES, 'conversation:port', 'channels/shared'],
  'channels/discord': [...LEAVES, 'conversation:port', 'channels/shared'],
  'channels/registry': [
    ...LEAVES,
    'conversation:port',
    'channels/shared',
    'channels/terminal',
    'channels/slack',
    'channels/discord',
  ],
  // The edges of the process
  doctor: [...LEAVES, 'store', 'sandboxes'],
  // The commands as data: the doctor and `discord register` compare them with what a platform has.
  cli: [...LEAVES, 'store', 'sandboxes', 'doctor', 'commands', 'channels/registry'],
  app: [
    ...LEAVES,
    'store',
    'sandboxes',
    'agents',
    'skills',
    'orchestrator',
    'commands',
    'conversation',
    'channels/registry',
  ],
  main: [...LEAVES, 'app'],
};

/** The port files of a room: all that others may know of it where the table says `:port`. */
const PORTS: Readonly<Record<string, readonly string[]>> = {
  'conversation:port': ['src/conversation/channel.ts', 'src/conversation/card.ts'],
  'sandboxes:port': ['src/sandboxes/sandbox.ts'],
  'skills:port': ['src/skills/skill.ts'],
  'store:port': ['src/store/store.ts'],
};
const PORT_FILES = Object.values(PORTS).flat();

interface Import {
  from: string;
  to: string;
  typeOnly: boolean;
}

/** Static and dynamic imports and re-exports with a relative path. */
const IMPORT =
  /(?:^|\n)\s*(import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'(\.[^']+)'|import\('(\.[^']+)'\)/g;

async function sourceFiles(): Promise<string[]> {
  const files: string[] = [];
  for await (const file of glob(['src/**/*.ts', 'channels/**/*.ts'], { cwd: ROOT })) files.push(file);
  return files.toSorted();
}

async function importsOf(file: string): Promise<Import[]> {
  const text = await readFile(join(ROOT, file), 'utf8');
  return [...text.matchAll(IMPORT)].map((match) => ({
    from: file,
    to: relative(ROOT, resolve(ROOT, dirname(file), match[3] ?? match[4] ?? '')),
    typeOnly: match[2] !== undefined,
  }));
}

async function allImports(): Promise<Import[]> {
  return (await Promise.all((await sourceFiles()).map(importsOf))).flat();
}

/** The room of a file: the folder under `src` or `channels`, or the file's own name at the top. */
function roomOf(file: string): string {
  const [top, name = ''] = file.replace(/\.ts$/, '').split('/');
  return top === 'src' ? name : `${top}/${name}`;
}

describe('the architecture', () => {
  test('every file lies in a room of the table', async () => {
    const rooms = new Set((await sourceFiles()).map(roomOf));

    expect([...rooms].filter((room) => !Object.hasOwn(ALLOWED, room))).toEqual([]);
  });

  test('imports are found in every way they are written', async () => {
    const imports = await importsOf('src/app.ts');
    const lazy = await importsOf('channels/registry.ts');

    expect(imports.length).toBeGreaterThan(10);
    expect(lazy.map(({ to }) => to)).toContain('channels/terminal/terminal-channel.ts');
  });

  test('dependencies point down the table only', async () => {
    const offences = (await allImports()).filter(({ from, to }) => {
      const [room, target] = [roomOf(from), roomOf(to)];
      if (room === target) return false;
      const allowed = ALLOWED[room] ?? [];
      return !allowed.includes(target) && !allowed.some((entry) => PORTS[entry]?.includes(to));
    });

    expect(offences.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });

  test('the ports import neither their callers nor their implementations', async () => {
    const imports = (await Promise.all(PORT_FILES.map(importsOf))).flat();
    const offences = imports.filter(({ to }) => !LEAVES.includes(roomOf(to)) && !PORT_FILES.includes(to));

    expect(offences.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });

  test('the drivers do not know each other', async () => {
    const driver = (file: string) => /^src\/sandboxes\/(gvisor|kata|fake)\//.exec(file)?.[1];
    const offences = (await allImports()).filter(({ from, to }) => {
      const [own, other] = [driver(from), driver(to)];
      return own !== undefined && other !== undefined && own !== other;
    });

    expect(offences.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });

  test('the fake driver is never reached from the running bot', async () => {
    const offences = (await allImports()).filter(
      ({ from, to }) => to.startsWith('src/sandboxes/fake/') && !from.startsWith('src/sandboxes/fake/'),
    );

    expect(offences.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });

  test("a platform's library is loaded only where its channel is configured", async () => {
    const eager =
      /^import (?!type )[^;]*?'(?:\.\/(?:terminal|slack|discord)\/[^']+|@slack\/[^']+|discord\.js)'/m;
    const offenders: string[] = [];
    for (const file of await sourceFiles()) {
      if (/^channels\/(?:slack|discord|terminal)\//.test(file)) continue;
      if (eager.test(await readFile(join(ROOT, file), 'utf8'))) offenders.push(file);
    }

    expect(offenders).toEqual([]);
  });

  test('no SQL outside the store', async () => {
    const offenders: string[] = [];
    for (const file of await sourceFiles()) {
      if (file.startsWith('src/store/')) continue;
      const text = await readFile(join(ROOT, file), 'utf8');
      if (text.includes("'node:sqlite'")) offenders.push(file);
    }

    expect(offenders).toEqual([]);
  });

  test('processes are started through lib/run and lib/spawn only', async () => {
    const offenders: string[] = [];
    for (const file of await sourceFiles()) {
      if (['src/lib/run.ts', 'src/lib/spawn.ts'].includes(file)) continue;
      const text = await readFile(join(ROOT, file), 'utf8');
      if (/from '(?:node:child_process|execa)'/.test(text)) offenders.push(file);
    }

    expect(offenders).toEqual([]);
  });

  test('no files load each other in a circle', async () => {
    const edges = new Map<string, string[]>();
    for (const { from, to, typeOnly } of await allImports()) {
      if (!typeOnly) edges.set(from, [...(edges.get(from) ?? []), to]);
    }

    expect(findCycle(edges)).toBeNull();
  });
});

/** One cycle as a path, or null. */
function findCycle(edges: ReadonlyMap<string, readonly string[]>): string[] | null {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): string[] | null => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return null;
    for (const next of edges.get(file) ?? []) {
      const cycle = visit(next, [...path, file]);
      if (cycle !== null) return cycle;
    }
    done.add(file);
    return null;
  };
  for (const file of edges.keys()) {
    const cycle = visit(file, []);
    if (cycle !== null) return cycle;
  }
  return null;
}
