/**
 * `/openapi.json`: OpenAPI 3.1, made from the very route objects that answer requests. Schemas with a `title` become
 * named components; two different schemas of one title are a programmer error.
 */
import type { TSchema } from 'typebox';
import { digestOf } from '../protocol/digest.ts';
import { etagHeader, etagOf } from './etag.ts';
import { statusByCode } from './problem.ts';
import type { Route } from './route.ts';
import { paramNamesOf } from './router.ts';
import { Problem } from './schemas.ts';

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
type JsonObject = { [name: string]: Json };

/** What the document says of itself. */
export interface About {
  readonly title: string;
  readonly version: string;
  readonly description: string;
}

export function openApiDocument(
  routes: readonly Route[],
  { title, version, description }: About,
): JsonObject {
  const components = new Map<string, JsonObject>();
  const problemRef = hoist(Problem, components);
  const paths: Record<string, JsonObject> = {};
  for (const route of routes) {
    paths[route.path] = {
      ...paths[route.path],
      [route.method.toLowerCase()]: operation(route, components, problemRef),
    };
  }
  return {
    openapi: '3.1.0',
    info: { title, version, description, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: '/' }],
    tags: [...new Set(routes.map((route) => route.tag))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas: Object.fromEntries([...components].sort(([a], [b]) => (a < b ? -1 : 1))),
    },
  };
}

function operation(route: Route, components: Map<string, JsonObject>, problemRef: Json): JsonObject {
  const parameters: JsonObject[] = [
    ...paramNamesOf(route.path).map((name) => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string' },
    })),
    ...queryParameters(route.query, components),
    ...headerParameters(route),
  ];
  const described: JsonObject = {
    operationId: route.operationId,
    summary: route.summary,
    tags: [route.tag],
    security: route.who === 'anybody' ? [] : [{ bearer: [] }],
    responses: responses(route, components, problemRef),
  };
  if (typeof route.who !== 'string') described.description = `Roles: ${route.who.join(', ')}.`;
  if (parameters.length > 0) described.parameters = parameters;
  if (route.isRaw) {
    described.requestBody = { required: true, content: { '*/*': { schema: {} } } };
  } else if (route.body) {
    const required = (route.body as { required?: string[] }).required ?? [];
    described.requestBody = {
      required: required.length > 0,
      content: { 'application/json': { schema: hoist(route.body, components) } },
    };
  }
  return described;
}

function queryParameters(query: TSchema | undefined, components: Map<string, JsonObject>): JsonObject[] {
  if (!query) return [];
  const { properties = {}, required = [] } = query as unknown as {
    properties?: Record<string, TSchema>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema: hoist(schema, components),
  }));
}

function headerParameters(route: Route): JsonObject[] {
  const headers: JsonObject[] = [];
  if (route.method === 'POST' && !route.isRaw) {
    headers.push({
      name: 'Idempotency-Key',
      in: 'header',
      required: route.isKeyRequired ?? false,
      description: 'The same key and body within 24 h get the stored answer again',
      schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[!-~]+$' },
    });
  }
  for (const [name, description] of Object.entries(route.headers ?? {}))
    headers.push({
      name: capitalised(name),
      in: 'header',
      required: false,
      schema: { type: 'string' },
      description,
    });
  return headers;
}

const capitalised = (name: string) => name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());

function responses(route: Route, components: Map<string, JsonObject>, problemRef: Json): JsonObject {
  const byStatus: JsonObject = {};
  for (const [status, { description, schema, headers }] of Object.entries(route.replies)) {
    const response: JsonObject = { description };
    if (headers) response.headers = responseHeaders(headers);
    if (schema) {
      const type = Number(status) >= 400 ? 'application/problem+json' : 'application/json';
      response.content = { [type]: { schema: hoist(schema, components) } };
    }
    byStatus[status] = response;
  }
  const codesByStatus = new Map<number, string[]>();
  for (const code of route.refusals ?? []) {
    const status = statusByCode[code];
    codesByStatus.set(status, [...(codesByStatus.get(status) ?? []), code]);
  }
  // What has a version is not sent again to whoever has it.
  if (route.method === 'GET' && route.replies[200]?.headers?.ETag !== undefined)
    byStatus['304'] = { description: 'The version of `If-None-Match` is the present one' };
  const problemContent = { 'application/problem+json': { schema: problemRef } };
  for (const [status, codes] of codesByStatus) {
    byStatus[status] ??= {
      description: codes.map((code) => `\`${code}\``).join(', '),
      content: problemContent,
    };
  }
  // Any request can be malformed, unauthenticated, too fast or too many.
  byStatus['4XX'] ??= { description: 'Refused: the code says why', content: problemContent };
  byStatus['5XX'] ??= {
    description: '`busy` (retry with the same ids) or `internal_error`',
    content: problemContent,
  };
  return byStatus;
}

function responseHeaders(descriptions: Readonly<Record<string, string>>): JsonObject {
  const described = Object.entries(descriptions).map(([name, description]): [string, Json] => [
    name,
    { description, schema: { type: 'string' } },
  ]);
  return Object.fromEntries(described);
}

/** The schema as plain JSON, its titled parts replaced by references to components. */
function hoist(schema: unknown, components: Map<string, JsonObject>): Json {
  if (Array.isArray(schema)) return schema.map((part) => hoist(part, components));
  if (typeof schema !== 'object' || schema === null) return schema as Json;
  const plain: JsonObject = {};
  for (const [name, part] of Object.entries(schema)) {
    if (part !== undefined && !name.startsWith('~')) plain[name] = hoist(part, components);
  }
  const title = plain.title;
  if (typeof title !== 'string' || plain.type === undefined) return plain;
  const known = components.get(title);
  if (known && JSON.stringify(known) !== JSON.stringify(plain))
    throw new Error(`two different schemas are called ${title}`);
  components.set(title, plain);
  return { $ref: `#/components/schemas/${title}` };
}

function encoded(document: JsonObject): { bytes: Uint8Array; etag: string } {
  return { bytes: new TextEncoder().encode(JSON.stringify(document)), etag: etagOf(digestOf(document)) };
}

/** These routes and one more, which serves the document of them all. */
export function documented(routes: readonly Route[], about: About): readonly Route[] {
  let document: { bytes: Uint8Array; etag: string } | null = null;
  const all = [...routes];
  all.push({
    method: 'GET',
    path: '/openapi.json',
    operationId: 'getOpenApi',
    summary: 'This document',
    tag: 'Meta',
    who: 'anybody',
    cacheSeconds: 300,
    replies: { 200: { description: 'The OpenAPI document', headers: etagHeader } },
    async handle() {
      document ??= encoded(openApiDocument(all, about));
      return { status: 200, body: document.bytes, headers: { ETag: document.etag } };
    },
  });
  return all;
}
