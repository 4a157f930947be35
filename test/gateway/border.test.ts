/** What comes in is checked once, at the border: over HTTP and over the live socket, for every field of a kind. */
import { randomUUID } from 'node:crypto';
import { Packr } from 'msgpackr';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadRoutes } from '../../src/features.ts';
import { compileCheck } from '../../src/gateway/check.ts';
import { partsOf, type SchemaParts } from '../../src/gateway/field-errors.ts';
import { iso } from '../../src/gateway/handling.ts';
import type { Route } from '../../src/gateway/route.ts';
import { DoorbusterError } from '../../src/protocol/errors.ts';
import { authenticated } from './live-client.ts';
import { pathOf, placesOf, sampleOf, withAt } from './schema-samples.ts';
import { address, checkoutBody, openShop, type Shop, saleBody, type Visitor } from './shop.ts';

const routes = await loadRoutes();
const bodies = routes.flatMap((route) => (route.body ? [[route.operationId, route.body] as const] : []));
const msgpack = 'doorbuster.msgpack.v1';

let shop: Shop;
let seller: Visitor;
beforeAll(async () => {
  shop = await openShop();
  seller = await shop.visitor('seller');
});
afterAll(() => shop.stop());

/** The refusal's code and its first place, or null when the value passes. */
function refusalOf(schema: NonNullable<Route['body']>, value: unknown): [string, string | undefined] | null {
  try {
    compileCheck(schema, 'The body')(structuredClone(value));
    return null;
  } catch (error) {
    if (!(error instanceof DoorbusterError)) throw error;
    return [error.code, (error.details.errors as { path: string }[])[0]?.path];
  }
}

describe('case 01: an instant that nobody can read', () => {
  const unreadable = [
    '2027-06-30T23:59:60Z',
    '2027-02-30T00:00:00Z',
    '2027-06-31T00:00:00Z',
    '2027-13-01T00:00:00Z',
    '2027-06-30T24:00:00Z',
    '+012027-06-30T00:00:00Z',
    '27-06-30T00:00:00Z',
    '2027-06-30',
    '2027-06-30T00:00Z',
    '2027-06-30T00:00:00',
    '2027-06-30T00:00:00+02:00',
    '2027-06-30 00:00:00Z',
    '2027-06-30T00:00:00Z\n',
    'tomorrow',
    '',
    1_800_000_000_000,
  ];

  it('is refused in every field of a sale that takes a time, and leaves no sale', async () => {
    const sku = await shop.stock(seller, 10);
    const good = {
      ...saleBody(shop.engine, sku, 10),
      prequeueAt: '2099-06-30T08:00:00Z',
      startsAt: '2099-06-30T09:00:00Z',
      endsAt: '2099-07-01T09:00:00Z',
    };
    for (const field of ['prequeueAt', 'startsAt', 'endsAt']) {
      for (const time of unreadable) {
        const answer = await shop.request(seller, 'POST /v1/sales', { ...good, [field]: time });
        expect([field, time, answer.status, answer.body.code, answer.body.errors[0].path]).toEqual([
          ...[field, time, 400, 'validation_failed', `/${field}`],
        ]);
      }
    }
    const { body: stock } = await shop.request(null, `GET /v1/inventory/${sku}`);
    expect(stock.available).toBe(10);
    const taken = await shop.request(seller, 'POST /v1/sales', {
      ...good,
      prequeueAt: '2099-06-30T08:00:00.1234567+00:00',
    });
    expect([taken.status, taken.body.prequeueAt]).toEqual([201, '2099-06-30T08:00:00.123Z']);
  });

  it('is refused in every field of every route that takes a time', () => {
    const places = bodies.flatMap(([name, schema]) =>
      placesOf(schema).flatMap((place) =>
        partsOf(place.schema as never).type === 'string' &&
        Reflect.get(place.schema, 'format') === 'date-time'
          ? [[name, schema, place] as const]
          : [],
      ),
    );
    expect(places.length).toBeGreaterThanOrEqual(3);
    for (const [name, schema, place] of places)
      for (const time of unreadable)
        expect([name, time, refusalOf(schema, withAt(sampleOf(schema), place.steps, time))]).toEqual([
          ...[name, time, ['validation_failed', pathOf(place)]],
        ]);
  });

  it('is never the answer to what was done: every number is shown with a year of four digits', () => {
    for (const atMs of [Number.NaN, Number.POSITIVE_INFINITY, -1e300, 1e300, 8.64e15, 253_402_300_800_000, 0])
      expect(iso(atMs)).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(iso(1_800_000_000_000)).toBe('2027-01-15T08:00:00.000Z');
  });
});

