/** The shots of a file, as requests that need only an id. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { requestText } from './connection.ts';

export interface Shot {
  readonly token: string;
  readonly admission: string;
  readonly path: string;
  readonly sku: string;
}

export function readShots(file: string): Shot[] {
  return linesOf(file).map((line) => {
    const [token, admission, path, sku] = line.split(' ') as [string, string, string, string];
    return { token, admission, path, sku };
  });
}

export function linesOf(file: string): string[] {
  return readFileSync(file, 'utf8').split('\n').filter(Boolean);
}

const placeholder = '00000000-0000-4000-8000-000000000000';

/** The request before and after the hold's id: everything else is made once. */
export function holdParts({ token, admission, path, sku }: Shot): readonly [before: string, after: string] {
  const headers = [`authorization: Bearer ${token}`, `admission-token: ${admission}`];
  const body = JSON.stringify({ holdId: placeholder, sku, quantity: 1 });
  const [before, after] = requestText('POST', path, headers, body).split(placeholder) as [string, string];
  return [before, after];
}

/** One after the other, for ever. */
export function dealer<Item>(items: readonly Item[]): () => Item {
  let dealt = 0;
  return () => items[dealt++ % items.length]!;
}

export const freshId = randomUUID;
