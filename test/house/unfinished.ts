/**
 * Where the rules do not hold yet, by rule and by the beginning of the finding. A list that only shrinks; when it is
 * empty this file goes.
 */
const unfinished: Readonly<Record<string, readonly string[]>> = {
  table: ['src/market/'],
  circles: [],
  words: ['src/runtime/', 'src/persistence/'],
  lines: ['src/runtime/shard.ts'],
  any: ['src/ops/'],
  functions: ['bench/', 'src/', 'test/'],
  exports: ['src/'],
  paths: ['README.md', 'docs/'],
  dependencies: ['rate-limiter-flexible', '@types/', 'ajv-formats'],
};

export function finished(rule: string, findings: readonly string[]): string[] {
  return findings.filter((finding) => !unfinished[rule]?.some((start) => finding.startsWith(start)));
}