describe('case 10: parameters of a media type', () => {
  const guest = (type: string) => shop.request(null, 'POST /v1/auth/guest', '{}', { 'content-type': type });

  it('do not matter, the type does', async () => {
    for (const type of [
      'application/json',
      'application/json; version=1; charset=utf8',
      'APPLICATION/JSON;charset=latin1',
      'application/json ; profile="x;y"',
      'application/json;',
      'application/json; charset=utf8; profile=x',
    ])
      expect([type, (await guest(type)).status]).toEqual([type, 201]);
    for (const type of [
      'text/json',
      'application/jsonp',
      'application/json-patch+json',
      'text/plain; a=application/json',
    ])
      expect([type, (await guest(type)).status]).toEqual([type, 415]);
  });
});

describe('case 11: a text that says nothing', () => {
  const nothing = [' ', '', '\u00a0\u3000', '\u200d', '\ufe0f', '\u2800', '\n'];
  const hidden = [
    'A\u0000b',
    'A\u0007b',
    'A\tb',
    'A\u007f',
    'A\u200bb',
    '\u202eA',
    'A\u2066b',
    'A\ufeff',
    'A\u00adb',
    'A\u3164',
    'A\u{e0061}b',
  ];
  const kept = [
    'Zoë',
    'Ada Lovelace',
    '李小龍',
    'محمد',
    'نیم‌فاصله',
    'ക്‍ഷ',
    'e\u0301',
    '👩‍👩‍👧‍👦',
    '❤️',
    '🏴󠁧󠁢󠁥󠁮󠁧󠁿',
    '🏴‍☠️ pirates',
    '葛\u{e0100}',
    ' x',
    "O'Neil-Šmíd",
  ];
  const texts = bodies.flatMap(([name, schema]) =>
    placesOf(schema).flatMap((place) =>
      place.schema['~isFreeText'] ? [[name, schema, place] as const] : [],
    ),
  );
  const isRequired = ({ minLength = 0 }: SchemaParts) => minLength > 0;

  it('is refused in every request that takes one, and so is one that hides something', () => {
    expect(texts.length).toBeGreaterThan(15);
    for (const [name, schema, place] of texts) {
      const isParagraph = refusalOf(schema, withAt(sampleOf(schema), place.steps, 'a\r\nb')) === null;
      for (const text of [...(isRequired(place.schema) ? nothing : []), ...hidden])
        expect([name, text, refusalOf(schema, withAt(sampleOf(schema), place.steps, text))]).toEqual([
          ...[name, text, ['validation_failed', pathOf(place)]],
        ]);
      expect([name, pathOf(place), isParagraph]).toEqual([
        name,
        pathOf(place),
        pathOf(place) === '/description',
      ]);
    }
  });

  it('but names of any script, with marks and emoji, are kept as sent', () => {
    for (const [name, schema, place] of texts)
      for (const text of kept) {
        if ([...text].length > (place.schema.maxLength ?? 0)) continue;
        expect([
          name,
          pathOf(place),
          text,
          refusalOf(schema, withAt(sampleOf(schema), place.steps, text)),
        ]).toEqual([name, pathOf(place), text, null]);
      }
  });

  it('is refused over HTTP and over the live socket', async () => {
    const buyer = await shop.visitor();
    const blank = { ...address, name: ' ' };
    const saved = await shop.request(buyer, 'POST /v1/me/addresses', blank);
    expect([saved.status, saved.body.errors[0].path]).toEqual([400, '/name']);
    for (const protocols of [[], [msgpack]]) {
      const live = await authenticated(shop.gateway.port, buyer, protocols);
      const body = { ...checkoutBody(randomUUID()), shippingAddress: blank };
      const order = await live.ask('checkout', { ...body, idempotencyKey: 'k' });
      expect([order.status, order.body.code, order.body.errors[0].path]).toEqual([
        ...[400, 'validation_failed', '/shippingAddress/name'],
      ]);
      live.close();
    }
  });
});

