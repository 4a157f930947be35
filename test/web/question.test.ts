/** What the address of the search page says, and what the API is asked. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  attributeHref,
  minorOf,
  questionIn,
  searchHref,
  searchPath,
} from '../../src/web/pages/search/question.ts';

const asked = (query: string) =>
  Object.fromEntries(new URL(searchPath(questionIn(new URLSearchParams(query))), 'http://x').searchParams);

describe('prices as people write them', () => {
  test.each([
    ['40', 4_000],
    ['$40', 4_000],
    ['19.90', 1_990],
    ['19,90', 1_990],
    ['1,299', 129_900],
    ['1,299.50', 129_950],
  ])('%s is %i cents', (written, minor) => expect(minorOf(written, 'USD')).toBe(minor));

  test.each(['', 'cheap', '.', '9'.repeat(20)])('"%s" is none', (written) =>
    expect(minorOf(written, 'USD')).toBeNull(),
  );

  test('in a currency without smaller units', () => expect(minorOf('4,000', 'JPY')).toBe(4_000));
});

describe('the API is asked', () => {
  test('for what the address says', () => {
    expect(asked('q=trail&brand=Fjell&brand=Creel&from=40&to=260&rating=4&inStock=1&sort=price_asc')).toEqual(
      {
        ...{ q: 'trail', brand: 'Fjell,Creel', priceMin: '4000', priceMax: '26000' },
        ...{ ratingMin: '4', inStock: 'true', sort: 'price_asc', limit: '24' },
      },
    );
  });

  test('for nothing that it would refuse', () => {
    expect(asked('sort=cheapest&rating=many&from=a&inStock=yes&currency=dollars')).toEqual({ limit: '24' });
  });

  test('for attributes by their names, as sellers write them', () => {
    expect(asked('attributes[Colour]=deep red&attributes[]=x&attributes[size]=&attributes[a]=1')).toEqual({
      ...{ 'attributes[Colour]': 'deep red', 'attributes[a]': '1', limit: '24' },
    });
    expect(attributeHref('Colour', 'deep red')).toBe('/search?attributes%5BColour%5D=deep+red');
    expect(attributeHref('Story', 'x'.repeat(201))).toBeNull();
  });

  test('for a brand with a comma as one brand', () => {
    expect(asked('brand=Salt%2C+Sons').brand).toBe('Salt\\, Sons');
  });
});

test('a search is the same after its address was read again', () => {
  const text = fc.string({ maxLength: 12 });
  const query = fc.record({
    ...{ q: text, category: text, from: text, to: text, sort: fc.constantFrom('newest', 'x', 'rating') },
    ...{ rating: fc.constantFrom('4', '4.5', '9', ''), inStock: fc.constantFrom('1', '0') },
  });
  fc.assert(
    fc.property(query, fc.array(text, { maxLength: 3 }), text, (fields, brands, name) => {
      const params = new URLSearchParams({ ...fields, [`attributes[${name}]`]: fields.q });
      for (const brand of brands) params.append('brand', brand);
      const question = questionIn(params);
      const again = questionIn(new URL(searchHref(question), 'http://x').searchParams);
      expect(again).toEqual(question);
    }),
  );
});
