/**
 * The pages that the server draws, out of the build: whatever sellers write, a page has the elements of the page and no
 * other, and its data says what was written.
 */
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Drawing, readWebFiles } from '../../src/gateway/web-files.ts';
import type { Product } from '../../src/market/catalog/schemas.ts';
import { webFolder } from '../../src/ops/web.ts';

let drawing: Drawing;
beforeAll(async () => {
  drawing = (await readWebFiles(webFolder))!.drawing!;
});

const productId = 'prd_018f0000-0000-7000-8000-000000000000';
const path = `/v1/products/${productId}`;
const money = { amount: 12_900, currency: 'USD' };

/** As much of it as the API takes for the value of an attribute. */
const searchable = (text: string) => `a${text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '')}`;

function product(text: string): Product {
  return {
    ...{ productId, sellerId: 'acc_x', seller: { sellerId: 'acc_x', name: text, ratingAvg: null } },
    // A line break begins a paragraph.
    ...{ title: text, description: text.replaceAll('\n', ' '), brand: text, category: text, tags: [text] },
    // The first can be searched for, the last cannot.
    ...{ attributes: { a: searchable(text), b: 1, c: true, d: `\0${text}` }, status: 'active' },
    images: [
      {
        imageId: 'img_1',
        url: `/media/${encodeURIComponent(text)}`,
        thumbnailUrl: '/media/1',
        width: 1,
        height: 1,
        alt: text,
      },
      {
        imageId: 'img_2',
        url: 'https://example.com/2',
        thumbnailUrl: '/media/2',
        width: null,
        height: null,
        alt: '',
      },
    ],
    variants: [
      {
        ...{
          sku: 'S-1',
          options: { size: text },
          price: money,
          compareAtPrice: { ...money, amount: 15_000 },
        },
        ...{ images: [], inStock: true, stockLevel: 'low', left: 3 },
      },
      {
        sku: 'S-2',
        options: { size: `${text}!` },
        price: money,
        images: [],
        inStock: false,
        stockLevel: 'none',
      },
    ],
    ...{ priceFrom: money, ratingAvg: 4.6, reviewCount: 318, version: 1 },
    ...{ createdAt: '2026-01-01T00:00:00.000Z', updatedAt: '2026-01-01T00:00:00.000Z' },
  };
}

const node = (text: string) => ({
  categoryId: 'cat_1',
  name: text,
  path: text,
  slug: 'a-slug',
  productCount: 3,
  children: [],
});

/** Each of the drawn pages, with this text wherever a stranger can write one. */
function drawAll(text: string): Record<string, { head: string; body: string }> {
  const url = (name: string) => `http://shop.example${name}`;
  const shown = product(text);
  const list = { items: [shown], total: 1, page: 1, totalPages: 1, nextCursor: null };
  const tree = { '/v1/categories': { items: [node(text)] } };
  const q = encodeURIComponent(text);
  const found = {
    ...list,
    items: [
      {
        ...shown,
        score: 1,
        highlights: { title: `<em>${text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)}</em>` },
      },
    ],
    facets: {
      ...{ brands: [{ value: text, count: 1 }], categories: [{ value: text, count: 1 }], priceRanges: [] },
      ...{ ratings: [{ value: 4, count: 1 }], inStock: [{ value: true, count: 1 }] },
    },
    didYouMean: text,
  };
  const one = (page: string, name: string, params: Record<string, string>, answers: object) => {
    const paths = drawing.readsOf(page, params, url(name))!;
    const values = Object.values(answers);
    const given = {
      ...Object.fromEntries(paths.map((read, index) => [read, values[index] ?? null])),
      ...tree,
    };
    const texts = Object.fromEntries(
      Object.entries(given).map(([read, body]) => [read, { text: JSON.stringify(body), headers: {} }]),
    );
    return drawing.draw(page, params, url(name), texts)!;
  };
  return {
    product: one('/products/{productId}', `/products/${productId}`, { productId }, [shown, { items: [] }]),
    category: one('/category/{slug}', '/category/a-slug', { slug: 'a-slug' }, [node(text), list]),
    search: one(
      '/search',
      `/search?q=${q}&brand=${q}&attributes[a]=${encodeURIComponent(searchable(text))}`,
      {},
      [found],
    ),
    home: one('/', '/', {}, [{ items: [], nextCursor: null }, list]),
  };
}

