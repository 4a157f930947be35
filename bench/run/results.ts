/** Results are data: one file a bench under `bench/results/`, which git ignores. Runs that were narrowed are kept apart. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Measurement } from '../measure.ts';

export interface Result {
  readonly at: string;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly measured: Measurement;
}

const folder = fileURLToPath(new URL('../results', import.meta.url));

/** The last whole run; null when there is none. */
export function readResult(name: string): Result | null {
  try {
    return JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Result;
  } catch {
    return null;
  }
}

export function keepResult(name: string, isWhole: boolean, result: Omit<Result, 'at'>): void {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}${isWhole ? '' : '.part'}.json`);
  const at = new Date().toISOString();
  writeFileSync(file, `${JSON.stringify({ at, ...result } satisfies Result, null, 2)}\n`);
}
