import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { nestingMax, parseJson } from '../../src/gateway/json.ts';
import { decode } from '../../src/gateway/live/codec.ts';
import { DoorbusterError } from '../../src/protocol/errors.ts';

const read = (text: string) => parseJson(Buffer.from(text));

/** The code and the first place of the refusal, or null. */
function refusalOf(work: () => unknown): [code: string, path: string | undefined] | null {
  try {
    work();
    return null;
  } catch (error) {
    if (!(error instanceof DoorbusterError)) throw error;
    const [first] = (error.details.errors ?? []) as { path: string }[];
    return [error.code, first?.path];
  }
}

describe('case 13: a number that cannot be kept', () => {
  it.each([
    '12345678901234567890',
    '9007199254740993',
    '-9007199254740993',
    '0.1234567890123456789',
    '3.141592653589793238',
    '1e400',
    '-1e400',
    '1e-400',
    '123456789012345678e-3',
    `${'9'.repeat(400)}`,
  ])('is refused with its place: %s', (number) => {
    for (const [text, path] of [
      [`{"attributes":{"serial":${number}}}`, '/attributes/serial'],
      [`{"a":[1,{"b/c": ${number} }]}`, '/a/1/b~1c'],
      [number, ''],
    ] as const)
      expect([text, refusalOf(() => read(text))]).toEqual([text, ['validation_failed', path]]);
  });

  it.each([
    ['0', 0],
    ['-0', -0],
    ['9007199254740991', 9_007_199_254_740_991],
    ['9007199254740992', 9_007_199_254_740_992],
    ['1.10', 1.1],
    ['1.0000000000000000000', 1],
    ['0.30000000000000004', 0.300_000_000_000_000_04],
    ['1e3', 1_000],
    ['1E+22', 1e22],
    ['100000000000000000000', 1e20],
    ['5e-324', 5e-324],
    ['1.7976931348623157e308', 1.797_693_134_862_315_7e308],
    ['0e999', 0],
  ])('but what a double keeps is kept: %s', (text, number) => {
    expect(read(`{"a":${text}}`)).toEqual({ a: number });
  });

  it('is refused in msgpack, too: integers beyond 2^53, and what is no number', () => {
    const packr = new Packr({ useRecords: false });
    const refused = [2n ** 53n, 2n ** 63n, -(2n ** 60n), Number.NaN, Number.POSITIVE_INFINITY];
    for (const number of refused) {
      const frame = new Uint8Array(packr.pack({ type: 'x', deep: [{ number }] })).buffer as ArrayBuffer;
      expect([number, refusalOf(() => decode(frame, true))]).toEqual([
        number,
        ['validation_failed', '/deep/0/number'],
      ]);
    }
    const kept = { a: 1.5, b: -(2 ** 31), c: 2 ** 53 - 1, d: -(2 ** 53) + 1, e: 0.1, f: 255, g: 65_536 };
    expect(decode(new Uint8Array(packr.pack(kept)).buffer as ArrayBuffer, true)).toEqual(kept);
  });
});

