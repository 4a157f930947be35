/** protocol and actors could run anywhere: no clock, no chance, no I/O, no state of the process they happen to be in. */
import { describe, expect, test } from 'vitest';
import type { FreeName, House } from './module.ts';
import { houseOf, readHouse } from './source.ts';
import { spotOf } from './table.ts';

const pureRooms = ['protocol', 'actors'];

/** Globals that are the same everywhere and remember nothing. */
const harmless = new Set([
  ...['undefined', 'NaN', 'Infinity', 'Object', 'Array', 'String', 'Number', 'Boolean', 'BigInt', 'Symbol'],
  ...['Math', 'JSON', 'Map', 'Set', 'WeakMap', 'WeakSet', 'Promise', 'RegExp', 'Proxy', 'Reflect'],
  ...['Error', 'TypeError', 'RangeError', 'SyntaxError', 'AggregateError'],
  ...['ArrayBuffer', 'DataView', 'Uint8Array', 'Uint16Array', 'Uint32Array', 'Int8Array', 'Int16Array'],
  ...['Int32Array', 'Float32Array', 'Float64Array', 'BigInt64Array', 'BigUint64Array'],
  ...['TextEncoder', 'TextDecoder', 'structuredClone', 'isNaN', 'isFinite', 'parseInt', 'parseFloat'],
]);

const harmful = new Set(['Math.random', 'Symbol.for']);

/** By file: what it may use all the same, and why. */
const exceptions: Readonly<Record<string, readonly string[]>> = {
  // Bytes of stores and sockets are Buffers; readers of frames are compiled for the fields that they read.
  'src/protocol/frame-reader.ts': ['Buffer', 'Function'],
};

function isAllowed(path: string, { name, member }: FreeName): boolean {
  if (exceptions[path]?.includes(name)) return true;
  return harmless.has(name) && !harmful.has(`${name}.${member}`);
}

/** Packages of the pure rooms: messages between threads are msgpack. */
const packages: Readonly<Record<string, readonly string[]>> = { protocol: ['msgpackr'] };

function impurities(modules: House): string[] {
  return modules.flatMap(({ path, imports, freeNames }) => {
    const room = spotOf(path)?.room ?? '';
    if (!pureRooms.includes(room)) return [];
    const foreign = imports
      .filter(({ isOurs, target }) => !isOurs && !packages[room]?.includes(target))
      .filter(({ target }) => !exceptions[path]?.includes(target))
      .map(({ line, target }) => `${path}:${line} imports ${target}`);
    const globals = freeNames
      .filter((free) => !isAllowed(path, free))
      .map(
        ({ line, name, member }) => `${path}:${line} uses ${member === null ? name : `${name}.${member}`}`,
      );
    return [...foreign, ...globals];
  });
}

describe('protocol and actors', () => {
  test('are pure', () => {
    expect(impurities(readHouse())).toEqual([]);
  });

  test('need all of their exceptions', () => {
    const house = readHouse();
    const unused = Object.entries(exceptions).flatMap(([path, names]) => {
      const module = house.find((one) => one.path === path);
      const used = [
        ...(module?.freeNames ?? []).map(({ name }) => name),
        ...(module?.imports ?? []).map(({ target }) => target),
      ];
      return names.filter((name) => !used.includes(name)).map((name) => `${path} ${name}`);
    });
    expect(unused).toEqual([]);
  });

  test.each([
    ["import { createHash } from 'node:crypto';", 'imports node:crypto'],
    ["import type { Pool } from 'pg';", 'imports pg'],
    ['export const at = () => Date.now();', 'uses Date.now'],
    ['export const at = new Date();', 'uses Date'],
    ['export const chance = Math.random();', 'uses Math.random'],
    ['export const later = (run: () => void) => setTimeout(run, 1);', 'uses setTimeout'],
    ['export const flag = process.env.FLAG;', 'uses process.env'],
    ['export const id = { crypto };', 'uses crypto'],
    ['export const all = globalThis;', 'uses globalThis'],
    ["console.log('so');", 'uses console.log'],
    ["export const a = fetch('http://b');", 'uses fetch'],
  ])('would be refused: %s', (text, what) => {
    expect(impurities(houseOf({ 'src/actors/sku/a.ts': text }))).toEqual([`src/actors/sku/a.ts:1 ${what}`]);
  });

  test.each([
    'export interface A extends Omit<B, C> {} export type B = Date; export class D implements Buffer {}',
    'export const larger = (a: number, b: number) => Math.max(a, b);',
    'export const read = (process: { date: number }) => process.date;',
    'export interface Clock { performance: number; setTimeout(): void }',
    "import { pack } from 'msgpackr'; export const bytes = pack({ Date: 1 });",
  ])('are allowed: %s', (text) => {
    expect(impurities(houseOf({ 'src/protocol/a.ts': text }))).toEqual([]);
  });
});
