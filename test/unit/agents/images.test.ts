import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/errors.ts';
import type { DriverImages } from '../../../src/sandboxes/sandbox.ts';
import { createWorld, told, type World } from './world.ts';

const KATA = { type: 'kata', available: true, missing: [] };
const GVISOR = { type: 'gvisor', available: true, missing: [] };
const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`;

/** An engine whose tags can be moved. */
function engine(tags: Record<string, string>): DriverImages {
  return {
    list: async () => Object.keys(tags),
    find: async (name) => {
      const tag = [name, `${name}:latest`].find((one) => Object.hasOwn(tags, one));
      return tag === undefined ? null : { name: tag, digest: tags[tag] ?? '', rootfs: null };
    },
  };
}

function world(
  tags: Record<string, string>,
  options: { policy?: object; runtimes?: readonly (typeof KATA)[] } = {},
): Promise<World> {
  return createWorld({
    policy: { engineImages: true, ...options.policy },
    runtimes: options.runtimes ?? [KATA],
    engineImages: { kata: engine(tags) },
  });
}

describe('an image of the container engine', () => {
  it('is fixed by name and digest in the plan, and that digest is what is started', async () => {
    const tags = { 'python:3.12': digestOf('b') };
    await using bot = await world(tags);

    const { id } = await bot.reserve({ image: 'python:3.12' });
    tags['python:3.12'] = digestOf('c');
    await bot.manager.create(id, told());

    expect(await bot.record(id)).toMatchObject({
      status: 'RUNNING',
      image: 'python:3.12',
      imageDigest: digestOf('b'),
    });
    expect([...bot.host.sandboxes.values()].map(({ spec }) => spec.image)).toEqual([
      { name: 'python:3.12', digest: digestOf('b'), rootfs: null },
    ]);
  });

  it('comes after one of the image store with that name', async () => {
    await using bot = await world({ 'busybox:latest': digestOf('b') });

    expect(await bot.manager.plan({ image: 'busybox' })).toMatchObject({ imageDigest: digestOf('a') });
  });

  it.each([
    ['has another spelling of its tag', 'python', 'python:latest'],
    ['has a name in airlock.yaml', 'snake', 'snake'],
    ['is asked for past its name in airlock.yaml', 'python:3.12', 'snake'],
  ])('is shown under one name when it %s', async (_, image, shown) => {
    const policy = { images: { snake: { engine: 'python:3.12' } } };
    await using bot = await world(
      { 'python:latest': digestOf('b'), 'python:3.12': digestOf('c') },
      { policy },
    );

    expect(await bot.manager.plan({ image })).toMatchObject({ image: shown });
  });

  it('can be the default by its name in airlock.yaml', async () => {
    const policy = { images: { snake: { engine: 'python:3.12' } }, defaultImage: 'snake' };
    await using bot = await world({ 'python:3.12': digestOf('c') }, { policy });

    expect(await bot.manager.plan({})).toMatchObject({ image: 'snake', imageDigest: digestOf('c') });
  });

  it('can be had only by a name in airlock.yaml unless the operator says otherwise', async () => {
    const policy = { images: { snake: { engine: 'python:3.12' } }, engineImages: undefined };
    await using bot = await world({ 'python:3.12': digestOf('c'), 'node:24': digestOf('d') }, { policy });

    expect(await bot.manager.plan({ image: 'snake' })).toMatchObject({ image: 'snake' });
    await expect(bot.manager.plan({ image: 'node:24' })).rejects.toMatchObject({
      code: 'IMAGE_NOT_FOUND',
      message: 'image "node:24" is in the container engine of kata, and airlock.yaml does not name it',
      hint: 'name it there under `images` (with `engine:`), or set `engineImages: true`',
    });
    await expect(bot.manager.plan({ image: 'ruby:3' })).rejects.toMatchObject({
      code: 'IMAGE_NOT_FOUND',
      message: expect.not.stringContaining('engine'),
    });
    expect((await bot.manager.images()).map(({ name }) => name)).toEqual(['busybox', 'snake']);
  });

  it('is refused for a sandbox that cannot use it, with the one that can', async () => {
    await using bot = await world({ 'python:3.12': digestOf('b') }, { runtimes: [GVISOR, KATA] });

    const refused: unknown = await bot.manager
      .plan({ image: 'python:3.12' })
      .catch((error: unknown) => error);

    expect(refused).toBeInstanceOf(AppError);
    expect(refused).toMatchObject({
      code: 'IMAGE_NOT_FOUND',
      message: 'image "python:3.12" is in the container engine of kata, and gvisor cannot use it there',
      hint: expect.stringContaining('--sandbox kata'),
    });
    expect(await bot.manager.plan({ image: 'python:3.12', sandboxType: 'kata' })).toMatchObject({
      sandboxType: 'kata',
      imageDigest: digestOf('b'),
    });
  });

  it('is refused when the engine has none of the name, and says that nothing is pulled', async () => {
    const policy = { images: { snake: { engine: 'python:3.12' } } };
    await using bot = await world({}, { policy });

    await expect(bot.manager.plan({ image: 'ruby:3' })).rejects.toMatchObject({
      code: 'IMAGE_NOT_FOUND',
      message: 'no image "ruby:3"; nor has the container engine one of that name',
      hint: expect.stringContaining('Airlock pulls nothing'),
    });
    await expect(bot.manager.plan({ image: 'snake' })).rejects.toMatchObject({
      code: 'IMAGE_NOT_FOUND',
      message: 'image "snake": the container engine has no "python:3.12"',
    });
  });

  it('is left out of what is offered when the engine does not answer at once', async () => {
    const listing = Promise.withResolvers<void>();
    const hung: DriverImages = {
      list: () => {
        listing.resolve();
        return new Promise(() => {});
      },
      find: async () => null,
    };
    await using bot = await createWorld({
      policy: { engineImages: true },
      runtimes: [KATA],
      engineImages: { kata: hung },
    });

    const offered = bot.manager.images();
    await listing.promise;
    bot.clock.advance(1000);

    expect(await offered).toEqual([{ name: 'busybox' }]);
  });

  it('is offered after the others, with the sandbox type it takes', async () => {
    const policy = { images: { snake: { engine: 'python:3.12' } } };
    await using bot = await world({ 'node:24': digestOf('b') }, { policy, runtimes: [GVISOR, KATA] });

    expect(await bot.manager.images()).toEqual([
      { name: 'busybox' },
      { name: 'snake', sandbox: 'kata' },
      { name: 'node:24', sandbox: 'kata' },
    ]);
  });
});
