/** What the rules say of a listing. */
import { describe, expect, test } from 'vitest';
import { hashesOf, type Listing, Rules } from '../../../src/market/compliance/rules.ts';

const listing: Listing = {
  title: 'Fine watch',
  description: 'Tells the time.',
  brand: 'Nimbus',
  tags: ['steel', 'gift'],
  category: 'Jewellery > Watches',
  attributes: { movement: 'quartz', depth: 30 },
  variants: [
    { sku: 'W-1', options: { strap: 'leather' }, amount: 9_900, currency: 'USD' },
    { sku: 'W-2', options: { strap: 'steel' }, amount: 12_900, currency: 'USD' },
  ],
};

const hold = (pattern: string) => ({ pattern, action: 'hold' }) as const;

describe('a listing', () => {
  test.each([
    ['title', { title: 'Replica watch' }],
    ['description', { description: 'Not a\nreplica.' }],
    ['brand', { brand: 'Replica & Sons' }],
    ['tags', { tags: ['steel', 'replica'] }],
    ['category', { category: 'Jewellery > Replica > Watches' }],
    ['attributes', { attributes: { kind: 'replica' } }],
    ['attributes', { attributes: { replica: true } }],
    ['options', { variants: [{ ...listing.variants[0]!, options: { make: 'replica' } }] }],
  ])('is held for a word in the %s', async (place, change) => {
    const { hold: reasons, refuse } = await (await Rules.of([hold('replica')], [])).judge({
      ...listing,
      ...change,
    });
    expect(reasons).toEqual([{ code: 'forbidden_word', detail: `"replica" in the ${place}` }]);
    expect(refuse).toEqual([]);
  });

  test('is not held for words that stand in different tags or attributes', async () => {
    const rules = await Rules.of([hold('steel gift'), hold('quartz depth'), hold('leather strap')], []);
    expect(await rules.judge(listing)).toEqual({ hold: [], refuse: [] });
  });

  test('is refused where the rule says so, whatever others say', async () => {
    const rules = await Rules.of([hold('watch'), { pattern: 'fine', action: 'refuse' }], []);
    const { hold: held, refuse } = await rules.judge(listing);
    expect(held).toHaveLength(1);
    expect(refuse).toEqual([{ code: 'forbidden_word', detail: '"fine" in the title' }]);
  });

  test.each([
    ['jewellery', true],
    ['Jewellery > Watches', true],
    ['JEWELLERY>watches', true],
    ['Jewellery > Wat', false],
    ['Watches', false],
    ['Jewellery > Watches > Steel', false],
  ])('in a branch of the forbidden category %s: %s', async (category, isHeld) => {
    const { hold: reasons } = await (await Rules.of([{ category, action: 'hold' }], [])).judge(listing);
    expect(reasons).toEqual(
      isHeld ? [{ code: 'forbidden_category', detail: `The category ${category}` }] : [],
    );
  });

  test.each([
    [{ currency: 'USD', min: 9_900, max: 12_900 }, false],
    [{ currency: 'USD', min: 9_901 }, true],
    [{ currency: 'USD', max: 12_899 }, true],
    [{ currency: 'EUR', min: 1_000_000 }, false],
    [{ currency: 'USD', category: 'Jewellery', min: 20_000 }, true],
    [{ currency: 'USD', category: 'Toys', min: 20_000 }, false],
  ])('within the bound %j: held %s', async (bound, isHeld) => {
    const { hold: reasons } = await (await Rules.of([], [bound])).judge(listing);
    expect(reasons.map(({ code }) => code)).toEqual(isHeld ? ['suspicious_price'] : []);
  });

  test('is never held without a rule', async () => {
    const rules = await Rules.of([], []);
    expect(rules.isEmpty).toBe(true);
    expect(await rules.judge({ ...listing, variants: [{ ...listing.variants[0]!, amount: 0 }] })).toEqual({
      hold: [],
      refuse: [],
    });
  });

  test('has another hash for other words, and one for other prices', async () => {
    const { words, prices } = hashesOf(listing);
    const dearer = { ...listing, variants: listing.variants.map((variant) => ({ ...variant, amount: 1 })) };
    expect(hashesOf(dearer).words).toBe(words);
    expect(hashesOf(dearer).prices).not.toBe(prices);
    const renamed = { ...listing, title: 'Watch, fine' };
    expect(hashesOf(renamed).words).not.toBe(words);
    expect(hashesOf(renamed).prices).toBe(prices);
  });
});
