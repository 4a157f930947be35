import { describe, expect, test } from 'vitest';
import { canonicalJson, faultOf, hashOf } from '../../src/persistence/hash-chain.ts';

describe('the canonical form', () => {
  test('is that of RFC 8785, by its own examples', () => {
    const value = {
      numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"/',
      literals: [null, true, false],
    };
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  test('sorts names by their UTF-16 units, as section 3.2.3 shows', () => {
    const value = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    };
    expect(
      Object.values(
        JSON.parse(
          `[${canonicalJson(value)
            .match(/:"([^"]*)"/g)!
            .map((text) => text.slice(1))}]`,
        ),
      ),
    ).toEqual([
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ]);
  });

  test('does not depend on the order of members, at any depth', () => {
    expect(hashOf({ a: { b: 1, c: [{ d: 1, e: 2 }] } })).toBe(hashOf({ a: { c: [{ e: 2, d: 1 }], b: 1 } }));
    expect(hashOf([1, 2])).not.toBe(hashOf([2, 1]));
  });
});

describe('a chain', () => {
  const chain = () => {
    const rows: { seq: number; what: string; previousHash: string | null; hash: string }[] = [];
    for (const what of ['made', 'changed', 'archived']) {
      const row = { seq: rows.length + 1, what, previousHash: rows.at(-1)?.hash ?? null };
      rows.push({ ...row, hash: hashOf(row) });
    }
    return rows;
  };

  test('is whole as it was written', () => {
    expect(faultOf(chain())).toBe(null);
    expect(faultOf([])).toBe(null);
  });

  test('shows a row that was changed, taken out, put in or swapped', () => {
    const changed = chain();
    changed[1]!.what = 'nothing';
    expect(faultOf(changed)).toBe('row 2 was changed');
    const rehashed = chain();
    const { hash: _, ...row } = { ...rehashed[1]!, what: 'nothing' };
    rehashed[1] = { ...row, hash: hashOf(row) };
    expect(faultOf(rehashed)).toBe('row 3 does not follow the row before it');
    expect(faultOf(chain().toSpliced(1, 1))).toBe('row 2 is missing');
    expect(faultOf(chain().slice(1))).toBe('row 1 is missing');
    const [one, two, three] = chain();
    expect(faultOf([one!, three!, two!])).toBe('row 2 is missing');
  });
});
