/** Bodies of requests, as the platform takes them. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isJson, parseJson } from './json.ts';
import type { Json } from './types.ts';

export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Arguments that travel as JSON inside of a form. */
const JSON_ARGUMENTS = ['blocks', 'metadata', 'view', 'files', 'attachments'];

/** Arguments of a call, from a form or a JSON body. */
export function readArguments(body: Buffer, contentType: string): Json {
  const text = body.toString('utf8');
  if (contentType.startsWith('application/json')) {
    const json = parseJson(text);
    return isJson(json) ? json : {};
  }
  const args: Json = Object.fromEntries(new URLSearchParams(text));
  for (const key of JSON_ARGUMENTS) {
    const value = args[key];
    if (typeof value === 'string') args[key] = parseJson(value) ?? value;
  }
  return args;
}

/** The bytes of an upload, raw or as the file of a form. */
export async function readUpload(body: Buffer, contentType: string): Promise<Buffer> {
  if (!contentType.startsWith('multipart/form-data')) return body;
  const form = await new Response(new Uint8Array(body), {
    headers: { 'content-type': contentType },
  }).formData();
  for (const value of form.values())
    if (typeof value !== 'string') return Buffer.from(await value.arrayBuffer());
  return Buffer.alloc(0);
}

export function sendJson(response: ServerResponse, status: number, body: Json, headers: object = {}): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
  response.end(JSON.stringify(body));
}
