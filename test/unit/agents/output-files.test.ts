import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createOutputKeeper, readKeptOutput } from '../../../src/agents/output-files.ts';
import { sha256Hex } from '../../../src/lib/canonical-json.ts';

describe('kept output', () => {
  let dataDir = '';
  beforeEach(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), 'airlock-outputs-'));
  });
  afterEach(() => rm(dataDir, { recursive: true }));

  it('keeps head and tail of a flood and marks the gap', async () => {
    const keeper = createOutputKeeper(dataDir, 'flood');
    keeper.push(Buffer.from('first\n'));
    for (let count = 0; count < 32; count += 1) keeper.push(Buffer.alloc(65_536, 'x'));
    keeper.push(Buffer.from('\nlast'));

    await keeper.save();
    const kept = await readKeptOutput(dataDir, 'flood');

    const totalBytes = 'first\n'.length + 32 * 65_536 + '\nlast'.length;
    expect(kept).toMatchObject({ truncated: true, totalBytes });
    expect(kept?.text).toMatch(/^first\nx+\n\[… \d+ bytes left out …\]\nx+\nlast$/);
    expect(kept?.text).toContain(`${totalBytes - 1024 * 1024} bytes left out`);
  });

  it('keeps bytes that are no text, shown with replacement', async () => {
    const keeper = createOutputKeeper(dataDir, 'binary');
    keeper.push(Uint8Array.of(0x66, 0xff, 0x6f));

    await keeper.save();

    expect(await readKeptOutput(dataDir, 'binary')).toMatchObject({ text: 'f\ufffdo', totalBytes: 3 });
  });

  it('leaves no half-written file', async () => {
    const keeper = createOutputKeeper(dataDir, 'whole');
    keeper.push(Buffer.from('text'));

    await keeper.save();

    expect(await readdir(path.join(dataDir, 'outputs'))).toEqual(['whole.json']);
  });

  it('has what came first on the disk while the command runs, and all of it at the end', async () => {
    const keeper = createOutputKeeper(dataDir, 'early');
    keeper.push(Buffer.from('first\n'));
    const shown = async () => (await readKeptOutput(dataDir, 'early'))?.text;
    await expect.poll(shown).toBe('first\n');

    keeper.push(Buffer.from('second\n'));
    const saved = await keeper.save();

    expect(await shown()).toBe('first\nsecond\n');
    const content = await readFile(path.join(dataDir, saved?.outputFile ?? ''), 'utf8');
    expect(saved?.outputSha256).toBe(sha256Hex(content));
  });

  it('is written at the end when it could not be at first', async () => {
    await writeFile(path.join(dataDir, 'outputs'), 'in the way');
    const keeper = createOutputKeeper(dataDir, 'late');
    keeper.push(Buffer.from('text'));
    await expect(keeper.save()).rejects.toThrow('ENOTDIR');
    await rm(path.join(dataDir, 'outputs'));

    await keeper.save();

    expect(await readKeptOutput(dataDir, 'late')).toMatchObject({ text: 'text' });
  });

  it('reads nothing outside its directory', async () => {
    await writeFile(path.join(dataDir, 'secret.json'), '{}');

    expect(await readKeptOutput(dataDir, '../secret')).toBeNull();
  });

  it('refuses a file that is not what was written', async () => {
    const keeper = createOutputKeeper(dataDir, 'broken');
    keeper.push(Buffer.from('text'));
    const saved = await keeper.save();
    await writeFile(path.join(dataDir, saved?.outputFile ?? ''), '{"v":1,"head":5}');

    await expect(readKeptOutput(dataDir, 'broken')).rejects.toThrow(
      'the kept output of action broken is damaged',
    );
  });
});
