/** Broken input of many kinds, the same on every run: a seed makes it. */
import { Packr } from 'msgpackr';

export type Pick = (below: number) => number;

/** Numbers that look random; a linear congruential generator (Numerical Recipes' constants). */
export function seeded(seed: number): Pick {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** The numbers of input `n`: the same whatever is sent beside it, and unlike those of its neighbours. */
export function seededFor(seed: number, n: number): Pick {
  let mixed = Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(n + 1, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x7feb352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b);
  return seeded(mixed ^ (mixed >>> 16));
}

const hex = (pick: Pick, digits: number) =>
  Array.from({ length: digits }, () => pick(16).toString(16)).join('');

/** A UUID as a client might mint it. */
export function uuidOf(pick: Pick): string {
  return `${hex(pick, 8)}-${hex(pick, 4)}-4${hex(pick, 3)}-a${hex(pick, 3)}-${hex(pick, 12)}`;
}

/** Bytes changed, cut out, doubled and put in. */
export function mutate(bytes: Uint8Array, pick: Pick): Buffer {
  let mutated = Buffer.from(bytes);
  for (let changes = 1 + pick(4); changes > 0 && mutated.length > 1; changes--) {
    const at = pick(mutated.length);
    const [head, tail] = [mutated.subarray(0, at), mutated.subarray(at)];
    const kind = pick(4);
    if (kind === 0) mutated[at] = pick(256);
    else if (kind === 1) mutated = Buffer.concat([head, tail.subarray(1 + pick(8))]);
    else if (kind === 2) mutated = Buffer.concat([head, head, tail]);
    else mutated = Buffer.concat([head, Buffer.from([pick(256)]), tail]);
  }
  return mutated;
}

const strangers: readonly unknown[] = [
  null,
  true,
  -1,
  1e308,
  0.1,
  '',
  '\u0000',
  '\ud800',
  'x'.repeat(3_000),
  [],
  {},
  [[[[[]]]]],
  { __proto__: null, constructor: 1 },
  '4242424242424242',
  '../../etc/passwd',
];

/** Good JSON that fits no schema: one field lost, doubled by another name, or of another type. */
export function misfit(body: object, pick: Pick): Buffer {
  const entries = Object.entries(body);
  const at = pick(entries.length);
  const stranger = strangers[pick(strangers.length)];
  const kind = pick(3);
  if (kind === 0) entries.splice(at, 1);
  else if (kind === 1) entries[at] = [entries[at]![0], stranger];
  else entries.push([`__proto__${pick(9)}`, stranger]);
  return Buffer.from(JSON.stringify(Object.fromEntries(entries)));
}

const deep = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

/** Texts that are hard on parsers. */
export const nasty: readonly Buffer[] = [
  '{',
  'null',
  '"',
  '{"a":1}{"a":1}',
  '{"a":\u00001}',
  '\ufeff{}',
  deep(5_000),
  `{"a":${'1'.repeat(5_000)}}`,
  `{"a":"${'\\u0041'.repeat(3_000)}"}`,
  `{${Array.from({ length: 2_000 }, (_, n) => `"k${n}":0`).join()}}`,
  `{"__proto__":{"isAdmin":true}}`,
  '-',
  '1e99999',
]
  .map((text) => Buffer.from(text))
  .concat(Buffer.from([0xff, 0xfe, 0x00]), Buffer.from([0x22, 0xc3, 0x28, 0x22]), Buffer.alloc(0));

const kinds = ['mutated', 'misfit', 'nasty'] as const;
export type Kind = (typeof kinds)[number];

/** One broken thing, of any kind, made from one that would be taken. */
export function broken(
  thing: object,
  pick: Pick,
  encode: (thing: object) => Buffer = (plain) => Buffer.from(JSON.stringify(plain)),
): { readonly kind: Kind; readonly bytes: Buffer } {
  const kind = kinds[pick(kinds.length)]!;
  if (kind === 'mutated') return { kind, bytes: mutate(encode(thing), pick) };
  if (kind === 'misfit') return { kind, bytes: encode(JSON.parse(misfit(thing, pick).toString())) };
  return { kind, bytes: nasty[pick(nasty.length)]! };
}

const packr = new Packr({ useRecords: false });

/** A frame of the live socket in its subprotocol. */
export function packed(frame: object, isBinary: boolean): Buffer {
  return Buffer.from(isBinary ? packr.pack(frame) : JSON.stringify(frame));
}

/** What a frame from the server holds, in either protocol; null when it is neither. */
export function unpacked(bytes: Buffer, isBinary: boolean): Record<string, unknown> | null {
  try {
    return isBinary ? packr.unpack(bytes) : JSON.parse(bytes.toString());
  } catch {
    return null;
  }
}

/** What a careful client would never put on an open WebSocket: each ends the connection. */
export function brokenFrames(pick: Pick): Buffer {
  const mask = [0, 0, 0, 0];
  const fragment = (first: number) =>
    Buffer.concat([Buffer.from([first, 0xfe, 0x40, 0x00, ...mask]), Buffer.alloc(0x4000, 0x61)]);
  const kinds = [
    () => Buffer.from([0xff, 0x80, ...mask]), // reserved bits and opcode
    () => Buffer.from([0x81, 0x02, 0x7b, 0x7d]), // not masked
    () => Buffer.from([0x81, 0x82, ...mask, 0xc3, 0x28]), // not UTF-8
    () => Buffer.from([0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, ...mask]), // 2^63 bytes
    () => Buffer.from([0x80, 0x80, ...mask]), // a continuation of nothing
    () => Buffer.from([0x89, 0xfe, 0x01, 0x00, ...mask]), // a ping that is too long
    () => Buffer.from([0x88, 0x81, ...mask, 0x03]), // a close with half a code
    () => Buffer.concat([fragment(0x01), ...Array.from({ length: 6 }, () => fragment(0x00))]), // a bomb of fragments
    () => Buffer.concat([Buffer.from([0x81, 0xfe, 0x80, 0x00, ...mask]), Buffer.alloc(0x8000, 0x61)]), // over 16 KiB
  ];
  return kinds[pick(kinds.length)]!();
}
