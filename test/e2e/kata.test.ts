import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { type App, createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { silentLogger } from '../../src/lib/logger.ts';
import type { PrincipalId } from '../../src/model/principal.ts';
import { createFakeDriver } from '../../src/sandboxes/fake/fake-driver.ts';
import { createFakeChannel } from '../fakes/fake-channel.ts';
import { type DockerDaemon, startDocker, whyNoDocker } from '../fixtures/docker-daemon.ts';
import { importImage } from '../fixtures/engine-image.ts';
import { type KataWorld, openKataWorld } from '../fixtures/kata-world.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../fixtures/temporary-directory.ts';

const POLICY = `engineImages: true
rules: [{ kind: agent.create, image: 'tools:1', level: high, reason: asked about }]
`;
const imageSchema = z.object({ Id: z.string() });

const missing = await whyNoDocker();

it.skipIf(missing === null)(`an agent on Kata is not shown: ${missing}`, (context) => context.skip());

/** The whole bot, with runc of a real docker daemon in Kata's place beside another sandbox that is preferred. */
describe.skipIf(missing !== null)('an agent on Kata', () => {
  let daemon: DockerDaemon;
  let world: KataWorld;
  let directory: TemporaryDirectory;
  let app: App;
  const channel = createFakeChannel({ name: 'terminal' });
  let asked = 0;

  beforeAll(async () => {
    daemon = await startDocker();
    world = await openKataWorld({
      environment: { DOCKER_HOST: daemon.host },
      unproven: { engine: 'docker', binary: daemon.binary, runtime: 'runc' },
    });
    directory = await temporaryDirectory();
    await writeFile(join(directory.path, 'airlock.yaml'), POLICY);
    const env = { AIRLOCK_DATA_DIR: directory.path, AIRLOCK_ADMINS: 'terminal:local,terminal:bob' };
    const config = await loadConfig({ env, cwd: directory.path });
    const nodeId = 'test-node';
    app = createApp(config, {
      log: silentLogger,
      channels: [channel],
      drivers: [createFakeDriver({ nodeId }), world.driver],
    });
    await app.start();
  });
  afterAll(async () => {
    await app.stop();
    await world[Symbol.asyncDispose]();
    await daemon[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });

  async function ask(text: string, principal: PrincipalId = 'terminal:local'): Promise<string> {
    if (channel.inbox === null) throw new Error('the bot has not started');
    const request = await channel.inbox.command(
      {
        deliveryId: `d${++asked}`,
        principal,
        displayName: 'Alice',
        groups: [],
        thread: { channel: 'terminal', space: 'local', room: 'local', thread: null },
        text,
      },
      { private: async () => {}, form: async () => {} },
    );
    await request.settled;
    return JSON.stringify(channel.messages.map(({ card }) => card));
  }

  it('is made when it is asked for, named on its card, works and leaves nothing', async () => {
    const created = await ask('create box --sandbox kata --memory 128m --disk 64m');
    expect(created).toContain('{"label":"Sandbox","value":"kata"}');
    expect(await daemon.docker(['ps', '--format={{.Names}}'])).toContain(`airlock-${world.installationId}-`);

    expect(await ask('exec box echo hello from a machine of its own')).toContain(
      'hello from a machine of its own',
    );

    await ask('stop box --force');
    expect([...(await world.leftovers()), ...(await daemon.left())]).toEqual([]);
  });

  it('runs the image of the engine that was approved, and not what its tag has become since', async () => {
    await importImage(daemon, { tag: 'tools:1', which: 'as approved' });
    const { Id: id } = imageSchema.parse(
      JSON.parse(await daemon.docker(['image', 'inspect', '--format={{json .}}', 'tools:1'])),
    );
    await ask('create tools --sandbox kata --image tools:1 --memory 128m --disk 64m');
    const asked = channel.messages.find(({ card }) => card.title === 'create tools')?.card;
    await importImage(daemon, { tag: 'tools:1', which: 'something else' });

    await ask(`approve ${asked?.buttons.find((button) => button.id === 'approve')?.subject}`, 'terminal:bob');
    await vi.waitFor(async () => expect(await ask('list')).toContain('"RUNNING"'), { timeout: 30_000 });

    expect(JSON.parse(asked?.code?.text ?? '')).toMatchObject({ image: { name: 'tools:1', digest: id } });
    expect(await ask('exec tools cat /which')).toContain('as approved');
    await ask('stop tools --force');
    expect([...(await world.leftovers()), ...(await daemon.left())]).toEqual([]);
  });

  it('is not made when nothing is asked and the other is there', async () => {
    await ask('create other');

    expect(await daemon.docker(['ps', '--all', '--quiet'])).toBe('');
    await ask('stop other --force');
  });
});
