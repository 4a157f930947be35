/** Routes that do what a test of the server needs: nothing, slowly, wrongly. */
import Type from 'typebox';
import type { Reply, Route } from '../../src/gateway/route.ts';
import { Closed } from '../../src/gateway/schemas.ts';
import { DoorbusterError } from '../../src/protocol/errors.ts';

/** Requests of `slowThing` wait here until the test lets them go. */
export const waiting: (() => void)[] = [];
/** The minted id of every attempt to make a thing, by the thing's name. */
export const attempts: { name: string; mintedId: string | null }[] = [];

const base = { tag: 'Test', summary: 'A test', responses: { 200: { description: 'Fine' } } } as const;
export const routes: Route[] = [
  {
    ...base,
    method: 'GET',
    path: '/v1/things/{thingId}',
    operationId: 'getThing',
    auth: 'none',
    query: Closed({
      limit: Type.Optional(Type.Integer({ minimum: 1 })),
      deep: Type.Optional(Type.Boolean()),
    }),
    handle: async ({ params, query }) => ({ status: 200, body: { ...params, query } }),
  },
  {
    ...base,
    method: 'GET',
    path: '/v1/things/mine',
    operationId: 'getMyThing',
    auth: 'any',
    handle: async ({ identity }) => ({ status: 200, body: { accountId: identity?.accountId } }),
  },
  {
    ...base,
    method: 'POST',
    path: '/v1/things',
    operationId: 'makeThing',
    auth: ['seller'],
    body: Closed({ name: Type.String({ maxLength: 10 }), card: Type.Optional(Type.Unknown()) }),
    idempotency: { isRequired: false, mints: 'product' },
    async handle({ mintedId, body }): Promise<Reply> {
      attempts.push({ name: body.name, mintedId });
      if (body.name === 'refused') throw new DoorbusterError('sold_out', 'none left', { available: 0 });
      if (body.name === 'busy') throw new DoorbusterError('busy', 'later');
      if (body.name === 'bug') throw new TypeError('the shelf is missing');
      if (body.name === 'large') return { status: 201, body: { mintedId, text: 'x'.repeat(70_000) } };
      return { status: 201, body: { mintedId }, headers: { Location: `/v1/things/${mintedId}` } };
    },
  },
  {
    ...base,
    method: 'POST',
    path: '/v1/strict-things',
    operationId: 'makeStrictThing',
    auth: 'any',
    idempotency: { isRequired: true, mints: 'order' },
    handle: async ({ mintedId }) => ({ status: 201, body: { mintedId } }),
  },
  {
    ...base,
    method: 'DELETE',
    path: '/v1/things/{thingId}',
    operationId: 'removeThing',
    auth: 'none',
    handle: async () => ({ status: 204 }),
  },
  {
    ...base,
    method: 'POST',
    path: '/v1/slow',
    operationId: 'slowThing',
    auth: 'none',
    async handle() {
      await new Promise<void>((resolve) => waiting.push(resolve));
      return { status: 200, body: { slow: true } };
    },
  },
  {
    ...base,
    method: 'POST',
    path: '/v1/raw',
    operationId: 'rawThing',
    auth: 'none',
    isRaw: true,
    headers: ['stripe-signature'],
    handle: async ({ rawBody, headers }) => ({
      status: 200,
      body: { bytes: rawBody.length, signature: headers['stripe-signature'] ?? null },
    }),
  },
];
