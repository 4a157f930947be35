/**
 * The documents that clients are built from: every request and answer has an example that fits, ids have their patterns,
 * and `/asyncapi.json` says of the live socket's frames what they are. Judged by ajv and by AsyncAPI's own schema.
 */

import { randomUUID } from 'node:crypto';
import asyncApi from '@asyncapi/specs/schemas/3.0.0-without-$id.json' with { type: 'json' };
import AjvOf07 from 'ajv';
import Ajv from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadRoutes } from '../../src/features.ts';
import { compileCheck } from '../../src/gateway/check.ts';
import { problem } from '../../src/gateway/problem.ts';
import { refusals } from '../../src/protocol/codes.ts';
import { type AnyFrame, authenticated, connect, type LiveClient, ofType } from './live-client.ts';
import { checkoutBody, openShop, type Shop } from './shop.ts';

// biome-ignore lint/suspicious/noExplicitAny: documents are looked into
type AnyDocument = any;

let shop: Shop;
let openapi: AnyDocument;
let asyncapi: AnyDocument;
beforeAll(async () => {
  shop = await openShop();
  [openapi, asyncapi] = await Promise.all(
    ['openapi', 'asyncapi'].map(async (name) => (await fetch(`${shop.url}/${name}.json`)).json()),
  );
});
afterAll(() => shop.stop());

/** Why a value does not fit a schema of the document; null when it does. */
function misfit(document: AnyDocument, schema: object, value: unknown): string | null {
  const ajv = new Ajv.default({ strict: false, allErrors: true });
  addFormats.default(ajv);
  const check = ajv.compile({ ...schema, components: document.components });
  return check(value) ? null : ajv.errorsText(check.errors);
}

/** Every part of a schema of a request, by its place. */
function textsOf(document: AnyDocument, schema: AnyDocument, path = ''): [string, AnyDocument][] {
  if (schema === undefined) return [];
  if (schema.$ref !== undefined) {
    const name = schema.$ref.split('/').at(-1);
    return textsOf(document, document.components.schemas[name], path);
  }
  const parts = [
    ...Object.entries<AnyDocument>(schema.properties ?? {}),
    ...Object.entries<AnyDocument>(schema.patternProperties ?? {}),
    ...(schema.anyOf ?? []).map((part: AnyDocument) => ['?', part]),
    ...(schema.items === undefined || schema.maxItems === 0 ? [] : [['*', schema.items]]),
  ];
  return [[path, schema], ...parts.flatMap(([name, part]) => textsOf(document, part, `${path}/${name}`))];
}

interface Content {
  readonly schema: object;
  readonly example: unknown;
}

describe('/openapi.json', () => {
  const operations = () =>
    Object.entries<Record<string, AnyDocument>>(openapi.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, operation })),
    );

  it('has an example of every request, answer and parameter, and each fits its schema', () => {
    let count = 0;
    for (const { name, operation } of operations()) {
      const bodies = [operation.requestBody, ...Object.values<AnyDocument>(operation.responses)].flatMap(
        (part): Content[] => Object.values(part?.content ?? {}),
      );
      // What a webhook's body is, the provider says.
      for (const { schema, example } of bodies.filter((body) => Object.keys(body.schema).length > 0)) {
        expect(example, name).not.toBe(undefined);
        expect(misfit(openapi, schema, example), `${name}: ${JSON.stringify(example)}`).toBeNull();
        count++;
      }
      for (const { name: parameter, schema, example } of operation.parameters ?? []) {
        if (example === undefined) continue;
        expect(misfit(openapi, schema, example), `${name} ${parameter}`).toBeNull();
      }
    }
    expect(count).toBeGreaterThan(120);
  });

  it('has examples of requests that the server itself takes', async () => {
    for (const route of await loadRoutes()) {
      if (route.body === undefined) continue;
      const { example } =
        openapi.paths[route.path][route.method.toLowerCase()].requestBody.content['application/json'];
      expect(
        () => compileCheck(route.body!, 'The body')(structuredClone(example)),
        route.operationId,
      ).not.toThrow();
    }
  });

  it('says that a body must be there wherever an empty one is refused', async () => {
    for (const route of await loadRoutes()) {
      if (route.body === undefined) continue;
      const { required } = openapi.paths[route.path][route.method.toLowerCase()].requestBody;
      const check = expect(() => compileCheck(route.body!, 'The body')({}), route.operationId);
      if (required) check.toThrow();
      else check.not.toThrow();
    }
    expect(openapi.paths['/v1/me'].patch.requestBody.required).toBe(true);
  });

  it('says of every text of a request that it has no U+0000', async () => {
    let count = 0;
    for (const { name, operation } of operations()) {
      const schema = operation.requestBody?.content['application/json']?.schema;
      const query = (operation.parameters ?? []).filter((part: AnyDocument) => part.in === 'query');
      const parts = query.flatMap((part: AnyDocument) => textsOf(openapi, part.schema, `?${part.name}`));
      for (const [path, { type, pattern, enum: values, const: value }] of [
        ...textsOf(openapi, schema),
        ...parts,
      ]) {
        if (type !== 'string' || values !== undefined || value !== undefined) continue;
        expect(pattern, `${name} ${path}`).toBeDefined();
        expect(new RegExp(pattern, 'u').test('abcdefgh\u0000@example.com'), `${name} ${path}`).toBe(false);
        count++;
      }
    }
    expect(count).toBeGreaterThan(40);
  });

  it('says what ids look like, which codes a problem can have, and which headers come with an answer', () => {
    for (const { name, operation } of operations())
      for (const { in: place, name: parameter, schema } of operation.parameters ?? [])
        if (place === 'path' && parameter !== 'paymentId')
          expect(schema.pattern, `${name} ${parameter}`).toMatch(/^\^/);
    expect(openapi.components.schemas.Problem.properties.code.enum).toEqual(Object.keys(refusals));
    const { responses } = openapi.paths['/v1/checkout'].post;
    expect(Object.keys(responses[201].headers)).toEqual(
      expect.arrayContaining(['ETag', 'Location', 'X-Request-Id', 'Idempotency-Replayed']),
    );
    expect(Object.keys(responses['4XX'].headers)).toEqual(
      expect.arrayContaining(['Retry-After', 'RateLimit']),
    );
  });

  it('leaves answers open to additions, and requests closed', () => {
    const { Ticket, NewSale } = openapi.components.schemas;
    expect(Ticket.additionalProperties).not.toBe(false);
    expect(NewSale.additionalProperties).toBe(false);
  });
});

