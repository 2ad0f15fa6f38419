import { AppError, toAppError } from '../errors.ts';
import { quote } from '../lib/quote.ts';
import type { AgentInstance } from '../model/agent.ts';
import type { EngineImage, SandboxDriver, SandboxImage } from '../sandboxes/sandbox.ts';
import { withDeadline } from './deadline.ts';
import { sandboxInfo } from './info.ts';
import type { Room } from './room.ts';
import type { ImageChoice } from './types.ts';

/** A form and a completion have to be there within three seconds; they can do without what the engine has. */
const LIST_WITHIN_MS = 1000;

/**
 * The image of a name: as airlock.yaml says or built in, else what the engine behind the driver has. Never pulled. Throws
 * IMAGE_NOT_FOUND.
 */
export async function resolveImage(
  room: Room,
  driver: SandboxDriver,
  asked: string | undefined,
): Promise<SandboxImage | EngineImage> {
  const { images, defaultImage, engineImages } = room.policy();
  const name = asked ?? defaultImage;
  const reference = Object.hasOwn(images, name) ? images[name]?.engine : undefined;
  if (reference === undefined && room.images.knows(name)) return await room.images.resolve(name);
  if (reference === undefined && !engineImages) throw await notAllowed(room, name);
  const found = (await driver.images?.find(reference ?? name)) ?? null;
  if (found === null) throw await notFound(room, driver, { name, reference });
  if (reference !== undefined) return { ...found, name };
  // Under the name the file gives it, so that a rule about that name cannot be gone round.
  const named = Object.entries(images).find(
    ([, { engine }]) => engine !== undefined && isSame(engine, found.name),
  );
  return { ...found, name: named?.[0] ?? found.name };
}

/** What the record of an agent names; what it names by digest is what is started. Throws IMAGE_NOT_FOUND. */
export async function imageOf(
  room: Room,
  driver: SandboxDriver,
  { image: name, imageDigest: digest }: Pick<AgentInstance, 'image' | 'imageDigest'>,
): Promise<SandboxImage | EngineImage> {
  try {
    return await room.images.byDigest(digest);
  } catch (error) {
    if (driver.images === undefined || toAppError(error).code !== 'IMAGE_NOT_FOUND') throw error;
    return { name, digest, rootfs: null };
  }
}

/** What can be asked for, the default first, engines' images last. */
export async function listImages(room: Room): Promise<readonly ImageChoice[]> {
  const { images, engineImages } = room.policy();
  const { defaultType } = await sandboxInfo(room);
  const engines = room.drivers.flatMap((driver) =>
    driver.images === undefined ? [] : [{ driver, list: driver.images }],
  );
  const only = (type: string) => (type === defaultType ? {} : { sandbox: type });
  const first = engines[0]?.driver.type;
  const own = [...(await room.images.list()).map(({ name }) => name), ...Object.keys(images)];
  const listed = await Promise.all(
    (engineImages ? engines : []).map(async ({ driver, list }) => {
      const asking = withDeadline(
        room.clock,
        LIST_WITHIN_MS,
        'listing the images of the engine',
        list.list(),
      );
      return (await asking.catch(() => [])).map((name) => ({ name, ...only(driver.type) }));
    }),
  );
  return [
    ...[...new Set(own)].map((name) => ({
      name,
      ...(images[name]?.engine === undefined || first === undefined ? {} : only(first)),
    })),
    ...listed.flat(),
  ];
}

/** Whoever may change airlock.yaml decides which images of the engine are for everybody. */
async function notAllowed(room: Room, name: string): Promise<AppError> {
  const unknown = await room.images.resolve(name).then(
    () => new AppError('IMAGE_NOT_FOUND', `no image ${quote(name)}`),
    (error: unknown) => toAppError(error),
  );
  const holder = await holderOf(name, room.drivers);
  if (holder === null) return unknown;
  return new AppError(
    'IMAGE_NOT_FOUND',
    `image ${quote(name)} is in the container engine of ${holder.type}, and airlock.yaml does not name it`,
    { hint: `name it there under \`images\` (with \`engine:\`), or set \`engineImages: true\`` },
  );
}

/** The first whose engine has it; one that does not answer has nothing. */
async function holderOf(name: string, drivers: readonly SandboxDriver[]): Promise<SandboxDriver | null> {
  for (const driver of drivers) {
    const found = await driver.images?.find(name).catch(() => null);
    if (found !== null && found !== undefined) return driver;
  }
  return null;
}

async function notFound(
  room: Room,
  driver: SandboxDriver,
  { name, reference }: { name: string; reference: string | undefined },
): Promise<AppError> {
  const others = room.drivers.filter((other) => other !== driver);
  const holder = await holderOf(reference ?? name, others);
  if (holder !== null) {
    return new AppError(
      'IMAGE_NOT_FOUND',
      `image ${quote(name)} is in the container engine of ${holder.type}, and ${driver.type} cannot use it there`,
      {
        hint: `ask for it with --sandbox ${holder.type}, or name a root file system under \`images\` in airlock.yaml`,
      },
    );
  }
  if (reference !== undefined) {
    return new AppError(
      'IMAGE_NOT_FOUND',
      `image ${quote(name)}: the container engine has no ${quote(reference)}`,
      {
        hint: 'load or pull it there, and write it as the engine lists it; Airlock pulls nothing',
      },
    );
  }
  const said = await room.images.resolve(name).then(
    () => null,
    (error: unknown) => toAppError(error),
  );
  const message = said?.message ?? `no image ${quote(name)}`;
  if (driver.images === undefined) return said ?? new AppError('IMAGE_NOT_FOUND', message);
  return new AppError('IMAGE_NOT_FOUND', `${message}; nor has the container engine one of that name`, {
    hint: 'name one of them, load or pull it into the engine, or add it under `images` in airlock.yaml; Airlock pulls nothing',
  });
}

function isSame(reference: string, name: string): boolean {
  return reference === name || `${reference}:latest` === name;
}
