/** Typing errors: a letter too much, too few or wrong, or two that have changed places (Damerau, 1964). */

const letters = 'abcdefghijklmnopqrstuvwxyz';

/** All that is one error away, of words in Latin letters: about 54 for each letter. */
export function editsOf(word: string): Set<string> {
  const edits = new Set<string>();
  for (let at = 0; at <= word.length; at++) {
    const before = word.slice(0, at);
    const behind = word.slice(at);
    const rest = behind.slice(1);
    if (behind !== '') edits.add(before + rest);
    if (rest !== '') edits.add(before + rest[0] + behind[0] + rest.slice(1));
    for (const letter of letters) {
      edits.add(before + letter + behind);
      if (behind !== '') edits.add(before + letter + rest);
    }
  }
  edits.delete(word);
  edits.delete('');
  return edits;
}

/** How many errors make one of the other; a letter takes part in one change of places at most. */
export function damerau(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const wrong = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + wrong);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, beforeLast[j - 2]! + 1);
      row.push(least);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
