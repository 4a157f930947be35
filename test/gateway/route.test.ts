import Type from 'typebox';
import { expect, test } from 'vitest';
import { type Route, reply, route } from '../../src/gateway/route.ts';
import { Closed } from '../../src/gateway/schemas.ts';

const base = {
  method: 'POST',
  operationId: 'makeCup',
  summary: 'A test',
  tag: 'Test',
  who: 'anybody',
} as const;
const Cup = Closed({ colour: Type.String() });
const replies = { 201: { description: 'The cup', schema: Cup, headers: { Location: 'Where it is' } } };
const location = { Location: '/v1/cups/1' };

/** Each line that is expected to be wrong is a sentence of the contract: when it compiles, `tsc` fails. */
test('a handler gets what its route declares and answers nothing else, or it does not compile', () => {
  const path = '/v1/shelves/{shelfId}/cups';
  const routes: Route[] = [
    route({
      ...base,
      path,
      body: Cup,
      replies,
      handle: async ({ params, body }) => reply(201, { colour: params.shelfId + body.colour }, location),
    }),
    // @ts-expect-error: the status is not declared
    route({ ...base, path, replies, handle: async () => reply(200, { colour: 'red' }, location) }),
    // @ts-expect-error: the body is another one
    route({ ...base, path, replies, handle: async () => reply(201, { colour: 7 }, location) }),
    // @ts-expect-error: a declared header is missing
    route({ ...base, path, replies, handle: async () => reply(201, { colour: 'red' }) }),
    route({
      ...base,
      path,
      replies: { 204: { description: 'Gone' } },
      // @ts-expect-error: the header is not declared
      handle: async () => reply(204, undefined, location),
    }),
    route({
      ...base,
      path,
      replies,
      // @ts-expect-error: the path has no such parameter
      handle: async ({ params }) => reply(201, { colour: params.cupId }, location),
    }),
    route({
      ...base,
      path,
      replies,
      // @ts-expect-error: nobody may have signed in
      handle: async ({ identity }) => reply(201, { colour: identity.role }, location),
    }),
  ];
  expect(routes).toHaveLength(7);
});
