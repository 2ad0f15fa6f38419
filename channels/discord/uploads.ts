import { readFile } from 'node:fs/promises';
import { Routes } from 'discord.js';
import { z } from 'zod';
import type { UploadFile } from '../../src/conversation/channel.ts';
import { AppError } from '../../src/errors.ts';
import { escapeLine } from '../../src/lib/escape-text.ts';
import type { MessageRef, ThreadRef } from '../../src/model/thread.ts';
import { fileName } from '../shared/file-name.ts';
import { findMessage, nonceOf, onceOnly, placeOf, type PostsDeps, whereOpen } from './posts.ts';
import { DISCORD_LIMITS } from './render/limits.ts';

const postedSchema = z.object({ id: z.string().min(1) });

/** Files of threads. */
export interface Uploads {
  upload(
    ref: ThreadRef,
    file: UploadFile,
    key: string,
    options: { maybePosted: boolean },
  ): Promise<MessageRef>;
}

export function createUploads(deps: PostsDeps): Uploads {
  const { rest } = deps;
  return {
    async upload(ref, file, key, { maybePosted }) {
      const name = fileName(file.name);
      if (maybePosted) {
        const earlier = await findMessage(deps, ref, ({ attachments }) =>
          attachments.some(({ filename }) => filename === name),
        );
        if (earlier !== null) return { thread: ref, messageId: earlier.id };
      }
      const files = [{ name, data: await bytesOf(file) }];
      const body = { ...onceOnly(nonceOf(key)), attachments: [{ id: '0', filename: name }] };
      const route = Routes.channelMessages(placeOf(ref));
      const { id } = await whereOpen(rest, ref, () =>
        rest.call({ method: 'POST', route, body, files }, postedSchema),
      );
      return { thread: ref, messageId: id };
    },
  };
}

async function bytesOf({ name, bytes, content }: UploadFile): Promise<Buffer> {
  if ('text' in content) return cutAtLine(Buffer.from(content.text));
  const shown = escapeLine(name);
  if (bytes > DISCORD_LIMITS.fileBytes) {
    throw new AppError('CHANNEL_PERMANENT', `cannot upload ${shown}: Discord takes files of at most 10 MiB`);
  }
  try {
    return await readFile(content.path);
  } catch (error) {
    throw new AppError('CHANNEL_PERMANENT', `cannot upload ${shown}: its file is not there any more`, {
      context: { path: content.path },
      cause: error,
    });
  }
}

/** As many whole lines as Discord takes, and a last one that says so. Kept output is shorter, until it is all escapes. */
function cutAtLine(data: Buffer): Buffer {
  if (data.length <= DISCORD_LIMITS.fileBytes) return data;
  const notice = Buffer.from(
    `\n(cut here: Discord takes files of at most 10 MiB, and this one has ${data.length} bytes)\n`,
  );
  const head = data.subarray(0, DISCORD_LIMITS.fileBytes - notice.length);
  const end = head.lastIndexOf('\n');
  return Buffer.concat([end > 0 ? head.subarray(0, end) : head, notice]);
}
