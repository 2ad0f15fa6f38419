import { readFile } from 'node:fs/promises';
import { isMap, isScalar, LineCounter, parseDocument, type Document, type Node } from 'yaml';
import { AppError } from '../errors.ts';
import { sha256Hex } from '../lib/canonical-json.ts';
import { checkPolicy } from './check-policy.ts';
import { allowedBy, configError, pathText, type Problem, showValue, valueAt } from './problems.ts';
import { type PolicyFile, policyFileSchema } from './schema.ts';

export interface ReadPolicyFile {
  policy: PolicyFile;
  /** Of the file's bytes; null when there is no file. */
  sha256: string | null;
  /** Worth a look, but no reason to refuse. */
  warnings: readonly string[];
}

/** A policy of more than this is not written by people. */
const MAX_FILE_BYTES = 1024 * 1024;

/**
 * Reads and checks `airlock.yaml`. Throws CONFIG_INVALID with every problem, each with line and column; a missing
 * file is one only when `required`.
 */
export async function readPolicyFile(file: { path: string; required: boolean }): Promise<ReadPolicyFile> {
  const bytes = await readBytes(file);
  if (bytes === null) return { policy: policyFileSchema.parse({}), sha256: null, warnings: [] };
  const policy = parsePolicy(decode(bytes, file.path), file.path);
  return { policy: policy.policy, sha256: sha256Hex(bytes), warnings: policy.warnings };
}

/** The text of an `airlock.yaml`, checked. `name` stands before line and column in messages. */
export function parsePolicy(text: string, name: string): Pick<ReadPolicyFile, 'policy' | 'warnings'> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    throw configError(
      document.errors.map((error) => ({
        where: place(name, lines, error.pos[0]),
        value: null,
        allowed: `correct the YAML: ${error.message}`,
      })),
    );
  }
  const data = toData(document, name);
  const parsed = policyFileSchema.safeParse(data ?? {});
  const at = (path: readonly PropertyKey[], key?: string) =>
    `${place(name, lines, offsetOf(document, path, key))} ${pathText(key === undefined ? path : [...path, key])}`.trimEnd();
  if (!parsed.success) {
    throw configError(
      parsed.error.issues.flatMap((issue): Problem[] => {
        const value = valueAt(data, issue.path);
        const allowed = allowedBy(issue, value);
        if (issue.code === 'unrecognized_keys') {
          return issue.keys.map((key) => ({ where: at(issue.path, key), value: null, allowed }));
        }
        return [{ where: at(issue.path), value: showValue(value), allowed }];
      }),
    );
  }
  const found = checkPolicy(parsed.data);
  if (found.problems.length > 0) {
    throw configError(
      found.problems.map(({ path, allowed }) => ({
        where: at(path),
        value: showValue(valueAt(data, path)),
        allowed,
      })),
    );
  }
  return {
    policy: parsed.data,
    warnings: found.warnings.map(({ path, text: what }) => `${at(path)}: ${what}`),
  };
}

function toData(document: Document.Parsed, name: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    // The library counts what aliases expand to, so that a small file cannot become a huge one.
    const reason = error instanceof Error ? error.message : String(error);
    throw configError([{ where: name, value: null, allowed: `correct the YAML: ${reason}` }]);
  }
}

async function readBytes(file: { path: string; required: boolean }): Promise<Uint8Array | null> {
  try {
    const bytes = await readFile(file.path);
    if (bytes.length <= MAX_FILE_BYTES) return bytes;
    throw configError([
      {
        where: file.path,
        value: `${bytes.length} bytes`,
        allowed: `make it at most ${MAX_FILE_BYTES} bytes`,
      },
    ]);
  } catch (error) {
    if (error instanceof AppError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    if (code === 'ENOENT' && !file.required) return null;
    const what = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`;
    throw configError([
      {
        where: file.path,
        value: null,
        allowed: `${what}: put a readable file there or change AIRLOCK_CONFIG`,
      },
    ]);
  }
}

function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw configError([{ where: path, value: null, allowed: 'save it as UTF-8: it has other bytes' }]);
  }
}

function place(name: string, lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset);
  return `${name}:${line}:${col}`;
}

/** Where the value at `path` (or its member `key`) stands; of what is missing, where its parent stands. */
function offsetOf(document: Document.Parsed, path: readonly PropertyKey[], key?: string): number {
  for (let length = path.length; length >= 0; length -= 1) {
    const node = nodeAt(document, path.slice(0, length));
    if (node === null) continue;
    if (key !== undefined && length === path.length && isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
      if (pair !== undefined && isScalar(pair.key) && pair.key.range) return pair.key.range[0];
    }
    if (node.range) return node.range[0];
  }
  return 0;
}

function nodeAt(document: Document.Parsed, path: readonly PropertyKey[]): Node | null {
  const node: unknown = path.length === 0 ? document.contents : document.getIn(path, true);
  return isNodeWithRange(node) ? node : null;
}

function isNodeWithRange(node: unknown): node is Node {
  return typeof node === 'object' && node !== null && 'range' in node;
}
