import { isMap, isScalar, LineCounter, parseDocument, type Document, type Node } from 'yaml';
import { checkPolicy } from './check-policy.ts';
import { allowedBy, configError, pathText, type Problem, showValue, valueAt } from './problems.ts';
import type { ReadPolicyFile } from './read-policy-file.ts';
import { policyFileSchema } from './schema.ts';

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
