import { glob, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { ERROR_KINDS } from '../../src/errors.ts';

const codes = Object.keys(ERROR_KINDS);

async function sections(): Promise<Map<string, string>> {
  const text = await readFile('docs/errors.md', 'utf8');
  const parts = text.split(/^### /m).slice(1);
  return new Map(
    parts.map((part) => {
      const [code = '', ...body] = part.split('\n');
      return [
        code,
        body
          .join('\n')
          .replace(/^## .*$/m, '')
          .trim(),
      ];
    }),
  );
}

describe('docs/errors.md', () => {
  it('has a section for every code and none for another, each once', async () => {
    const text = await readFile('docs/errors.md', 'utf8');
    const headings = [...text.matchAll(/^### (.*)$/gm)].map((match) => match[1]);
    expect(new Set(headings)).toEqual(new Set(codes));
    expect(headings).toHaveLength(codes.length);
  });

  it('says something under each', async () => {
    const empty = [...(await sections())].filter(([, body]) => body.length < 40);
    expect(empty).toEqual([]);
  });
});

it('keeps no code that nothing raises', async () => {
  const sources: string[] = [];
  for await (const file of glob('{src,channels}/**/*.ts')) {
    if (file !== 'src/errors.ts') sources.push(await readFile(file, 'utf8'));
  }
  const all = sources.join('\n');
  expect(codes.filter((code) => !all.includes(`'${code}'`))).toEqual([]);
});
