/** From text to words, synonyms and highlights: what needs no engine. */
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeCursor, encodeCursor } from '../../../src/market/search/cursor.ts';
import { categoryFacet, priceBounds } from '../../../src/market/search/facets.ts';
import { Highlighter } from '../../../src/market/search/highlight.ts';
import { languageOf } from '../../../src/market/search/languages.ts';
import { corrected, parseSuggest, parseTerms } from '../../../src/market/search/parse.ts';
import { damerau, editsOf } from '../../../src/market/search/postgres/edits.ts';
import { alternativesTo, parseSynonyms, SynonymFile } from '../../../src/market/search/synonyms.ts';
import { fold, wordsOf } from '../../../src/market/search/text.ts';
import { testLog } from '../../persistence/support.ts';

const none = new Map();

describe('words', () => {
  test.each([
    ['Crème BRÛLÉE', 'creme brulee'],
    ['Straße', 'strasse'],
    ['Łódź Ærø', 'lodz aero'],
    ['ﬁne Ａ１', 'fine a1'],
    ['ЁЛКА', 'елка'],
  ])('%s is folded', (text, folded) => expect(fold(text)).toBe(folded));

  test.each([
    ["chef's knife", ['chef', 's', 'chefs', 'knife']],
    ['T-Shirt, white', ['t', 'shirt', 'tshirt', 'white']],
    ['256GB', ['256', 'gb', '256gb']],
    ['Kühl', ['kuhl', 'kuehl']],
    ['茶壺 pot', ['茶', '壺', 'pot']],
    ['... !?', []],
  ])('%s', (text, words) => expect(wordsOf(text, 100)).toEqual(words));

  test('no word is longer than an index takes, and none is empty', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
        for (const word of wordsOf(text, 100)) expect(word.length > 0 && word.length <= 40).toBe(true);
      }),
    );
  });

  test('a text is of the language whose small words it has; of all when it has none', () => {
    const names = (text: string) => languageOf(wordsOf(text, 100))?.name;
    expect(names('The lamp for the desk and the shelf')).toBe('english');
    expect(names('Die Lampe für den Tisch und das Regal')).toBe('german');
    expect(names('La lampe pour le bureau avec des livres')).toBe('french');
    expect(names('La lámpara para el escritorio con los libros')).toBe('spanish');
    expect(languageOf(['lamp', 'desk'])).toBeNull();
  });
});

describe('a query', () => {
  test('leaves small words out, and knows which word may go on', () => {
    const terms = parseTerms('a shelf for books', none);
    expect(terms.map(({ phrases, isPartial }) => [phrases[0][0]![0], isPartial])).toEqual([
      ['shelf', false],
      ['books', true],
    ]);
    expect(parseTerms('books ', none)[0]!.isPartial).toBe(false);
  });

  test('has a bound, and no word twice', () => {
    expect(parseTerms('word '.repeat(60), none)).toHaveLength(1);
    expect(
      parseTerms(Array.from({ length: 100 }, (_, n) => `w${n}x`).join(' '), none).length,
    ).toBeLessThanOrEqual(12);
  });

  test('is corrected where it was wrong', () => {
    expect(corrected('The Lantrn, please', [{ word: 'lantrn', meant: 'lantern' }])).toBe(
      'The lantern, please',
    );
    expect(corrected('all right', [])).toBeNull();
  });

  test('being typed is what stands before, and the beginning of a word', () => {
    expect(parseSuggest('wireless hea', none, 5)).toMatchObject({
      before: 'wireless ',
      prefix: 'hea',
      limit: 5,
    });
    expect(parseSuggest(' !', none, 5)).toBeNull();
    expect(parseSuggest('done ', none, 5)).toMatchObject({ before: '', prefix: 'done' });
  });
});