const tagPattern = /<!--|<\/?[a-z][^\s>/]*(?:\s+[^\s=>/]+(?:="[^"]*")?)*\s*\/?>|</gi;

/** Every tag with the names of its attributes; a `<` that begins none stands for itself. */
function tagsOf(html: string): string[] {
  return (html.match(tagPattern) ?? []).map((tag) => tag.replace(/="[^"]*"/g, ''));
}

/** What the scripts of data hold; they end at the first end tag, as a browser reads them. */
function dataOf(head: string): unknown[] {
  return [...head.matchAll(/<script[^>]*>(.*?)<\/script/gs)].map(([, json]) => JSON.parse(json!));
}

const hostile = fc.oneof(
  fc.constantFrom(
    '</script><script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "'onmouseover='alert(1)",
    '<!--<script>',
    ']]></title><svg onload=alert(1)>',
    '\u2028\u2029 &lt;b&gt; &amp;',
    '{{7*7}} ${7*7} $& $1',
    'javascript:alert(1)',
  ),
  fc.string({ minLength: 1, maxLength: 40, unit: 'binary' }).filter((text) => text.trim() !== ''),
  fc.stringMatching(/^[<>"'&/a-z =!-]{1,40}$/).filter((text) => text.trim() !== ''),
);

describe('a drawn page', () => {
  test('has the elements of the page and no other, whatever was written', () => {
    const plain = drawAll('plain');
    fc.assert(
      fc.property(hostile, (text) => {
        for (const [name, { head, body }] of Object.entries(drawAll(text))) {
          expect([name, tagsOf(body)]).toEqual([name, tagsOf(plain[name]!.body)]);
          expect([name, tagsOf(head)]).toEqual([name, tagsOf(plain[name]!.head)]);
        }
      }),
      { numRuns: 200 },
    );
  });

  test('the check would see a text that was not escaped', () => {
    expect(tagsOf('<p>a</p>')).not.toEqual(tagsOf('<p><b>a</p>'));
    expect(tagsOf('<p>a</p>')).not.toEqual(tagsOf('<p>a<</p>'));
    expect(tagsOf('<p title="a">')).not.toEqual(tagsOf('<p title="a" onclick="b">'));
  });

  test('says in its data what was written', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const { head } = drawAll(text).product!;
        const [thing, trail, answers] = dataOf(head) as [
          { name: string; offers: { price: string }[] },
          { itemListElement: { name: string }[] },
          Record<string, { body: Product }>,
        ];
        expect(thing.name).toBe(text);
        expect(trail.itemListElement.at(-1)!.name).toBe(text);
        expect(answers[path]!.body.title).toBe(text);
      }),
      { numRuns: 100 },
    );
  });

  test('tells search engines what a product is, costs and whether it is there', () => {
    const { head, body } = drawAll('Trail shoe').product!;
    const [thing, trail] = dataOf(head);
    expect(thing).toMatchObject({
      ...{ '@context': 'https://schema.org', '@type': 'Product', name: 'Trail shoe' },
      url: `http://shop.example/products/${productId}`,
      image: ['http://shop.example/media/Trail%20shoe', 'https://example.com/2'],
      aggregateRating: { ratingValue: 4.6, reviewCount: 318 },
      offers: [
        {
          sku: 'S-1',
          price: '129.00',
          priceCurrency: 'USD',
          availability: 'https://schema.org/LimitedAvailability',
        },
        { sku: 'S-2', availability: 'https://schema.org/SoldOut' },
      ],
    });
    expect(trail).toMatchObject({
      '@type': 'BreadcrumbList',
      itemListElement: [
        { item: 'http://shop.example/' },
        { item: 'http://shop.example/category/a-slug' },
        {},
      ],
    });
    expect(head).toContain(`<link rel="canonical" href="http://shop.example/products/${productId}"/>`);
    expect(head).toMatch(/<title>Trail shoe – .*<\/title><meta name="description" content="Trail shoe"\/>/);
    expect(body).toContain('aria-label="Trail shoe!, sold out"');
    expect(body).toContain('Only 3 left');
  });

  test('of a search is for people, not to be listed', () => {
    expect(drawAll('shoe').search!.head).toContain('<meta name="robots" content="noindex, follow"/>');
    expect(drawAll('shoe').category!.head).not.toContain('noindex');
  });

  test('with more to draw than a thread has time for is left to the browser', () => {
    const text = JSON.stringify({ ...product('x'), description: '<'.repeat(70_000) });
    const texts = { [path]: { text, headers: {} } };
    expect(
      drawing.draw(
        '/products/{productId}',
        { productId },
        `http://shop.example/products/${productId}`,
        texts,
      ),
    ).toBeNull();
  });

  test('keeps nothing of one page for the next', () => {
    const before = drawAll('first').product!;
    expect(drawAll('second').product!.body).not.toContain('first');
    expect(drawAll('first').product!).toEqual(before);
  });
});
