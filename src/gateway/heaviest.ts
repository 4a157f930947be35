/**
 * Where the values are that are not 0: all, or the `max` that are furthest from it. Values within a power of two count
 * alike, so that it takes two walks and no sorting.
 */
export function heaviest(values: Int32Array, max: number): number[] {
  const sizes: number[] = Array(33).fill(0);
  for (let at = 0; at < values.length; at++) if (values[at] !== 0) sizes[weightOf(values[at]!)]! += 1;
  let weight = 32;
  let left = max;
  while (weight > 0 && sizes[weight]! <= left) left -= sizes[weight--]!;
  const places: number[] = [];
  // Other threads may write meanwhile.
  for (let at = 0; at < values.length && places.length < max; at++) {
    const own = weightOf(values[at]!);
    if (own === 0 || own < weight) continue;
    if (own > weight || left-- > 0) places.push(at);
  }
  return places;
}

/** Of 0 it is 0. */
function weightOf(value: number): number {
  return 32 - Math.clz32(Math.abs(value));
}
