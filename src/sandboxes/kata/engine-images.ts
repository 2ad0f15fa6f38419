import { ENGINE_IMAGE_PATTERN } from '../../config/schema.ts';
import { AppError } from '../../errors.ts';
import { quote } from '../../lib/quote.ts';
import type { DriverImages, EngineImage } from '../sandbox.ts';
import type { EngineClient } from './engine-cli.ts';
import { OWN_IMAGES } from './images.ts';

const DEFAULT_TAG = ':latest';

/** `client`: null where no sandbox can be made. */
export function engineImages(client: () => Promise<EngineClient | null>): DriverImages {
  return {
    async list() {
      const tags = (await (await client())?.imageTags()) ?? [];
      return tags.filter(isForeign).toSorted();
    },
    async find(name) {
      const engine = await client();
      if (engine === null || !ENGINE_IMAGE_PATTERN.test(name) || !isForeign(name)) return null;
      const found = await engine.inspectImage(name);
      const tag = found?.tags.find((one) => one === name || one === `${name}${DEFAULT_TAG}`);
      if (found === null || tag === undefined) return null;
      if (found.volumes.length > 0) {
        throw new AppError(
          'INVALID_INPUT',
          `image ${tag} asks for volumes (${found.volumes.map(quote).join(', ')}): they would lie outside the disk of the agent`,
          {
            hint: 'build one without VOLUME from it, or export it and name the tar file under `images` in airlock.yaml',
          },
        );
      }
      return { name: tag, digest: found.id, rootfs: null };
    },
  };
}

/** Throws IMAGE_NOT_FOUND when the engine no longer has it. */
export async function requireEngineImage(client: EngineClient, { name, digest }: EngineImage): Promise<void> {
  if ((await client.inspectImage(digest)) !== null) return;
  throw new AppError(
    'IMAGE_NOT_FOUND',
    `image ${name} (${digest.slice(0, 19)}) is no longer there: neither the image store nor ${client.engine.name} has it`,
    { hint: 'ask for the agent again: its image is resolved anew' },
  );
}

/** What Airlock has loaded into the engine has a name of its own in the image store. */
function isForeign(tag: string): boolean {
  return !tag.startsWith(OWN_IMAGES);
}
