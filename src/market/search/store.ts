/** Searches as the routes answer them: parsed, asked, and shown with the catalogue's present rows. */
import { setImmediate as turn } from 'node:timers/promises';
import { perGateway, type Services } from '../../gateway/route.ts';
import { digestOf } from '../../protocol/digest.ts';
import { Buckets, type Family, histogram } from '../../protocol/metric.ts';
import type { Product } from '../catalog/schemas.ts';
import { summariesOf } from '../catalog/store.ts';
import { findSlug } from '../categories/store.ts';
import { type Answered, EngineChoice } from './choice.ts';
import { type Cursor, decodeCursor, encodeCursor } from './cursor.ts';
import { connect, productsAlias } from './elasticsearch/connection.ts';
import { ElasticsearchEngine } from './elasticsearch/engine.ts';
import {
  type EngineName,
  levelMark,
  type SearchAnswer,
  type SearchEngine,
  type SearchFilters,
  type SearchQuery,
  type Suggestion,
} from './engine.ts';
import { Highlighter } from './highlight.ts';
import { interestsOf } from './interests.ts';
import { corrected, parseSuggest, parseTerms } from './parse.ts';
import { PostgresEngine } from './postgres/engine.ts';
import type { SearchPage, SearchRequest, Suggestions } from './schemas.ts';
import { SynonymFile } from './synonyms.ts';

/** Upper bounds of the histogram's buckets in seconds. */
const secondsBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];
/** Highlighting so many long texts takes a few milliseconds. */
const highlightedATurn = 8;

export class Search {
  readonly #services: Services;
  readonly #choice: EngineChoice;
  readonly #synonyms: SynonymFile;
  readonly #bucketsByEngine = new Map<string, Buckets>();

  constructor(services: Services, choice: EngineChoice) {
    this.#services = services;
    this.#choice = choice;
    this.#synonyms = new SynonymFile(services.config.synonymsFile, services.log);
  }