describe('a country that is none', () => {
  it('is refused over HTTP and over the live socket', async () => {
    const buyer = await shop.visitor();
    const live = await authenticated(shop.gateway.port, buyer);
    for (const country of ['ZZ', 'UK', 'us', 'USA', '']) {
      const somewhere = { ...address, country };
      const saved = await shop.request(buyer, 'POST /v1/me/addresses', somewhere);
      expect([country, saved.status, saved.body.errors[0].path]).toEqual([country, 400, '/country']);
      const body = { ...checkoutBody(randomUUID()), shippingAddress: somewhere };
      const order = await live.ask('checkout', { ...body, idempotencyKey: `country-${country}` });
      expect([country, order.status, order.body.code, order.body.errors[0].path]).toEqual([
        ...[country, 400, 'validation_failed', '/shippingAddress/country'],
      ]);
    }
    live.close();
  });
});

describe('case 13: a number that cannot be kept', () => {
  it('is refused over HTTP with its place', async () => {
    const product = (serial: string) =>
      `{"title":"Router","category":"Networks","attributes":{"serial":${serial}},"variants":[{"sku":"R-1","price":{"amount":1999,"currency":"USD"},"stock":1}]}`;
    for (const serial of ['12345678901234567890', '1e400', '0.12345678901234567890']) {
      const { status, body } = await shop.request(seller, 'POST /v1/products', product(serial));
      expect([status, body.code, body.errors[0].path]).toEqual([
        400,
        'validation_failed',
        '/attributes/serial',
      ]);
    }
  });

  it('is refused in live frames, JSON and msgpack', async () => {
    const buyer = await shop.visitor();
    const text = await authenticated(shop.gateway.port, buyer);
    text.send('{"type":"hold","id":"a","quantity":9007199254740993}');
    const packed = await authenticated(shop.gateway.port, buyer, [msgpack]);
    packed.send(new Packr({ useRecords: false }).pack({ type: 'hold', id: 'a', quantity: 2n ** 60n }));
    for (const live of [text, packed]) {
      const error = await live.frame(({ type }) => type === 'error');
      expect([error.code, error.errors[0].path]).toEqual(['validation_failed', '/quantity']);
      live.close();
    }
  });
});

describe('a card number', () => {
  const card = 'send to 4242 4242-4242 4242 please';

  it('is refused in every free text of every request', () => {
    for (const [name, schema] of bodies)
      for (const place of placesOf(schema)) {
        if (!place.schema['~isFreeText']) continue;
        const text = (place.schema.maxLength ?? 0) < card.length ? '4242 4242 4242 4242' : card;
        expect([name, refusalOf(schema, withAt(sampleOf(schema), place.steps, text))]).toEqual([
          ...[name, ['card_data_refused', pathOf(place)]],
        ]);
      }
  });

  it('is refused over HTTP and over the live socket, in whatever part of an address', async () => {
    const buyer = await shop.visitor();
    const live = await authenticated(shop.gateway.port, buyer);
    for (const field of ['name', 'line1', 'line2', 'city', 'state', 'postalCode']) {
      const holding = { ...address, [field]: '4242 4242 4242 4242' };
      const saved = await shop.request(buyer, 'POST /v1/me/addresses', holding);
      expect([field, saved.status, saved.body.code]).toEqual([field, 422, 'card_data_refused']);
      const body = { ...checkoutBody(randomUUID()), shippingAddress: holding };
      const order = await live.ask('checkout', { ...body, idempotencyKey: field });
      expect([field, order.status, order.body.code]).toEqual([field, 422, 'card_data_refused']);
      expect(JSON.stringify([saved.body, order.body])).not.toContain('4242');
    }
    live.close();
  });

  it('is not seen in ids, SKUs, barcodes and serial numbers', () => {
    const product = bodies.find(([name]) => name === 'createProduct')![1];
    const sample = sampleOf(product);
    for (const steps of [
      ['variants', 0, 'sku'],
      ['attributes', 'color'],
      ['variants', 0, 'options', 'color'],
    ])
      expect(refusalOf(product, withAt(sample, steps, '4242424242424242'))).toBeNull();
  });
});

