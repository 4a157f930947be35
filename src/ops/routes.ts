/** How the engine is doing, for operators. */
import Type from 'typebox';
import type { WebPage } from '../gateway/pages.ts';
import { type Route, reply, route } from '../gateway/route.ts';
import { DoorbusterError } from '../protocol/errors.ts';
import { Overview, Shard } from './schemas.ts';

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

const readOverview = route({
  method: 'GET',
  path: '/v1/ops/overview',
  operationId: 'getOverview',
  summary:
    'What is wrong since when and what to do first, and the figures that must be right; at most a second old',
  tag: 'Operators',
  who: ['operator', 'admin'],
  replies: { 200: { description: 'The overview', schema: Overview } },
  refusals: ['busy'],
  async handle({ services }) {
    const overview = await services.overview();
    if (overview === null) throw new DoorbusterError('busy', 'The main thread does not answer: ask again');
    // Made in main by OverviewReader, and sent from thread to thread as it is.
    return reply(200, overview as Overview);
  },
});

export const routes: readonly Route[] = [listShards, readOverview];

export const pages: readonly WebPage[] = [{ path: '/ops' }];
