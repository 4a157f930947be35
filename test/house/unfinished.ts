/**
 * Where the rules do not hold yet, by rule and by the beginning of the finding. A list that only shrinks; when it is
 * empty this file goes.
 */
const unfinished: Readonly<Record<string, readonly string[]>> = {
  functions: [
    'test/actors/order/decide.test.ts',
    'test/gateway/engine.ts',
    'test/gateway/shop.ts',
  ],
  exports: ['src/market/waiting-room/hold-store.ts', 'src/persistence/database.ts'],
};

export function finished(rule: string, findings: readonly string[]): string[] {
  return findings.filter((finding) => !unfinished[rule]?.some((start) => finding.startsWith(start)));
}
