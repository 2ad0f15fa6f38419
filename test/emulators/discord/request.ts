import type { IncomingMessage } from 'node:http';
import { violate, type Core } from './core.ts';
import { Refusal, refuse } from './errors.ts';
import type { z } from 'zod';

export interface Upload {
  /** The N of `files[N]`, that attachments are told by. */
  index: string;
  name: string;
  contentType: string;
  bytes: Buffer;
}

/** A request as the endpoints see it. */
export interface ApiRequest {
  route: string;
  params: Readonly<Record<string, string>>;
  query: Readonly<Record<string, string>>;
  body: unknown;
  uploads: readonly Upload[];
}

/** What an endpoint answers; without a body it is sent without a content type. */
export interface Answer {
  status: number;
  body?: unknown;
}

export async function readBytes(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return refuse(50109);
  }
}

/** Body and files of a JSON or multipart request. */
export async function readBody(
  core: Core,
  route: string,
  contentType: string,
  bytes: Buffer,
): Promise<{ body: unknown; uploads: Upload[] }> {
  if (bytes.length > core.limits.requestBytes) {
    violate(core, route, 'request-size', `${bytes.length} bytes`);
    refuse(40005);
  }
  if (bytes.length === 0) return { body: undefined, uploads: [] };
  if (contentType.startsWith('application/json'))
    return { body: parseJson(bytes.toString('utf8')), uploads: [] };
  if (!contentType.startsWith('multipart/form-data'))
    throw new Refusal(400, 50035, 'Invalid Form Body: unsupported content type');
  const form = await new Response(new Uint8Array(bytes), {
    headers: { 'content-type': contentType },
  }).formData();
  const uploads: Upload[] = [];
  let body: unknown = {};
  for (const [key, value] of form) {
    if (typeof value === 'string') {
      if (key === 'payload_json') body = parseJson(value);
      continue;
    }
    uploads.push({
      index: /\d+/.exec(key)?.[0] ?? '0',
      name: value.name,
      contentType: value.type === '' ? 'application/octet-stream' : value.type,
      bytes: Buffer.from(await value.arrayBuffer()),
    });
  }
  return { body, uploads };
}

/** The body in the shape that the endpoint needs. @throws Refusal 50035 */
export function bodyOf<T extends z.ZodType>(core: Core, request: ApiRequest, schema: T): z.infer<T> {
  const parsed = schema.safeParse(request.body ?? {});
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
  violate(core, request.route, 'body-shape', where);
  throw new Refusal(400, 50035, `Invalid Form Body: ${where}`);
}
