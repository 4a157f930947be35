/**
 * Long work in slices: a generator that yields after each bounded part of it, so that whoever drives it may let others
 * have their turn. Pure code has no clock: it counts its slices in rows.
 */
export type Slices<Value> = Generator<void, Value, void>;

/** Rows of about a microsecond each. */
export const rowsPerSlice = 2_000;

/** The items in their order; a stable sort. */
export function* sortInSlices<Item>(
  items: readonly Item[],
  compare: (a: Item, b: Item) => number,
): Slices<Item[]> {
  let runs: Item[][] = [];
  for (let from = 0; from < items.length; from += rowsPerSlice) {
    runs.push(items.slice(from, from + rowsPerSlice).sort(compare));
    yield;
  }
  while (runs.length > 1) {
    const merged: Item[][] = [];
    for (let at = 0; at < runs.length; at += 2)
      merged.push(yield* mergeInSlices(runs[at]!, runs[at + 1] ?? [], compare));
    runs = merged;
  }
  return runs[0] ?? [];
}

function* mergeInSlices<Item>(
  first: readonly Item[],
  second: readonly Item[],
  compare: (a: Item, b: Item) => number,
): Slices<Item[]> {
  const merged: Item[] = [];
  for (let i = 0, j = 0; i < first.length || j < second.length; ) {
    const isSecond = i === first.length || (j < second.length && compare(first[i]!, second[j]!) > 0);
    merged.push(isSecond ? second[j++]! : first[i++]!);
    if (merged.length % rowsPerSlice === 0) yield;
  }
  return merged;
}

/** Without a pause. */
export function runToEnd<Value>(slices: Slices<Value>): Value {
  for (;;) {
    const { done, value } = slices.next();
    if (done) return value;
  }
}

/** `rest` is awaited after each slice; when it rejects, the rest of the work is not done. */
export async function runInSlices<Value>(slices: Slices<Value>, rest: () => Promise<void>): Promise<Value> {
  for (;;) {
    const { done, value } = slices.next();
    if (done) return value;
    await rest();
  }
}
