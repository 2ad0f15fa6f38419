import { openAsBlob } from 'node:fs';
import { z } from 'zod';
import type { UploadFile } from '../../src/conversation/channel.ts';
import { AppError } from '../../src/errors.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { escapeLine } from '../../src/lib/escape-text.ts';
import type { MessageRef, ThreadRef } from '../../src/model/thread.ts';
import { fileName } from '../shared/file-name.ts';
import { toChannelError } from './errors.ts';
import { findMessage, type FoundMessage, type PostsDeps, readable, requireThread } from './posts.ts';

/** For the bytes of one file; the delivery loop gives up on a send after a minute. */
const UPLOAD_TIMEOUT_MS = 45_000;

const placeSchema = z.object({ upload_url: z.url(), file_id: z.string().min(1) });
const completedSchema = z.object({});

/** Files of threads. */
export interface Uploads {
  /** Three steps; nothing is seen before the last one, which is the only one that may have landed unknown. */
  upload(ref: ThreadRef, file: UploadFile, options: { maybePosted: boolean }): Promise<MessageRef>;
}

export interface UploadsDeps extends PostsDeps {
  clock: Clock;
  closing: AbortSignal;
}

export function createUploads(deps: UploadsDeps): Uploads {
  const { web } = deps;
  return {
    async upload(asked, file, { maybePosted }) {
      // Files are shared with conversations, never with a person's id.
      const ref = await readable(web, asked);
      const name = fileName(file.name);
      if (maybePosted) {
        const earlier = await findMessage(deps, ref, (message) => fileNamed(message, name) !== undefined);
        const known = earlier === null ? undefined : fileNamed(earlier, name);
        if (known !== undefined) return { thread: ref, messageId: known.id };
      }
      const bytes = await bytesOf(file);
      const place = await web.call(
        'files.getUploadURLExternal',
        { filename: name, length: bytes.size },
        placeSchema,
      );
      await send(deps, place.upload_url, bytes, ref.room);
      // What the answer says of the file does not show where it landed, so that is looked at before.
      await requireThread(web, ref);
      const { room, thread } = ref;
      await web.call(
        'files.completeUploadExternal',
        {
          files: [{ id: place.file_id, title: name }],
          channel_id: room,
          ...(thread === null ? {} : { thread_ts: thread }),
        },
        completedSchema,
      );
      return { thread: ref, messageId: place.file_id };
    },
  };
}

function fileNamed({ files }: FoundMessage, name: string): { id: string } | undefined {
  return files?.find((file) => file.name === name);
}

async function bytesOf({ name, content }: UploadFile): Promise<Blob> {
  if ('text' in content) return new Blob([content.text]);
  try {
    return await openAsBlob(content.path);
  } catch (error) {
    throw new AppError(
      'CHANNEL_PERMANENT',
      `cannot upload ${escapeLine(name)}: its file is not there any more`,
      {
        context: { path: content.path },
        cause: error,
      },
    );
  }
}

/** The address is Slack's own, made for this file: it takes no token, and gets none. */
async function send(
  { clock, closing }: { clock: Clock; closing: AbortSignal },
  address: string,
  body: Blob,
  room: string,
): Promise<void> {
  const late = new AbortController();
  using _timer = clock.after(UPLOAD_TIMEOUT_MS, () => late.abort(new Error('no answer in time')));
  const signal = AbortSignal.any([late.signal, closing]);
  let status: number;
  try {
    const answer = await fetch(address, { method: 'POST', body, redirect: 'error', signal });
    await answer.arrayBuffer();
    status = answer.status;
  } catch (error) {
    throw toChannelError(error, 'the upload', room);
  }
  if (status === 200) return;
  throw new AppError('CHANNEL_TRANSIENT', `Slack did not take the bytes of a file: HTTP status ${status}`, {
    context: { room, slackError: null, status },
  });
}
