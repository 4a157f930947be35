/** How the engine is doing, for operators. */

import Type from 'typebox';
import type { WebPage } from '../gateway/pages.ts';
import { type Route, reply, route } from '../gateway/route.ts';
import { Shard } from './schemas.ts';

const listShards = route({
  method: 'GET',
  path: '/v1/ops/shards',
  operationId: 'listShards',
  summary: 'One row a shard',
  tag: 'Operators',
  who: ['operator', 'admin'],
  replies: { 200: { description: 'Shards that answered', schema: Type.Array(Shard) } },
  async handle({ services }) {
    return reply(200, await services.shardStats());
  },
});

export const routes: readonly Route[] = [listShards];

export const pages: readonly WebPage[] = [{ path: '/ops' }];
