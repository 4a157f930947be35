/** Search and suggestions: public reads, of whichever engine answers. */
import { type Route, reply, route } from '../../gateway/route.ts';
import { limitDefault } from '../../gateway/schemas.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import type { Answered } from './choice.ts';
import { SearchPage, SearchRequest, Suggestions, SuggestRequest } from './schemas.ts';
import { searchOf } from './store.ts';

const engineHeaders = {
  'Search-Engine': 'Which engine has answered: `postgres` or `elasticsearch`',
  'Search-Degraded': '`true` when it is not the one that is configured, because that one does not answer',
} as const;

/** The second header is there when it says something. */
const headersOf = ({ engine, isDegraded }: Answered<unknown>) =>
  ({ 'Search-Engine': engine, ...(isDegraded ? { 'Search-Degraded': 'true' } : {}) }) as Record<
    keyof typeof engineHeaders,
    string
  >;

const search = route({
  method: 'GET',
  path: '/v1/search',
  operationId: 'search',
  summary: 'Find products by words and filters; facets count what each filter would leave',
  tag: 'Search',
  who: 'anybody',
  query: SearchRequest,
  cacheSeconds: 1,
  replies: { 200: { description: 'A page of hits', schema: SearchPage, headers: engineHeaders } },
  refusals: ['validation_failed', 'cursor_expired', 'unauthenticated', 'busy'],
  async handle({ services, identity, query }) {
    const isPersonal = query.personal === true;
    if (isPersonal && identity === null)
      throw new DoorbusterError('unauthenticated', 'A personal order needs a bearer token');
    const answered = await searchOf(services).search(
      { ...query, limit: query.limit ?? limitDefault },
      identity?.accountId ?? null,
    );
    return {
      ...reply(200, answered.answer, headersOf(answered)),
      ...(isPersonal ? { cacheControl: 'no-store' } : {}),
    };
  },
});

const suggest = route({
  method: 'GET',
  path: '/v1/suggest',
  operationId: 'suggest',
  summary: 'What somebody who is typing may mean: words, brands, categories, products',
  tag: 'Search',
  who: 'anybody',
  query: SuggestRequest,
  cacheSeconds: 1,
  replies: { 200: { description: 'Suggestions', schema: Suggestions, headers: engineHeaders } },
  refusals: ['busy'],
  async handle({ services, identity, query }) {
    const answered = await searchOf(services).suggest(
      query.q,
      query.limit ?? 10,
      identity?.accountId ?? null,
    );
    return reply(200, answered.answer, headersOf(answered));
  },
});

export const routes: readonly Route[] = [search, suggest];