describe('synonyms', () => {
  test('are found by a word, its inflections, and several words', async () => {
    const synonyms = await parseSynonyms('# comment\nsofa, couch\ncell phone, smartphone # so\n,,\n');
    expect(alternativesTo(['sofa'], synonyms)).toEqual([['couch']]);
    expect(alternativesTo(['sofas'], synonyms)).toContainEqual(['couch']);
    expect(alternativesTo(['cell', 'phones'], synonyms)).toContainEqual(['smartphone']);
    expect(alternativesTo(['table'], synonyms)).toEqual([]);
    const [term, ...others] = parseTerms('cheap cell phone ', synonyms).slice(1);
    expect(others).toEqual([]);
    expect(term!.phrases.map((phrase) => phrase.map(([word]) => word))).toEqual([
      ['cell', 'phone'],
      ['smartphone'],
    ]);
  });

  test('are read again within a minute of a change, and stay when the file is gone', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'doorbuster-'));
    const path = join(folder, 'synonyms.txt');
    await writeFile(path, 'sofa, couch\n');
    const file = new SynonymFile(path, () => {});
    const of = async (word: string, atMs: number) => {
      await file.read(atMs);
      await file.settled();
      return alternativesTo([word], await file.read(atMs));
    };
    expect(await of('sofa', 0)).toEqual([['couch']]);
    await writeFile(path, 'sofa, settee\n');
    await utimes(path, new Date(), new Date(Date.now() + 5_000));
    expect(await of('sofa', 60_000)).toEqual([['settee']]);
    await rm(folder, { recursive: true });
    expect(await of('sofa', 120_000)).toEqual([['settee']]);
  });

  test('that are shipped can be read', async () => {
    const synonyms = await new SynonymFile(null, testLog).read();
    expect(alternativesTo(['couch'], synonyms)).toContainEqual(['sofa']);
  });
});

describe('highlights', () => {
  const html = (text: string, ...lookedFor: string[]) => new Highlighter(lookedFor).html(text);

  test('mark words and inflections, and escape everything else', () => {
    expect(html('Two <b>Lamps</b> & a lamp', '_lamp')).toBe(
      'Two &lt;b&gt;<em>Lamps</em>&lt;/b&gt; &amp; a <em>lamp</em>',
    );
    expect(html('Nothing', '_lamp')).toBeNull();
    expect(html('T-Shirt', 'tshirt')).toBe('<em>T-Shirt</em>');
  });

  test('begin near the first hit of a long text', () => {
    const found = html(`${'far away '.repeat(100)}here is the lamp ${'and more '.repeat(100)}`, 'lamp')!;
    expect(found).toMatch(/^… .*<em>lamp<\/em>.* …$/);
  });

  test('are short, balanced, and have no other tag, whatever the text', () => {
    const piece = fc.constantFrom(
      'lamp ',
      '<script>',
      '&amp;',
      '"',
      "'",
      'ß',
      '👩‍👩‍👧',
      'é',
      'lamps',
      ' ',
      'x'.repeat(80),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 200 }), (pieces) => {
        const found = html(pieces.join(''), 'lamp', '_lamp');
        if (found === null) return;
        expect(found.length).toBeLessThanOrEqual(300);
        expect(found.replaceAll(/<em>[^<>]*<\/em>/g, '')).not.toMatch(/[<>]/);
        expect(found).toContain('<em>');
        expect(found.isWellFormed()).toBe(true);
      }),
    );
  });
});

describe('typing errors', () => {
  test('all that is one away is listed, and nothing else', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(letters, letters, (a, b) => {
        expect(editsOf(a).has(b)).toBe(damerau(a, b) === 1);
      }),
    );
  });
});

describe('cursors', () => {
  const cursor = {
    engine: 'postgres',
    query: 'q1',
    beganAtMs: 5,
    atMs: 1_000,
    state: [0, 'prd_x', 'café'],
  } as const;

  test('come back as they were, for their query and in time', () => {
    const text = encodeCursor(cursor)!;
    expect(decodeCursor(text, 'q1', 2_000)).toEqual(cursor);
    expect(() => decodeCursor(text, 'q2', 2_000)).toThrow('not one of this search');
    expect(() => decodeCursor(text, 'q1', 601_001)).toThrow('has ended');
  });

  test('whatever else is sent is refused', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        const sent = Buffer.from(text).toString('base64url');
        expect(() => decodeCursor(sent, 'q1', 0)).toThrow('not one of this search');
      }),
    );
  });
});

describe('facets', () => {
  test('price ranges meet at 25, 50 and 100', () => {
    expect(priceBounds('USD')).toEqual([2_500, 5_000, 10_000]);
    expect(priceBounds('JPY')).toEqual([2_500, 5_000, 10_000]);
    expect(priceBounds('BHD')).toEqual([25_000, 50_000, 100_000]);
  });

  test('a category counts what is in its branches', () => {
    expect(
      categoryFacet([
        ['A > B', 2],
        ['A > C', 1],
        ['A', 4],
        ['D', 7],
      ]),
    ).toEqual([
      { value: 'A', count: 7 },
      { value: 'D', count: 7 },
      { value: 'A > B', count: 2 },
      { value: 'A > C', count: 1 },
    ]);
  });
});
