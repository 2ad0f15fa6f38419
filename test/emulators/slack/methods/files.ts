/** files.*: three steps, and the file appears as a message. */
import { asList, asText, refuse } from '../json.ts';
import { LIMITS } from '../limits.ts';
import type { Json, SlackFile } from '../types.ts';
import { addMessage, type World } from '../world.ts';
import { type Method, openChannel } from './method.ts';

export function fileJson(world: World, file: SlackFile): Json {
  const seconds = Math.floor(world.clock.now() / 1000);
  return {
    id: file.id,
    created: seconds,
    timestamp: seconds,
    name: file.name,
    title: file.title,
    mimetype: 'text/plain',
    filetype: 'text',
    user: world.botUser,
    size: file.size,
    mode: 'snippet',
    is_external: false,
    is_public: true,
    permalink: `https://emulated.slack.com/files/${world.botUser}/${file.id}/`,
    ...(file.channel === null || file.ts === null
      ? { shares: {} }
      : {
          channels: [file.channel],
          shares: {
            public: {
              [file.channel]: [
                { ts: file.ts, ...(file.thread_ts === null ? {} : { thread_ts: file.thread_ts }) },
              ],
            },
          },
        }),
  };
}

const getUrl: Method = (args, { world, url }) => {
  const name = asText(args['filename']);
  const size = Number(args['length']);
  if (name === '' || !Number.isInteger(size) || size <= 0) return refuse('invalid_arguments');
  if (size > LIMITS.fileBytes) return refuse('file_upload_size_restricted');
  const id = world.id('F');
  world.files.set(id, {
    id,
    name,
    title: name,
    size,
    content: '',
    channel: null,
    thread_ts: null,
    ts: null,
  });
  return { ok: true, upload_url: url(`/upload/v1/${id}`), file_id: id };
};

/** The second step: the bytes. */
export function receiveFile(world: World, id: string, bytes: Buffer): { status: number; body: string } {
  const file = world.files.get(id);
  if (file === undefined) return { status: 404, body: 'not found' };
  if (bytes.length !== file.size) {
    world.broke('upload', `${bytes.length} bytes sent where ${file.size} were announced`);
    return { status: 400, body: 'size mismatch' };
  }
  file.content = bytes.toString('utf8');
  return { status: 200, body: `OK - ${bytes.length}` };
}

const complete: Method = (args, { world }) => {
  const asked = asList(args['files']);
  const files = asked.map(({ id }) => world.files.get(asText(id)));
  const found = files.filter((file) => file !== undefined);
  if (asked.length === 0 || found.length !== asked.length) return refuse('file_not_found');
  if (found.some(({ content, ts }) => content === '' || ts !== null)) return refuse('file_not_found');
  const channelId = asText(args['channel_id']);
  const target = channelId === '' ? null : openChannel(world, channelId);
  if (target !== null && 'refusal' in target)
    return target.refusal['error'] === 'channel_not_found' ? refuse('invalid_channel') : target.refusal;
  found.forEach((file, at) => {
    file.title = asText(asked[at]?.['title']) || file.name;
  });
  if (target !== null) share(world, found, target.channel.id, args);
  return { ok: true, files: found.map(({ id, title }) => ({ id, title })) };
};

function share(world: World, files: readonly SlackFile[], channel: string, args: Json): void {
  const thread = asText(args['thread_ts']);
  const message = addMessage(world, {
    channel,
    user: world.botUser,
    bot_id: world.botId,
    team: world.team,
    text: asText(args['initial_comment']),
    blocks: [],
    ...(thread === '' ? {} : { thread_ts: thread }),
  });
  for (const file of files)
    Object.assign(file, { channel, ts: message.ts, thread_ts: message.thread_ts ?? null });
  message.files = files.map((file) => fileJson(world, file));
}

const info: Method = (args, { world }) => {
  const file = world.files.get(asText(args['file']));
  return file === undefined ? refuse('file_not_found') : { ok: true, file: fileJson(world, file) };
};

export const filesMethods: Readonly<Record<string, Method>> = {
  'files.getUploadURLExternal': getUrl,
  'files.completeUploadExternal': complete,
  'files.info': info,
};
