/** Routes that do what a test of the server needs: nothing, slowly, wrongly. */
import Type from 'typebox';
import { type Route, reply, route } from '../../src/gateway/route.ts';
import { Closed } from '../../src/gateway/schemas.ts';
import { DoorbusterError } from '../../src/protocol/errors.ts';

/** Requests of `slowThing` wait here until the test lets them go. */
export const waiting: (() => void)[] = [];
/** The minted id of every attempt to make a thing, by the thing's name. */
export const attempts: { name: string; mintedId: string | null }[] = [];

const base = { tag: 'Test', summary: 'A test' } as const;
const anything = { description: 'Fine', schema: Type.Unknown() };
const fine = { 200: anything };
const made = { 201: anything };

const getThing = route({
  ...base,
  method: 'GET',
  path: '/v1/things/{thingId}',
  operationId: 'getThing',
  who: 'anybody',
  query: Closed({
    limit: Type.Optional(Type.Integer({ minimum: 1 })),
    deep: Type.Optional(Type.Boolean()),
  }),
  replies: fine,
  handle: async ({ params, query }) => reply(200, { ...params, query }),
});

const getMyThing = route({
  ...base,
  method: 'GET',
  path: '/v1/things/mine',
  operationId: 'getMyThing',
  who: 'signed-in',
  replies: fine,
  handle: async ({ identity }) => reply(200, { accountId: identity.accountId }),
});

const makeThing = route({
  ...base,
  method: 'POST',
  path: '/v1/things',
  operationId: 'makeThing',
  who: ['seller'],
  body: Closed({ name: Type.String({ maxLength: 10 }), card: Type.Optional(Type.Unknown()) }),
  mints: 'product',
  replies: { 201: { ...anything, headers: { Location: 'Where the thing is' } } },
  async handle({ mintedId, body }) {
    attempts.push({ name: body.name, mintedId });
    const location = { Location: `/v1/things/${mintedId}` };
    if (body.name === 'refused') throw new DoorbusterError('sold_out', 'none left', { available: 0 });
    if (body.name === 'busy') throw new DoorbusterError('busy', 'later');
    if (body.name === 'bug') throw new TypeError('the shelf is missing');
    if (body.name === 'large') return reply(201, { mintedId, text: 'x'.repeat(70_000) }, location);
    return reply(201, { mintedId }, location);
  },
});

const makeStrictThing = route({
  ...base,
  method: 'POST',
  path: '/v1/strict-things',
  operationId: 'makeStrictThing',
  who: 'signed-in',
  mints: 'order',
  isKeyRequired: true,
  replies: made,
  handle: async ({ mintedId }) => reply(201, { mintedId }),
});

/** Anybody may make one, and the answer is a secret. */
const makeSecretThing = route({
  ...base,
  method: 'POST',
  path: '/v1/secret-things',
  operationId: 'makeSecretThing',
  who: 'anybody',
  isConfidential: true,
  body: Closed({ name: Type.String({ maxLength: 30 }) }),
  mints: 'product',
  replies: made,
  async handle({ mintedId, body }) {
    attempts.push({ name: body.name, mintedId });
    if (body.name === 'limited') throw new DoorbusterError('rate_limited', 'later', { retryAfterSeconds: 1 });
    return reply(201, { mintedId, secret: 'the secret of the answer' });
  },
});

const removeThing = route({
  ...base,
  method: 'DELETE',
  path: '/v1/things/{thingId}',
  operationId: 'removeThing',
  who: 'anybody',
  replies: { 204: { description: 'Gone' } },
  handle: async () => reply(204),
});

const slowThing = route({
  ...base,
  method: 'POST',
  path: '/v1/slow',
  operationId: 'slowThing',
  who: 'anybody',
  replies: fine,
  async handle() {
    await new Promise<void>((resolve) => waiting.push(resolve));
    return reply(200, { slow: true });
  },
});

const rawThing = route({
  ...base,
  method: 'POST',
  path: '/v1/raw',
  operationId: 'rawThing',
  who: 'anybody',
  isRaw: true,
  headers: { 'stripe-signature': 'Read by the test' },
  replies: fine,
  handle: async ({ rawBody, headers }) =>
    reply(200, { bytes: rawBody.length, signature: headers['stripe-signature'] ?? null }),
});

export const routes: readonly Route[] = [
  getThing,
  getMyThing,
  makeThing,
  makeStrictThing,
  makeSecretThing,
  removeThing,
  slowThing,
  rawThing,
];
