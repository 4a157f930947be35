/** The routes of the documents that describe all others: `/openapi.json` and `/asyncapi.json`. */
import { digestOf } from '../protocol/digest.ts';
import { asyncApiDocument } from './asyncapi.ts';
import { etagHeader, etagOf } from './etag.ts';
import type { JsonObject } from './json-schema.ts';
import type { LiveFeature } from './live/feature.ts';
import { type About, openApiDocument } from './openapi.ts';
import type { Route } from './route.ts';

/** These routes, and one more for each document. */
export function documented(
  routes: readonly Route[],
  features: readonly LiveFeature[],
  about: About,
): readonly Route[] {
  const all = [...routes];
  all.push(
    served('openapi', 'getOpenApi', 'This document', () => openApiDocument(all, about)),
    served('asyncapi', 'getAsyncApi', 'The live socket, as an AsyncAPI document', () =>
      asyncApiDocument(all, features, about),
    ),
  );
  return all;
}

/** Made when it is first asked for. */
function served(name: string, operationId: string, summary: string, make: () => JsonObject): Route {
  let document: { bytes: Uint8Array; etag: string } | null = null;
  return {
    method: 'GET',
    path: `/${name}.json`,
    operationId,
    summary,
    tag: 'Meta',
    who: 'anybody',
    cacheSeconds: 300,
    replies: { 200: { description: 'The document', headers: etagHeader } },
    async handle() {
      document ??= encoded(make());
      return { status: 200, body: document.bytes, headers: { ETag: document.etag } };
    },
  };
}

function encoded(document: JsonObject): { bytes: Uint8Array; etag: string } {
  return { bytes: new TextEncoder().encode(JSON.stringify(document)), etag: etagOf(digestOf(document)) };
}
