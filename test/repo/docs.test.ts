import { access, glob, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCommandRegistry } from '../../src/commands/registry.ts';
import { environmentSchema, policyFileSchema } from '../../src/config/schema.ts';

async function pages(): Promise<string[]> {
  const found: string[] = [];
  for await (const page of glob(['*.md', 'docs/**/*.md'])) found.push(page);
  return found.toSorted();
}

/** As GitHub makes them: lower case, punctuation dropped, spaces to dashes. */
function anchors(markdown: string): Set<string> {
  const headings = withoutCode(markdown).matchAll(/^#{1,6} +(.*)$/gm);
  return new Set(
    [...headings].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

function withoutCode(markdown: string): string {
  return markdown.replaceAll(/^```.*?^```/gms, '');
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

async function brokenLinks(page: string): Promise<string[]> {
  const text = await readFile(page, 'utf8');
  const broken: string[] = [];
  for (const [, target = ''] of withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target)) continue;
    const [file = '', anchor] = target.split('#');
    const linked = file === '' ? page : path.join(path.dirname(page), file);
    const known = await exists(linked);
    const found = known && (anchor === undefined || anchors(await readFile(linked, 'utf8')).has(anchor));
    if (!found) broken.push(`${page}: ${target}`);
  }
  return broken;
}

/** Names that stand in the first column of the page's tables. */
async function tableWords(page: string): Promise<Set<string>> {
  const text = await readFile(page, 'utf8');
  const cells = [...text.matchAll(/^\| ([^|]*)\|/gm)].map(([, cell = '']) => cell);
  return new Set(
    cells.flatMap((cell) => [...cell.matchAll(/`([\w-]+)[^`]*`/g)].map(([, word = '']) => word)),
  );
}

describe('the documentation', () => {
  it('has pages, and every link inside it leads somewhere', async () => {
    const all = await pages();
    expect(all).toContain('README.md');
    expect(all.length).toBeGreaterThan(8);
    expect((await Promise.all(all.map(brokenLinks))).flat()).toEqual([]);
  });

  it('has a page for every decision, numbered without a gap', async () => {
    const numbers = (await pages())
      .filter((page) => page.startsWith(path.join('docs', 'decisions')))
      .map((page) => Number(path.basename(page).slice(0, 4)));
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  });

  it('names every variable and every member of airlock.yaml in docs/configuration.md, and no other', async () => {
    const named = await tableWords('docs/configuration.md');
    const known = [...Object.keys(environmentSchema.shape), ...Object.keys(policyFileSchema.shape)];
    expect([...named].filter((word) => word !== 'variable').toSorted()).toEqual(known.toSorted());
  });

  it('names every command in docs/terminal.md', async () => {
    const named = await tableWords('docs/terminal.md');
    const { commands } = createCommandRegistry({ images: { list: async () => [] } });
    expect(commands.map(({ name }) => name).filter((name) => !named.has(name))).toEqual([]);
  });

  it('shows no unfinished place', async () => {
    const texts = await Promise.all(
      (await pages()).map(async (page) => ({ page, text: await readFile(page, 'utf8') })),
    );
    const unfinished = texts.filter(({ text }) => /^TRANSCRIPT$|\bTODO\b|\bTBD\b/m.test(text));
    expect(unfinished.map(({ page }) => page)).toEqual([]);
  });
});
