/** The engine runs any actors: runtime, persistence and gateway know no word of the shop, in no name of file or code. */
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { refusals } from '../../src/protocol/codes.ts';
import type { House } from './module.ts';
import { houseOf, readHouse, root } from './source.ts';
import { spotOf } from './table.ts';

const engineRooms = ['runtime', 'persistence', 'gateway'];
const shopWords = /^(sku|order|cart|sale|coupon)s?$/;
/** Names in which `order` is a sequence. Refusal codes are the protocol's words: the gateway gives each its status. */
const sequences = new Set(['orderBy', 'inOrder', 'sortOrder']);

/** `queueOfSku_A` -> queue, of, sku, a. */
function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
}

function isShopName(name: string): boolean {
  return !sequences.has(name) && !(name in refusals) && wordsOf(name).some((word) => shopWords.test(word));
}

const isEngine = (path: string): boolean => engineRooms.includes(spotOf(path)?.room ?? '');

function shopNames(modules: House): string[] {
  return modules
    .filter(({ path }) => isEngine(path))
    .flatMap(({ path, identifiers }) =>
      identifiers.filter(({ name }) => isShopName(name)).map(({ name, line }) => `${path}:${line} ${name}`),
    );
}

describe('runtime, persistence and gateway', () => {
  test('have no name with a word of the shop', () => {
    expect(shopNames(readHouse())).toEqual([]);
  });

  test('have no file with a word of the shop in its name', () => {
    const files = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
      .map((entry) => relative(root, join(entry.parentPath, entry.name)))
      .filter((path) => isEngine(path) && path.split('/').slice(2).some(isShopName));
    expect(files).toEqual([]);
  });

  test.each(['skuOf', 'row.openOrders', 'SALE_MAX', 'cart_id', 'CouponView', 'orders'])(
    'would be refused: %s',
    (name) => {
      const found = shopNames(houseOf({ 'src/runtime/a.ts': `export const a = () => ${name};` }));
      expect(found).toEqual([`src/runtime/a.ts:1 ${name.split('.').at(-1)}`]);
    },
  );

  test.each(['border', 'reorder', 'preorder', 'orderBy', 'wholesaler', "'order by seq'"])(
    'are allowed: %s',
    (name) => {
      expect(shopNames(houseOf({ 'src/runtime/a.ts': `export const a = () => ${name};` }))).toEqual([]);
    },
  );
});
