/** Words, their order of weight, and the ways in which they are written. */
import fc from 'fast-check';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { document } from '../asking.ts';
import { numbersOf, type Shop } from './shop.ts';

export function describeWords(shop: Shop): void {
  describe('words', () => {
    beforeEach(() => shop.clear());

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
  });
}

export function describeSpellings(shop: Shop): void {
  describe('spellings and languages', () => {
    beforeEach(() => shop.clear());

    test('a word in the title counts more than in the tags, there more than in the description', async () => {
      await shop.has(
        document(1, { description: 'Goes with every lantern.' }),
        document(2, { tags: ['lantern'] }),
        document(3, { title: 'Brass lantern' }),
        document(4, { title: 'Something else' }),
      );
      expect(await shop.find('lantern')).toEqual([3, 2, 1]);
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
  });
}

export function describeMeanings(shop: Shop): void {
  describe('synonyms and scripts', () => {
    beforeEach(() => shop.clear());

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
}

export function describeTypingErrors(shop: Shop): void {
  describe('typing errors', () => {
    beforeAll(async () => {
      await shop.clear();
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
      expect(numbersOf(hits).sort()).toEqual([1, 2]);
      expect(corrections).toEqual([{ word: text.trim(), meant: 'telescope' }]);
    });

    test('a known word is not corrected', async () => {
      const { corrections } = await shop.ask('tripod telescope ');
      expect(corrections).toEqual([]);
    });

    test('only the wrong word is', async () => {
      const { hits, corrections } = await shop.ask('tripd telescope ');
      expect(numbersOf(hits)).toEqual([2]);
      expect(corrections).toEqual([{ word: 'tripd', meant: 'tripod' }]);
    });

    test('two words written as one', async () => {
      const { hits, corrections } = await shop.ask('bluetoothreceiver ');
      expect(numbersOf(hits)).toEqual([3]);
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
}