  /** `readerId`: who asks; null: nobody that we know. Refuses with `validation_failed`, `cursor_expired`, `busy`. */
  async search(
    request: SearchRequest & { readonly limit: number },
    readerId: string | null,
  ): Promise<Answered<SearchPage>> {
    const { q = '', currency = 'USD', sort = 'relevance', limit, cursor: given } = request;
    // Whose interests count.
    const accountId = request.personal === true ? readerId : null;
    const nowMs = Math.floor(this.#services.now());
    const fingerprint = fingerprintOf(request, accountId);
    const cursor = given === undefined ? null : decodeCursor(given, fingerprint, nowMs);
    const beganAtMs = cursor?.beganAtMs ?? nowMs;
    const query: SearchQuery = {
      terms: parseTerms(q, await this.#synonyms.read()),
      filters: { ...filtersOf(request), category: await this.#pathOf(request.category) },
      ...{ currency, sort, limit, after: cursor?.state ?? null },
      interests: accountId === null ? null : await interestsOf(this.#services.database, accountId, beganAtMs),
    };
    const asked = await this.#timed((engine) => engine.search(query), cursor?.engine ?? null);
    const at = { engine: asked.engine, query: fingerprint, beganAtMs, atMs: nowMs };
    return { ...asked, answer: await this.#page(q, asked.answer, at, readerId) };
  }

  async suggest(q: string, limit: number, readerId: string | null): Promise<Answered<Suggestions>> {
    const wanted = parseSuggest(q, await this.#synonyms.read(), limit);
    const asked = await this.#timed(
      async (engine): Promise<readonly Suggestion[]> => (wanted === null ? [] : engine.suggest(wanted)),
      null,
    );
    const ids = asked.answer.flatMap((one) => (one.kind === 'product' ? one.productId : []));
    const titles = new Map(
      (await this.#shown(ids, readerId)).map(({ productId, title }) => [productId, title]),
    );
    const items = asked.answer.flatMap((one): Suggestions['items'] => {
      if (one.kind !== 'product') return [one];
      const text = titles.get(one.productId);
      return text === undefined ? [] : [{ ...one, text }];
    });
    return { ...asked, answer: { items } };
  }

  metrics(): Family[] {
    return [
      histogram('doorbuster_search_seconds', 'Searches and suggestions', secondsBounds, [
        ...this.#bucketsByEngine.values(),
      ]),
    ];
  }

  async #timed<Answer>(
    work: (engine: SearchEngine) => Promise<Answer>,
    only: EngineName | null,
  ): Promise<Answered<Answer>> {
    const startedAtMs = performance.now();
    const answered = await this.#choice.ask(work, only);
    const { engine, isDegraded } = answered;
    const key = `${engine} ${isDegraded}`;
    let buckets = this.#bucketsByEngine.get(key);
    if (buckets === undefined) {
      buckets = new Buckets({ engine, degraded: String(isDegraded) }, secondsBounds);
      this.#bucketsByEngine.set(key, buckets);
    }
    buckets.add((performance.now() - startedAtMs) / 1000);
    return answered;
  }

  async #page(
    q: string,
    found: SearchAnswer,
    at: Omit<Cursor, 'state'>,
    readerId: string | null,
  ): Promise<SearchPage> {
    const scoreById = new Map(found.hits.map(({ productId, score }) => [productId, score]));
    const shown = await this.#shown([...scoreById.keys()], readerId);
    const highlighter = new Highlighter(found.lookedFor);
    const items: SearchPage['items'] = [];
    for (const product of shown) {
      const highlights = {
        title: highlighter.html(product.title),
        description: highlighter.html(product.description),
      };
      items.push({ ...product, score: scoreById.get(product.productId)!, highlights });
      if (items.length % highlightedATurn === 0) await turn();
    }
    return {
      items,
      total: found.total,
      isEstimate: found.isEstimate,
      facets: found.facets as SearchPage['facets'],
      didYouMean: corrected(q, found.corrections),
      nextCursor: found.next === null ? null : encodeCursor({ ...at, state: found.next }),
    };
  }

  /** A category's path, also of its slug. */
  async #pathOf(named: string | undefined): Promise<string | null> {
    if (named === undefined) return null;
    const levels = named.split('>').map((level) => level.trim());
    const found = levels.length > 1 ? null : await findSlug(this.#services.reads.ofAnybody.query, levels[0]!);
    return found?.path ?? levels.join(levelMark);
  }

  /** The catalogue's rows of those that everybody may see, in the order of the ids. */
  #shown(ids: readonly string[], readerId: string | null): Promise<readonly Product[]> {
    return summariesOf(this.#services.reads.of(readerId).query, ids);
  }
}

/** Of all that decides on the hits and their order. */
function fingerprintOf({ cursor: _, limit: __, ...asked }: SearchRequest, accountId: string | null): string {
  const parts = Object.entries(asked).sort(([a], [b]) => (a < b ? -1 : 1));
  return digestOf([parts, accountId]);
}

function filtersOf(request: SearchRequest): Omit<SearchFilters, 'category'> {
  const { brand = [], priceMin = null, priceMax = null, ratingMin = null, inStock = null } = request;
  const brands = [...new Set(brand.flatMap(listed))];
  return { brands, priceMin, priceMax, ratingMin, inStock, attributes: request.attributes ?? {} };
}

/** `a,b` is two; in `a\\,b` the comma belongs to the name. */
function listed(text: string): string[] {
  return (text.match(/(?:\\.|[^,\\])+/g) ?? [])
    .map((part) => part.replace(/\\(.)/g, '$1').trim())
    .filter(Boolean);
}

export const searchOf = perGateway((services) => {
  const postgres = new PostgresEngine(services.reads.ofAnybody);
  const { elasticsearchUrl } = services.config;
  const other =
    elasticsearchUrl === null ? null : new ElasticsearchEngine(connect(elasticsearchUrl), productsAlias);
  const choice = new EngineChoice(other ?? postgres, other && postgres, services.log);
  return new Search(services, choice);
});
