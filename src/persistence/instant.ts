/** SQL that reads a timestamptz column as milliseconds. */
export function instantMs(column: string): string {
  return `(extract(epoch from ${column}) * 1000)::float8`;
}