describe('one request', () => {
  it('does not stop the thread: an e-mail of 60 KiB, and as many holds as fit', async () => {
    const email = `a@${'a.'.repeat(30_000)} `;
    const account = { email, password: 'long enough', name: 'A', role: 'buyer' };
    const buyer = await shop.visitor();
    const holdIds = Array.from({ length: 20_000 }, (_, n) => n % 10);
    for (const [target, body, path] of [
      ['POST /v1/auth/register', account, '/email'],
      ['POST /v1/auth/login', { email, password: 'x' }, '/email'],
      ['POST /v1/checkout', { ...checkoutBody(), holdIds }, '/holdIds'],
    ] as const) {
      const before = process.cpuUsage();
      const answer = await shop.request(buyer, target, body);
      const { user } = process.cpuUsage(before);
      expect([target, answer.status, answer.body.errors[0].path]).toEqual([target, 400, path]);
      // Seconds before; the bound has room for a machine that compiles this for the first time.
      expect(user / 1_000).toBeLessThan(1_000);
    }
  });

  it('with any number of mistakes gets a short list of them', async () => {
    const body = Object.fromEntries(Array.from({ length: 2_000 }, (_, n) => [`x${n}`.repeat(3), n]));
    const many = await shop.request(seller, 'POST /v1/sales', body);
    expect([many.status, many.body.errors.length]).toEqual([400, 20]);
    const long = await shop.request(seller, 'POST /v1/sales', { ['x'.repeat(60_000)]: 1 });
    expect(JSON.stringify(long.body).length).toBeLessThan(2_000);
    for (const name of ['__proto__', 'constructor', 'toString']) {
      const answer = await shop.request(seller, 'POST /v1/sales', `{"${name}":{"title":"x"}}`);
      expect([name, answer.status]).toEqual([name, 400]);
      expect(answer.body.errors.map(({ path }: { path: string }) => path)).toContain(`/${name}`);
    }
  });

  it('that nests deeply is refused, and so is a frame', async () => {
    const deep = '['.repeat(30_000);
    for (const body of [deep, `{"a":${deep}${']'.repeat(30_000)}}`]) {
      const answer = await shop.request(seller, 'POST /v1/sales', body);
      expect([answer.status, answer.body.code]).toEqual([400, 'malformed_json']);
    }
    const live = await authenticated(shop.gateway.port, await shop.visitor());
    live.send(`{"type":"hold","a":${'['.repeat(5_000)}${']'.repeat(5_000)}}`);
    expect((await live.frame(({ type }) => type === 'error')).code).toBe('malformed_json');
    live.close();
  });

  it('with a cursor that no list gave is refused by every list', async () => {
    const lists = routes.filter(({ query }) => query && 'cursor' in (partsOf(query).properties ?? {}));
    expect(lists.length).toBeGreaterThanOrEqual(4);
    const keys: unknown[] = [
      ['sales', 5e-324, 'x'],
      ['orders', 1e308, 'ord_x'],
      ['newest', 'prd_x'],
      ['addresses', '\ud800'],
      ['sales', 1e15, `sal_${randomUUID()}`],
      ['orders', -1, `ord_${randomUUID()}`],
      null,
      7,
      'x',
      {},
      [],
      [[[]]],
    ];
    for (const { path, who } of lists) {
      const account = await shop.visitor(typeof who === 'string' ? 'operator' : who[0]);
      for (const key of keys) {
        const cursor = Buffer.from(JSON.stringify(key)).toString('base64url');
        const { status, body } = await shop.request(account, `GET ${path}?cursor=${cursor}`);
        // A list of something that is not there is not asked for its pages.
        const refusal = path.includes('{') ? [404, 'not_found'] : [400, 'validation_failed'];
        expect([path, key, status, body.code]).toEqual([path, key, ...refusal]);
      }
    }
  });
});

describe('schemas', () => {
  const objectsOf = (schema: SchemaParts): SchemaParts[] =>
    placesOf(schema)
      .map((place) => place.schema)
      .filter(({ type, anyOf }) => type === 'object' && anyOf === undefined);

  it('of requests are closed, of answers open', () => {
    for (const [name, schema] of bodies)
      for (const part of objectsOf(partsOf(schema)))
        expect([name, part.additionalProperties]).toEqual([name, false]);
    for (const route of routes)
      for (const { schema } of Object.values(route.replies)) {
        if (schema === undefined) continue;
        for (const part of objectsOf(partsOf(schema)))
          expect([route.operationId, part.additionalProperties]).not.toEqual([route.operationId, false]);
      }
  });

  it('bound every text, array and set of names of a request', () => {
    for (const [name, schema] of bodies)
      for (const { schema: part, steps } of placesOf(schema)) {
        const isBound =
          (part.type !== 'string' ||
            part.const !== undefined ||
            part.maxLength !== undefined ||
            (part.pattern ?? '').startsWith('^')) &&
          (part.type !== 'array' || part.maxItems !== undefined) &&
          (part.patternProperties === undefined || part.maxProperties !== undefined);
        expect([name, steps, isBound]).toEqual([name, steps, true]);
      }
  });
});
