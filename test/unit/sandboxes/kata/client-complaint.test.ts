import { describe, expect, it } from 'vitest';
import { createComplaintFilter } from '../../../../src/sandboxes/kata/client-complaint.ts';

const COMPLAINT = 'time="2026-11-23T00:00:51Z" level=fatal msg="exec failed with exit code 137"\n';

/** What is let through at once, and what at the end. */
function filtered(chunks: readonly string[]): [string, string] {
  const filter = createComplaintFilter();
  const taken = chunks.map((chunk) => Buffer.from(filter.take(Buffer.from(chunk))).toString()).join('');
  return [taken, Buffer.from(filter.rest()).toString()];
}

describe("the complaint of an engine's client", () => {
  it.each([
    ['alone', [COMPLAINT], ''],
    ['after what the command said', ['no such file\n', COMPLAINT], 'no such file\n'],
    ['after an unfinished line, in the same chunk', [`oops${COMPLAINT}`], 'oops'],
    ['after many words with a t', [`${'tatt '.repeat(60)}${COMPLAINT}`], 'tatt '.repeat(60)],
  ])('is taken off %s', (_what, chunks, own) => {
    expect(filtered(chunks)).toEqual([own, '']);
  });

  it('is taken off in whatever pieces it comes', () => {
    for (let at = 0; at < COMPLAINT.length; at += 1) {
      expect(filtered([`own ${COMPLAINT.slice(0, at)}`, COMPLAINT.slice(at)])).toEqual(['own ', '']);
    }
    expect(filtered(`own ${COMPLAINT}`.split(''))).toEqual(['own ', '']);
  });

  it("keeps the command's own lines that look like it, and holds back none of them once that shows", () => {
    const own = 'time="2026-11-23T00:00:51Z" level=info msg="exec failed with exit code 1"\n';
    expect(filtered([own])).toEqual([own, '']);
    expect(filtered([COMPLAINT, 'more\n'])).toEqual([`${COMPLAINT}more\n`, '']);
    expect(filtered(['time="2026'])).toEqual(['', 'time="2026']);
    expect(filtered([`${COMPLAINT}${COMPLAINT}`])).toEqual([COMPLAINT, '']);
  });

  it('leaves bytes that are no text alone', () => {
    const filter = createComplaintFilter();
    const bytes = Buffer.from([0, 255, 116, 105, 200]);
    expect([...filter.take(bytes), ...filter.rest()]).toEqual([...bytes]);
  });
});