describe('a text whose meaning would change by being read', () => {
  it('is refused when a name stands twice, however it is written', () => {
    for (const [text, path] of [
      ['{"a":1,"a":2}', '/a'],
      ['{"a":1,"\\u0061":2}', '/a'],
      ['{"x":{"b":1, "c":2 ,"b" : 1}}', '/x/b'],
      ['[{"":1,"":1}]', '/0/'],
      ['{"__proto__":1,"__proto__":2}', '/__proto__'],
    ] as const)
      expect([text, refusalOf(() => read(text))]).toEqual([text, ['validation_failed', path]]);
    expect(read('{"a":"\\"b\\":1,\\"b\\":2","b":":"}')).toEqual({ a: '"b":1,"b":2', b: ':' });
  });

  it('is refused when it holds half a character or U+0000', () => {
    for (const text of ['{"a":"\\ud800"}', '{"a":["\\udc00x"]}', '{"a":"x\\u0000"}', '{"\\ud800":1}'])
      expect([text, refusalOf(() => read(text))?.[0]]).toEqual([text, 'validation_failed']);
    expect(read('"\\ud83d\\ude00 \\u0041"')).toBe('\u{1f600} A');
  });

  it('is refused when it nests too deeply, whatever the depth', () => {
    const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
    expect(refusalOf(() => read(nested(nestingMax)))).toBeNull();
    for (const depth of [nestingMax + 1, 1_000, 32_000])
      expect(refusalOf(() => read(nested(depth)))).toEqual(['malformed_json', undefined]);
    expect(read(`"${'['.repeat(100)}"`)).toBe('['.repeat(100));
  });

  it('and every other one is read as JSON says', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.nat(3), (value, spaces) => {
        const text = JSON.stringify(value, null, spaces);
        expect(read(text)).toEqual(JSON.parse(text));
      }),
      { numRuns: 2_000 },
    );
  });

  it('is told from the others by its first look alone: long digits in texts are only read again', () => {
    const text = '{"id":"00000000-0000-7000-8000-000000000001","n":1,"t":"12345678901234567890 \\u00e9"}';
    expect(read(text)).toEqual(JSON.parse(text));
  });
});

describe('msgpack', () => {
  const frame = (...bytes: number[]) => new Uint8Array(bytes).buffer as ArrayBuffer;

  it('is read as the JSON that it stands for', () => {
    const packr = new Packr({ useRecords: false });
    const plain = fc.dictionary(
      fc.string(),
      fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.parse(JSON.stringify(value))),
    );
    fc.assert(
      fc.property(plain, (value) => {
        fc.pre(!JSON.stringify(value).includes('\\u0000') && !JSON.stringify(value).includes('__proto__'));
        const bytes = new Uint8Array(packr.pack(value)).buffer as ArrayBuffer;
        expect(JSON.parse(JSON.stringify(decode(bytes, true)))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      { numRuns: 1_000 },
    );
  });

  it('has no types that JSON does not have, no name twice, and no end before its end', () => {
    for (const [what, bytes, code] of [
      ['bytes', [0x81, 0xa1, 0x61, 0xc4, 1, 0], 'validation_failed'],
      ['a regular expression', [0x81, 0xa1, 0x61, 0xc7, 3, 0x78, 0x92, 0xa0, 0xa0], 'validation_failed'],
      ['a time', [0x81, 0xa1, 0x61, 0xd6, 0xff, 0, 0, 0, 0], 'validation_failed'],
      ['a name twice', [0x82, 0xa1, 0x61, 1, 0xa1, 0x61, 2], 'validation_failed'],
      ['a number as a name', [0x81, 1, 1], 'validation_failed'],
      ['U+0000', [0x81, 0xa1, 0x61, 0xa1, 0], 'validation_failed'],
      ['no UTF-8', [0x81, 0xa1, 0x61, 0xa1, 0xff], 'malformed_json'],
      ['what never is', [0x81, 0xa1, 0x61, 0xc1], 'malformed_json'],
      ['too little', [0x82, 0xa1, 0x61, 1], 'malformed_json'],
      ['too much', [0x80, 0x80], 'malformed_json'],
      ['a map of 2^32', [0xdf, 0xff, 0xff, 0xff, 0xff], 'malformed_json'],
      ['an array of 2^32', [0x81, 0xa1, 0x61, 0xdd, 0xff, 0xff, 0xff, 0xff], 'malformed_json'],
      ['nothing', [], 'malformed_json'],
      ['no map', [0x93, 1, 2, 3], 'malformed_json'],
      ['depth', [0x81, 0xa1, 0x61, ...Array(500).fill(0x91), 0], 'malformed_json'],
    ] as const)
      expect([what, refusalOf(() => decode(frame(...bytes), true))?.[0]]).toEqual([what, code]);
  });
});
