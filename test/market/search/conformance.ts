/**
 * What every search engine must do alike. An engine's own test file opens it and calls `describeEngine`; the routes add
 * nothing to what is found here.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type {
  CursorState,
  SearchDocument,
  SearchEngine,
  SearchIndex,
} from '../../../src/market/search/engine.ts';
import { type Asked, ask, askToSuggest, document, idOf } from './asking.ts';
import { judgedCatalogue, keyOf } from './judged-catalogue.ts';
import { judgedQueries } from './judged-queries.ts';
import { relevanceOf } from './relevance.ts';

export interface OpenEngine {
  readonly engine: SearchEngine;
  readonly index: SearchIndex;
  /** Takes everything out. */
  clear(): Promise<void>;
  /** Resolves when what was written is found. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

export function describeEngine(name: string, open: () => Promise<OpenEngine>): void {
  let opened: OpenEngine;
  const shop = new (class {
    async has(...documents: SearchDocument[]): Promise<void> {
      await opened.index.index(documents);
      await opened.settle();
    }
    /** Numbers of the hits in their order. */
    async find(text: string, asked: Asked = {}): Promise<number[]> {
      return numbersOf(await ask(opened.engine, text, asked));
    }
    ask = (text: string, asked: Asked = {}) => ask(opened.engine, text, asked);
    suggest = (text: string) => askToSuggest(opened.engine, text);
  })();
  beforeAll(async () => {
    opened = await open();
  }, 60_000);
  afterAll(() => opened?.close());

  describe(`${name}: words`, () => {
    beforeEach(() => opened.clear());

    test('a word in the title counts more than in the tags, there more than in the description', async () => {
      await shop.has(
        document(1, { description: 'Goes with every lantern.' }),
        document(2, { tags: ['lantern'] }),
        document(3, { title: 'Brass lantern' }),
        document(4, { title: 'Something else' }),
      );
      expect(await shop.find('lantern')).toEqual([3, 2, 1]);
    });

    test('of equals the better rated comes first', async () => {
      await shop.has(
        document(1, { title: 'Brass lantern', rating: 3.5 }),
        document(2, { title: 'Brass lantern', rating: 4.5 }),
        document(3, { title: 'Brass lantern', rating: 2 }),
      );
      expect(await shop.find('lantern')).toEqual([2, 1, 3]);
    });

    test('every word must be there; all but one are enough when nothing has all', async () => {
      await shop.has(
        document(1, { title: 'Red leather wallet' }),
        document(2, { title: 'Red canvas wallet' }),
        document(3, { title: 'Green glass vase' }),
      );
      expect(await shop.find('red leather wallet ')).toEqual([1]);
      expect((await shop.find('blue leather wallet ')).sort()).toEqual([1]);
      expect((await shop.find('red silk wallet ')).sort()).toEqual([1, 2]);
    });

    test('small words do not count, unless there is nothing else', async () => {
      await shop.has(document(1, { title: 'Shelf for books' }), document(2, { title: 'The Who, Tommy' }));
      expect(await shop.find('a shelf for the books ')).toEqual([1]);
      expect(await shop.find('the who ')).toEqual([2]);
    });

    test('the last word may be the beginning of one, an earlier one may not', async () => {
      await shop.has(document(1, { title: 'Binoculars for birds' }));
      expect(await shop.find('binoc')).toEqual([1]);
      expect(await shop.find('birds binoc')).toEqual([1]);
      expect((await shop.ask('zzz binoc ')).total).toBe(0);
    });

    test('inflections are found, in several languages', async () => {
      await shop.has(
        document(1, { title: 'Batteries' }),
        document(2, {
          title: 'Bücherregale',
          description: 'Die Regale sind für das Wohnzimmer und aus dem Holz der Eiche.',
        }),
        document(3, {
          title: 'Assiettes',
          description: 'Des assiettes pour la table, avec un décor dans le style des années.',
        }),
        document(4, {
          title: 'Cuchillos',
          description: 'Los cuchillos de la cocina para el uso de una familia.',
        }),
      );
      expect(await shop.find('battery ')).toEqual([1]);
      expect(await shop.find('bücherregal ')).toEqual([2]);
      expect(await shop.find('assiette ')).toEqual([3]);
      expect(await shop.find('cuchillo ')).toEqual([4]);
    });

    test('accents and umlauts may be left out, or written in two letters', async () => {
      await shop.has(
        document(1, { title: 'Kühlbox' }),
        document(2, { title: 'Crêpière' }),
        document(3, { title: 'Piñata' }),
      );
      for (const text of ['kuhlbox', 'kuehlbox', 'KÜHLBOX', 'ku\u0308hlbox'])
        expect(await shop.find(text)).toEqual([1]);
      expect(await shop.find('crepiere')).toEqual([2]);
      expect(await shop.find('pinata')).toEqual([3]);
    });

    test('what a hyphen holds together is found as one word and as two', async () => {
      await shop.has(document(1, { title: 'Wi-Fi router' }), document(2, { title: 'Card 256GB' }));
      for (const text of ['wifi ', 'wi fi ', 'wi-fi ']) expect(await shop.find(text)).toEqual([1]);
      for (const text of ['256gb ', '256 gb ']) expect(await shop.find(text)).toEqual([2]);
    });

    test('synonyms are found behind the word itself', async () => {
      await shop.has(document(1, { title: 'Corner sofa' }), document(2, { title: 'Corner couch' }));
      expect(await shop.find('sofa ')).toEqual([1, 2]);
      expect(await shop.find('couch ')).toEqual([2, 1]);
      expect((await shop.find('settee ')).sort()).toEqual([1, 2]);
    });

    test('a text in a script of its own is found', async () => {
      await shop.has(document(1, { title: 'Чайник эмалированный' }), document(2, { title: '茶壺' }));
      expect(await shop.find('чайник')).toEqual([1]);
      expect(await shop.find('茶壺')).toEqual([2]);
    });

    test('no text breaks a search', async () => {
      await shop.has(document(1, { title: `Rock & "roll" | 'it' \\ !(us):*` }));
      expect(await shop.find('rock')).toEqual([1]);
      const text = fc.string({ unit: 'grapheme', maxLength: 300 });
      const operators = fc.stringMatching(/^[a-c&|!():*<>'"\\ -]{0,60}$/);
      await fc.assert(
        fc.asyncProperty(fc.oneof(text, operators), async (typed) => {
          const { total, hits } = await shop.ask(typed.slice(0, 300).toWellFormed());
          expect(hits.length).toBeLessThanOrEqual(total);
        }),
        { numRuns: 60 },
      );
    });
  });

  describe(`${name}: typing errors`, () => {
    beforeAll(async () => {
      await opened.clear();
      await shop.has(
        document(1, { title: 'Telescope' }),
        document(2, { title: 'Tripod for a telescope' }),
        document(3, { title: 'Bluetooth receiver' }),
      );
    });

    test.each([
      ['a letter too few', 'telescpe '],
      ['a letter too much', 'tellescope '],
      ['a wrong letter', 'telascope '],
      ['two in each other’s place', 'telecsope '],
      ['a wrong first letter', 'relescope '],
      ['two errors in a long word', 'telascop '],
    ])('%s', async (_, text) => {
      const { hits, corrections } = await shop.ask(text);
      expect(numbersOf({ hits }).sort()).toEqual([1, 2]);
      expect(corrections).toEqual([{ word: text.trim(), meant: 'telescope' }]);
    });

    test('a known word is not corrected', async () => {
      const { corrections } = await shop.ask('tripod telescope ');
      expect(corrections).toEqual([]);
    });

    test('only the wrong word is', async () => {
      const { hits, corrections } = await shop.ask('tripd telescope ');
      expect(numbersOf({ hits })).toEqual([2]);
      expect(corrections).toEqual([{ word: 'tripd', meant: 'tripod' }]);
    });

    test('two words written as one', async () => {
      const { hits, corrections } = await shop.ask('bluetoothreceiver ');
      expect(numbersOf({ hits })).toEqual([3]);
      expect(corrections).toEqual([{ word: 'bluetoothreceiver', meant: 'bluetooth receiver' }]);
    });

    test('what is looked for is what was meant', async () => {
      expect((await shop.ask('telescpe ')).lookedFor).toContain('telescope');
    });

    test('what nobody could have meant finds nothing', async () => {
      expect(await shop.ask('qqxxzzkkjj ')).toMatchObject({
        hits: [],
        total: 0,
        corrections: [],
        next: null,
      });
    });
  });

  describe(`${name}: filters and facets`, () => {
    beforeAll(async () => {
      await opened.clear();
      const phone = {
        title: 'Phone',
        category: 'Electronics > Phones',
        attributes: { colour: 'Black', ports: 1 },
      };
      const radio = { title: 'Radio', category: 'Electronics > Audio', attributes: { colour: 'red' } };
      await shop.has(
        document(1, { ...phone, brand: 'Acme', price: usd(2_000), rating: 4.5 }),
        document(2, { ...phone, brand: 'Acme', price: usd(5_000), rating: 3.9, inStock: false }),
        document(3, { ...phone, brand: 'Nova, Inc.', price: usd(9_999), rating: 2 }),
        document(4, { ...radio, brand: 'Acme', price: usd(2_500), rating: 4 }),
        document(5, { ...radio, brand: '', price: { amount: 2_500, currency: 'EUR' }, rating: 0 }),
        document(6, {
          title: 'Phone stand',
          category: 'Electronics',
          brand: 'Holz',
          price: usd(1_000),
          rating: 5,
        }),
        document(7, {
          title: 'Electronics tester',
          category: 'Electronics 2',
          brand: 'Holz',
          price: usd(900),
        }),
      );
    });

    test.each<[string, NonNullable<Asked['filters']>, number[]]>([
      ['a category and its branches', { category: 'Electronics' }, [1, 2, 3, 4, 5, 6]],
      ['a branch', { category: 'Electronics > Phones' }, [1, 2, 3]],
      ['brands', { brands: ['Nova, Inc.', 'Holz'] }, [3, 6, 7]],
      ['a lowest price, included', { priceMin: 2_500 }, [2, 3, 4]],
      ['a highest price, included', { priceMax: 2_000 }, [1, 6, 7]],
      ['a price range', { priceMin: 1_000, priceMax: 2_500 }, [1, 4, 6]],
      ['a rating', { ratingMin: 4 }, [1, 4, 6]],
      ['a rating between the steps', { ratingMin: 4.2 }, [1, 6]],
      ['what is in stock', { inStock: true }, [1, 3, 4, 5, 6, 7]],
      ['what is not', { inStock: false }, [2]],
      ['an attribute, in any case', { attributes: { colour: 'black' } }, [1, 2, 3]],
      ['a number as an attribute', { attributes: { ports: '1' } }, [1, 2, 3]],
      ['several at once', { category: 'Electronics', brands: ['Acme'], ratingMin: 4 }, [1, 4]],
      ['what nothing has', { brands: ['Nobody'] }, []],
    ])('%s', async (_, filters, numbers) => {
      expect((await shop.find('', { filters })).sort()).toEqual(numbers);
      const { total } = await shop.ask('', { filters });
      expect(total).toBe(numbers.length);
    });

    test('words and filters together', async () => {
      expect((await shop.find('phone ', { filters: { brands: ['Acme'] } })).sort()).toEqual([1, 2]);
    });

    test('facets count what was found', async () => {
      const { facets, total, isEstimate } = await shop.ask('');
      expect([total, isEstimate]).toEqual([7, false]);
      expect(facets).toEqual({
        brands: [
          { value: 'Acme', count: 3 },
          { value: 'Holz', count: 2 },
          { value: 'Nova, Inc.', count: 1 },
        ],
        categories: [
          { value: 'Electronics', count: 6 },
          { value: 'Electronics > Phones', count: 3 },
          { value: 'Electronics > Audio', count: 2 },
          { value: 'Electronics 2', count: 1 },
        ],
        priceRanges: [
          { from: null, to: 2_500, count: 3 },
          { from: 2_500, to: 5_000, count: 1 },
          { from: 5_000, to: 10_000, count: 2 },
          { from: 10_000, to: null, count: 0 },
        ],
        ratings: [
          { value: 4, count: 3 },
          { value: 3, count: 4 },
          { value: 2, count: 5 },
          { value: 1, count: 5 },
        ],
        inStock: [
          { value: true, count: 6 },
          { value: false, count: 1 },
        ],
      });
    });

    test('a facet leaves out its own filter and obeys the others', async () => {
      const { facets, total } = await shop.ask('phone ', { filters: { brands: ['Acme'], priceMax: 6_000 } });
      expect(total).toBe(2);
      // Whatever the brand, but no more than 60 dollars.
      expect(facets.brands).toEqual([
        { value: 'Acme', count: 2 },
        { value: 'Holz', count: 1 },
      ]);
      // Whatever the price, but of Acme.
      expect(facets.priceRanges.map(({ count }) => count)).toEqual([1, 0, 1, 0]);
      expect(facets.categories).toEqual([
        { value: 'Electronics', count: 2 },
        { value: 'Electronics > Phones', count: 2 },
      ]);
      expect(facets.inStock).toEqual([
        { value: true, count: 1 },
        { value: false, count: 1 },
      ]);
    });

    test('each facet that is filtered by', async () => {
      const filters = { category: 'Electronics > Phones', ratingMin: 4, inStock: true };
      const { facets, total } = await shop.ask('', { filters });
      expect(total).toBe(1);
      expect(facets.categories).toEqual([
        { value: 'Electronics', count: 3 },
        { value: 'Electronics > Audio', count: 1 },
        { value: 'Electronics > Phones', count: 1 },
      ]);
      expect(facets.ratings.map(({ count }) => count)).toEqual([1, 1, 2, 2]);
      expect(facets.inStock).toEqual([{ value: true, count: 1 }]);
    });

    test('another currency has its own prices', async () => {
      const { facets } = await shop.ask('', { currency: 'EUR' });
      expect(facets.priceRanges.map(({ count }) => count)).toEqual([0, 1, 0, 0]);
      expect(await shop.find('', { currency: 'EUR', sort: 'price_asc' })).toEqual([5]);
      expect(await shop.find('', { currency: 'EUR', filters: { priceMin: 1 } })).toEqual([5]);
    });

    test('facets of a search that finds nothing are empty', async () => {
      const { facets } = await shop.ask('qqxxzzkkjj ');
      expect([facets.brands, facets.categories, facets.ratings, facets.inStock]).toEqual([[], [], [], []]);
      expect(facets.priceRanges.map(({ count }) => count)).toEqual([0, 0, 0, 0]);
    });
  });

  describe(`${name}: orders and pages`, () => {
    beforeEach(() => opened.clear());

    const many = (from: number, to: number, change: (n: number) => Partial<SearchDocument> = () => ({})) =>
      Array.from({ length: to - from }, (_, i) =>
        document(from + i, { title: 'Lantern', ...change(from + i) }),
      );

    /** All pages, with something done between them. */
    async function walk(
      text: string,
      asked: Asked,
      between: (page: number) => Promise<void> = async () => {},
    ) {
      const found: number[] = [];
      let after: CursorState | null = null;
      for (let page = 0; page < 50; page++) {
        const answer = await shop.ask(text, { ...asked, after });
        found.push(...numbersOf(answer));
        after = answer.next;
        if (after === null) return found;
        await between(page);
      }
      throw new Error('the pages do not end');
    }

    test('without words the newest come first', async () => {
      await shop.has(...many(1, 6));
      expect(await shop.find('')).toEqual([5, 4, 3, 2, 1]);
    });

    test.each<[Asked['sort'], number[]]>([
      ['newest', [4, 3, 2, 1]],
      ['price_asc', [3, 1, 4, 2]],
      ['price_desc', [2, 4, 1, 3]],
      ['rating', [1, 3, 4, 2]],
    ])('%s', async (sort, order) => {
      const prices = [0, 200, 400, 100, 300];
      const ratings = [0, 5, 1, 4, 3];
      await shop.has(...many(1, 5, (n) => ({ price: usd(prices[n]!), rating: ratings[n]! })));
      expect(await shop.find('lantern ', { sort: sort! })).toEqual(order);
      expect(await walk('lantern ', { sort: sort!, limit: 1 })).toEqual(order);
    });

    test.each<Asked['sort']>(['relevance', 'newest', 'price_asc', 'price_desc', 'rating'])(
      'pages by %s have everything once, and the same order as one page',
      async (sort) => {
        await shop.has(...many(1, 48, (n) => ({ rating: n % 5, price: usd(100 * (n % 7)) })));
        const whole = await shop.find('lantern ', { sort: sort!, limit: 100 });
        expect(whole).toHaveLength(47);
        expect(await walk('lantern ', { sort: sort!, limit: 10 })).toEqual(whole);
      },
    );

    test.each<Asked['sort']>(['relevance', 'newest', 'price_asc', 'rating'])(
      'pages by %s neither repeat nor leave out what does not change, while other things do',
      async (sort) => {
        await shop.has(...many(100, 140, (n) => ({ rating: n % 5, price: usd(100 * (n % 7)) })));
        let next = 1;
        const found = await walk('lantern', { sort: sort!, limit: 7 }, async (page) => {
          await shop.has(...many(next, next + 5, (n) => ({ rating: n % 6, price: usd(90 * n) })));
          await shop.has(document(200 + page, { title: 'Lanternfish' }));
          next += 5;
        });
        const standing = found.filter((n) => n >= 100 && n < 200).sort((a, b) => a - b);
        expect(standing).toEqual(Array.from({ length: 40 }, (_, i) => 100 + i));
      },
    );

    test('a corrected search goes on as it began, even when its word becomes one', async () => {
      await shop.has(...many(1, 13));
      const found = await walk('lantrn ', { limit: 5 }, () => shop.has(document(50, { title: 'Lantrn' })));
      expect(found.sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, i) => 1 + i));
    });

    test('whatever stands in the place of a cursor is refused', async () => {
      await shop.has(...many(1, 5));
      for (const after of [[], ['x'], [1, 2, 3], [0, 'prd'], [{}], [9, 9, 9, 9, 9, 9]] as CursorState[])
        await expect(shop.ask('lantern', { after })).rejects.toMatchObject({ code: 'validation_failed' });
    });
  });

  describe(`${name}: what is written`, () => {
    beforeEach(() => opened.clear());

    test('an older copy never takes the place of a newer one', async () => {
      await shop.has(document(1, { title: 'Lantern', version: 5 }));
      await shop.has(document(1, { title: 'Candle', version: 4 }));
      expect([await shop.find('lantern '), await shop.find('candle ')]).toEqual([[1], []]);
      await shop.has(document(1, { title: 'Candle', version: 6 }));
      expect([await shop.find('lantern '), await shop.find('candle ')]).toEqual([[], [1]]);
    });

    test('what is taken out is gone, and an older copy does not bring it back', async () => {
      await shop.has(document(1, { title: 'Lantern', version: 1 }), document(2, { title: 'Lantern' }));
      await opened.index.remove([{ productId: idOf(1), version: 3 }]);
      await shop.has(document(1, { title: 'Lantern', version: 2 }));
      expect(await shop.find('lantern ')).toEqual([2]);
      await shop.has(document(1, { title: 'Lantern', version: 4 }));
      expect((await shop.find('lantern ')).sort()).toEqual([1, 2]);
    });

    test('an older removal takes nothing out', async () => {
      await shop.has(document(1, { title: 'Lantern', version: 3 }));
      await opened.index.remove([{ productId: idOf(1), version: 2 }]);
      await opened.settle();
      expect(await shop.find('lantern ')).toEqual([1]);
    });

    test('a word that is in nothing any more is unknown again', async () => {
      await shop.has(document(1, { title: 'Lanterm' }), document(2, { title: 'Lantern' }));
      expect(await shop.find('lanterm ')).toEqual([1]);
      await shop.has(document(1, { title: 'Candle', version: 2 }));
      const { hits, corrections } = await shop.ask('lanterm ');
      expect([numbersOf({ hits }), corrections]).toEqual([[2], [{ word: 'lanterm', meant: 'lantern' }]]);
    });

    test('writing the same again changes nothing', async () => {
      const documents = [document(1, { title: 'Lantern', brand: 'Acme' }), document(2, { title: 'Lantern' })];
      await shop.has(...documents);
      const before = await shop.ask('lantern ');
      await shop.has(...documents);
      expect(await shop.ask('lantern ')).toEqual(before);
    });

    test('the engine says how many there are', async () => {
      await shop.has(document(1), document(2), document(3));
      await opened.index.remove([{ productId: idOf(2), version: 2 }]);
      await opened.settle();
      expect(await opened.engine.health()).toMatchObject({ isOk: true, documents: 2 });
    });
  });

  describe(`${name}: suggestions and interests`, () => {
    beforeAll(async () => {
      await opened.clear();
      await shop.has(
        document(1, {
          title: 'Telescope for the theatre',
          brand: 'Stella',
          category: 'Optics > Telescopes',
        }),
        document(2, {
          title: 'Travel telescope',
          brand: 'Stella',
          category: 'Optics > Telescopes',
          rating: 5,
        }),
        document(3, { title: 'Travel tripod', brand: 'New Balance', category: 'Optics > Tripods' }),
      );
    });

    test('words, brands, categories and products that begin with what was typed', async () => {
      const found = await shop.suggest('tel');
      expect(found).toContainEqual({ kind: 'query', text: 'telescope' });
      expect(found).toContainEqual({ kind: 'category', text: 'Optics > Telescopes' });
      expect(found).toContainEqual({ kind: 'product', productId: idOf(2) });
      expect(await shop.suggest('ste')).toContainEqual({ kind: 'brand', text: 'Stella' });
      expect(await shop.suggest('bala')).toContainEqual({ kind: 'brand', text: 'New Balance' });
    });

    test('the better rated product comes first', async () => {
      const products = (await shop.suggest('telesc')).flatMap((one) =>
        one.kind === 'product' ? one.productId : [],
      );
      expect(products).toEqual([idOf(2), idOf(1)]);
    });

    test('with one typing error', async () => {
      expect(await shop.suggest('telsc')).toContainEqual({ kind: 'query', text: 'telescope' });
      expect(await shop.suggest('stela')).toContainEqual({ kind: 'brand', text: 'Stella' });
    });

    test('behind other words only what goes with them', async () => {
      const found = await shop.suggest('travel t');
      const queries = found.flatMap((one) => (one.kind === 'query' ? one.text : []));
      expect(queries).toEqual(expect.arrayContaining(['travel telescope', 'travel tripod']));
      expect(queries).not.toContain('travel theatre');
    });

    test('nothing for nothing, and no more than were asked for', async () => {
      expect(await shop.suggest('')).toEqual([]);
      expect(await shop.suggest('!!!')).toEqual([]);
      expect(await shop.suggest('qqxxzz')).toEqual([]);
      expect((await askToSuggest(opened.engine, 't', 2)).length).toBeLessThanOrEqual(2);
    });

    test('what an account looks at lately comes earlier, and nothing else is found', async () => {
      const plain = await shop.find('travel ');
      expect(plain).toEqual([2, 3]);
      const interests = { brands: ['New Balance'], categories: [] };
      expect(await shop.find('travel ', { interests })).toEqual([3, 2]);
      expect((await shop.find('', { interests }))[0]).toBe(3);
    });
  });

  describe(`${name}: relevance`, () => {
    test('the judged queries find what people mean', async () => {
      await opened.clear();
      await shop.has(...judgedCatalogue);
      const { mean, byQuery } = await relevanceOf(opened.engine);
      console.info(`${name}: nDCG@10 ${mean.toFixed(3)} over ${byQuery.length} judged queries`);
      expect(byQuery.length).toBeGreaterThanOrEqual(60);
      expect(mean).toBeGreaterThanOrEqual(0.85);
    });

    test('every judgement is about a product that there is', () => {
      const known = new Set(judgedCatalogue.map(({ productId }) => keyOf(productId)));
      expect(
        judgedQueries.flatMap(({ gradeByKey }) => [...gradeByKey.keys()]).filter((key) => !known.has(key)),
      ).toEqual([]);
    });
  });
}

const usd = (amount: number) => ({ amount, currency: 'USD' });

function numbersOf({ hits }: { readonly hits: readonly { readonly productId: string }[] }): number[] {
  return hits.map(({ productId }) => Number.parseInt(productId.slice(-12), 16));
}