describe('/asyncapi.json', () => {
  const payloadOf = (name: string) => asyncapi.components.messages[name].payload;

  it('is an AsyncAPI 3 document', () => {
    const check = new AjvOf07.default({ strict: false, allErrors: true, validateFormats: false }).compile(
      asyncApi,
    );
    expect(check(asyncapi) ? [] : check.errors).toEqual([]);
  });

  it('has an example of every frame, and each fits its schema', () => {
    for (const [name, { payload, examples }] of Object.entries<AnyDocument>(asyncapi.components.messages))
      expect(misfit(asyncapi, payload, examples[0].payload), name).toBeNull();
  });

  it('knows every frame that a drop brings, and every frame is as it says', async () => {
    const seen = new Set<string>();
    const check = (frame: AnyFrame) => {
      const name = `server.${frame.type}`;
      expect(asyncapi.components.messages, frame.type).toHaveProperty([name]);
      expect(misfit(asyncapi, payloadOf(name), frame), JSON.stringify(frame)).toBeNull();
      seen.add(name);
    };
    const sent = (type: string, fields: object) => {
      expect(misfit(asyncapi, payloadOf(`client.${type}`), { type, id: 1, ...fields }), type).toBeNull();
      return fields;
    };
    const ask = (live: LiveClient, type: string, fields: object) => live.ask(type, sent(type, fields));

    const { saleId, sku, seller } = await shop.openSale(2, { holdSeconds: 5 });
    const operator = await authenticated(shop.gateway.port, await shop.visitor('operator'));
    await ask(operator, 'subscribe', { topic: 'ops' });
    const buyer = await shop.visitor();
    const live = await authenticated(shop.gateway.port, buyer);
    await ask(live, 'subscribe', { saleId });
    await ask(live, 'join', { saleId });
    const { token } = await live.frame(ofType('admission.granted'));
    const holdIds = [randomUUID(), randomUUID()];
    const [holdId, lost] = holdIds as [string, string];
    await ask(live, 'hold', { saleId, holdId, sku, quantity: 1, admissionToken: token });
    await ask(live, 'checkout', { ...checkoutBody(holdId), idempotencyKey: 'k' });
    await shop.request(buyer, 'PUT /v1/cart/currency', { currency: 'USD' });
    await live.frame(ofType('cart.updated'));
    const late = await shop.visitor();
    const other = await authenticated(shop.gateway.port, late);
    await ask(other, 'join', { saleId });
    const grant = await other.frame(ofType('admission.granted'));
    await ask(other, 'hold', { saleId, holdId: lost, sku, quantity: 1, admissionToken: grant.token });
    await other.frame(ofType('hold.expiring'));
    shop.engine.advance(6_000);
    await other.frame(ofType('hold.expired'));
    shop.engine.advance(400_000);
    await other.frame(ofType('admission.expired'));
    await ask(live, 'leave', { saleId });
    await ask(live, 'release', { holdId });
    live.send({ type: 'nonsense', id: 7 });
    await live.frame(ofType('error'));
    await shop.request(seller, `POST /v1/sales/${saleId}/pause`);
    await live.frame(ofType('sale.phase'));
    await operator.frame(ofType('ops.shards'));
    const again = await shop.startAnother();
    const draining = await connect(again.port);
    draining.send({ type: 'authenticate', accessToken: buyer.token });
    await draining.frame(ofType('ready'));
    await Promise.all([again.stop(3_000), draining.frame(ofType('drain'))]);
    for (const { frames, close } of [live, other, operator, draining]) {
      for (const frame of frames) check(frame);
      close();
    }
    const documented = Object.keys(asyncapi.components.messages).filter((name) => name.startsWith('server.'));
    expect(documented.filter((name) => !seen.has(name))).toEqual([]);
  });

  it('would notice a frame that is not as it says', () => {
    expect(misfit(asyncapi, payloadOf('server.ticket'), { type: 'ticket' })).toContain('required');
    expect(misfit(asyncapi, payloadOf('server.error'), { ...problem('busy'), type: 'error' })).toBeNull();
  });
});
