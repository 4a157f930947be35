/**
 * The rules for listings, for administrators. They judge what is submitted or changed from then on, and a job judges what is
 * there already (`market/moderation/sweep-store.ts`).
 */
import { etagHeader, etagOf, ifMatchHeader, versionsOf } from '../../gateway/etag.ts';
import { invalid } from '../../gateway/handling.ts';
import { type Route, reply, route } from '../../gateway/route.ts';
import {
  type ForbiddenWord,
  ForbiddenWords,
  type PriceBound,
  PriceBounds,
  ShownBounds,
  ShownWords,
} from './schemas.ts';
import { readRules, replaceRules } from './store.ts';

const tag = 'Administration';
const wordsReply = { 200: { description: 'The rules', schema: ShownWords, headers: etagHeader } };
const boundsReply = { 200: { description: 'The rules', schema: ShownBounds, headers: etagHeader } };

const readWords = route({
  method: 'GET',
  path: '/v1/settings/forbidden-words',
  operationId: 'getForbiddenWords',
  summary: 'Words and categories for which listings are held or refused',
  tag,
  who: ['admin'],
  replies: wordsReply,
  async handle({ services }) {
    const { items, version } = await readRules<ForbiddenWord>(services.database, 'forbidden-words');
    return reply(200, { items }, { ETag: etagOf(version) });
  },
});

const setWords = route({
  method: 'PUT',
  path: '/v1/settings/forbidden-words',
  operationId: 'setForbiddenWords',
  summary: 'Replace all words and categories for which listings are held or refused',
  tag,
  who: ['admin'],
  body: ForbiddenWords,
  headers: ifMatchHeader,
  replies: wordsReply,
  refusals: ['stale_version'],
  async handle({ services, identity: { accountId }, headers, body }) {
    body.items.forEach(({ pattern, category }, at) => {
      if ((pattern === undefined) === (category === undefined))
        invalid(`/items/${at}`, 'must have either a pattern or a category');
    });
    const actor = { accountId, role: 'admin' } as const;
    const versions = versionsOf(headers['if-match']);
    const { items, version } = await replaceRules(
      services.database,
      actor,
      'forbidden-words',
      body.items,
      versions,
    );
    return reply(200, { items }, { ETag: etagOf(version) });
  },
});

const readBounds = route({
  method: 'GET',
  path: '/v1/settings/price-bounds',
  operationId: 'getPriceBounds',
  summary: 'Prices beyond which listings are held; without any, no listing is held for its price',
  tag,
  who: ['admin'],
  replies: boundsReply,
  async handle({ services }) {
    const { items, version } = await readRules<PriceBound>(services.database, 'price-bounds');
    return reply(200, { items }, { ETag: etagOf(version) });
  },
});

const setBounds = route({
  method: 'PUT',
  path: '/v1/settings/price-bounds',
  operationId: 'setPriceBounds',
  summary: 'Replace all prices beyond which listings are held',
  tag,
  who: ['admin'],
  body: PriceBounds,
  headers: ifMatchHeader,
  replies: boundsReply,
  refusals: ['stale_version'],
  async handle({ services, identity: { accountId }, headers, body }) {
    body.items.forEach(({ min, max }, at) => {
      if (min === undefined && max === undefined) invalid(`/items/${at}`, 'must have a min or a max');
      if (min !== undefined && max !== undefined && min > max)
        invalid(`/items/${at}/max`, 'must not be less than min');
    });
    const actor = { accountId, role: 'admin' } as const;
    const versions = versionsOf(headers['if-match']);
    const { items, version } = await replaceRules(
      services.database,
      actor,
      'price-bounds',
      body.items,
      versions,
    );
    return reply(200, { items }, { ETag: etagOf(version) });
  },
});

export const routes: readonly Route[] = [readWords, setWords, readBounds, setBounds];
