import type { CardOutput } from '../../src/conversation/card.ts';

/** How far the output of one command is printed. */
export interface OutputProgress {
  /** Printed characters of the (escaped) text, from its beginning. */
  readonly characters: number;
  /** The same in bytes of the stream; null once an escape made the two differ. */
  readonly bytes: number | null;
  /** The last printed characters, to recognise the place. */
  readonly tail: string;
}

export const NOTHING_PRINTED: OutputProgress = { characters: 0, bytes: 0, tail: '' };

const TAIL_CHARACTERS = 256;

/**
 * The text of `output` that was not printed yet, and how far it is printed then. Live output comes in whole lines; where
 * its beginning has already left the window, nothing is printed until the command ends and its kept output is there.
 */
export function outputNews(
  progress: OutputProgress,
  output: CardOutput,
): { text: string; progress: OutputProgress } {
  const exact = Buffer.byteLength(output.text) === output.totalBytes - output.fromByte;
  const start = placeIn(progress, output, exact);
  if (start === null) return output.live ? { text: '', progress } : lastPart(progress, output);
  const end = output.live ? output.text.lastIndexOf('\n') + 1 : output.text.length;
  if (end <= start) return { text: '', progress };
  const text = output.text.slice(start, end);
  return {
    text,
    progress: {
      characters: progress.characters + text.length,
      bytes: exact ? output.fromByte + Buffer.byteLength(output.text.slice(0, end)) : null,
      tail: (progress.tail + text).slice(-TAIL_CHARACTERS),
    },
  };
}

/** The index in `output.text` where the printed part ends; null when it cannot be told. */
function placeIn(progress: OutputProgress, output: CardOutput, exact: boolean): number | null {
  if (output.fromByte === 0) {
    const { characters, tail } = progress;
    return output.text.slice(Math.max(0, characters - tail.length), characters) === tail ? characters : null;
  }
  if (!exact || progress.bytes === null || progress.bytes < output.fromByte) return null;
  const bytes = Buffer.from(output.text).subarray(0, progress.bytes - output.fromByte);
  return bytes.toString().length;
}

/** What is left when the middle of the output was not kept: as many characters from the end as bytes are unseen. */
function lastPart(progress: OutputProgress, output: CardOutput) {
  const unseen = Math.max(0, output.totalBytes - (progress.bytes ?? progress.characters));
  const text = unseen === 0 ? '' : output.text.slice(-unseen);
  return {
    text: text === '' ? '' : `[...]\n${text}`,
    progress: {
      characters: output.text.length,
      bytes: output.totalBytes,
      tail: text.slice(-TAIL_CHARACTERS),
    },
  };
}
