import { readFile } from 'node:fs/promises';
import { parseEnv } from 'node:util';
import { describe, expect, it } from 'vitest';
import { environmentSchema } from '../../src/config/schema.ts';

/** As it is when every line that is commented out is put in force. */
async function example(): Promise<Record<string, string>> {
  const text = await readFile('.env.example', 'utf8');
  const inForce = text.replace(/^#(?=[A-Z_]+=)/gm, '');
  return Object.fromEntries(Object.entries(parseEnv(inForce)).map(([name, value]) => [name, value ?? '']));
}

describe('.env.example', () => {
  it('lists exactly the variables there are', async () => {
    expect(new Set(Object.keys(await example()))).toEqual(new Set(Object.keys(environmentSchema.shape)));
  });

  it('shows the default of each, and nothing where there is none', async () => {
    const shown = Object.entries(await example()).filter(([, value]) => value !== '');
    expect(environmentSchema.parse(Object.fromEntries(shown))).toEqual(environmentSchema.parse({}));
    const optional = Object.entries(environmentSchema.parse({})).filter(([, value]) => !isEmpty(value));
    expect(new Set(shown.map(([name]) => name))).toEqual(new Set(optional.map(([name]) => name)));
  });

  it('sets nothing as it is, and has a comment above every group of variables', async () => {
    const text = await readFile('.env.example', 'utf8');
    expect(parseEnv(text)).toEqual({});
    const paragraphs = text.split(/\n\n+/).filter((paragraph) => /^#[A-Z_]+=/m.test(paragraph));
    expect(paragraphs.filter((paragraph) => !paragraph.startsWith('# '))).toEqual([]);
  });
});

function isEmpty(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.length === 0);
}
