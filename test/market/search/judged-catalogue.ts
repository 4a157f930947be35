/** A small shop whose searches have been judged by hand: see `judged-queries.ts`. */
import { readFileSync } from 'node:fs';
import type { SearchDocument } from '../../../src/market/search/engine.ts';
import { document, idOf } from './asking.ts';

const text = readFileSync(new URL('judged-catalogue.txt', import.meta.url), 'utf8');
const lines = text
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => line.split(' | '));

export const judgedCatalogue: readonly SearchDocument[] = lines.map(
  ([, title, brand, category, tags, description, amount, rating], n) =>
    document(n, {
      ...{ title: title!, brand: brand!, category: category!, description: description! },
      tags: tags!.split(' '),
      price: { amount: Number(amount), currency: 'USD' },
      rating: Number(rating),
    }),
);

const keyById = new Map(lines.map(([key], n) => [idOf(n), key!]));
export const keyOf = (productId: string) => keyById.get(productId) ?? productId;
