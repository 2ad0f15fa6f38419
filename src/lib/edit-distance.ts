/** Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours count 1 each. */
export function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const cost = a[row - 1] === b[column - 1] ? 0 : 1;
      let best = Math.min(
        at(previous, column) + 1,
        at(current, column - 1) + 1,
        at(previous, column - 1) + cost,
      );
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        best = Math.min(best, at(beforePrevious, column - 2) + 1);
      }
      current.push(best);
    }
    beforePrevious = previous;
    previous = current;
  }
  return at(previous, b.length);
}

/** Longer words are never compared: the cost grows with the product of the lengths. */
const MAX_WORD_LENGTH = 64;

/**
 * The candidate a person most likely meant: the beginning of one, or at most a third of the word mistyped. Ties go to the
 * earlier candidate. Null when none is near.
 */
export function closest(word: string, candidates: Iterable<string>): string | null {
  const asked = word.toLowerCase();
  if (asked === '' || asked.length > MAX_WORD_LENGTH) return null;
  let best: { candidate: string; distance: number } | null = null;
  for (const candidate of candidates) {
    const known = candidate.toLowerCase();
    if (known.length > MAX_WORD_LENGTH) continue;
    const begun = asked.length >= 2 && known.startsWith(asked);
    const distance = begun ? Math.min(1, editDistance(asked, known)) : editDistance(asked, known);
    const allowed = Math.max(1, Math.floor(Math.max(asked.length, known.length) / 3));
    if (distance <= allowed && distance < known.length && (best === null || distance < best.distance)) {
      best = { candidate, distance };
    }
  }
  return best?.candidate ?? null;
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
