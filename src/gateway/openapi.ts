/**
 * `/openapi.json`: OpenAPI 3.1, made from the very route objects that answer requests. Schemas with a `title` become
 * named components; two different schemas of one title are a programmer error.
 */
import Type, { type TSchema } from 'typebox';
import { Check } from 'typebox/value';
import type { Refusal } from '../protocol/codes.ts';
import { type IdKind, prefixes } from '../protocol/ids.ts';
import { type Components, exampleOf, hoist, type Json, type JsonObject, listed } from './json-schema.ts';
import { problem, statusByCode } from './problem.ts';
import type { Route } from './route.ts';
import { paramNamesOf } from './router.ts';
import { Id, Problem } from './schemas.ts';

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
  const components: Components = new Map();
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
      headers: commonHeaders,
      schemas: listed(components),
    },
  };
}

function operation(route: Route, components: Components, problemRef: Json): JsonObject {
  const parameters: JsonObject[] = [
    ...paramNamesOf(route.path).map((name) => pathParameter(name, route)),
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
  if (route.isDeprecated) described.deprecated = true;
  if (typeof route.who !== 'string') described.description = `Roles: ${route.who.join(', ')}.`;
  if (parameters.length > 0) described.parameters = parameters;
  if (route.upload) {
    const content = route.upload.types.map((type): [string, Json] => [type, { schema: {} }]);
    described.requestBody = { required: true, content: Object.fromEntries(content) };
  } else if (route.isRaw) {
    described.requestBody = { required: true, content: { '*/*': { schema: {} } } };
  } else if (route.body) {
    described.requestBody = {
      // An empty body counts as `{}`.
      required: !Check(route.body, {}),
      content: {
        'application/json': { schema: hoist(route.body, components), example: exampleOf(route.body) },
      },
    };
  }
  return described;
}

/** An id is known by its name; a route may say more of its other parameters. */
export function paramSchema(name: string, { params = {} }: Route): TSchema {
  return params[name] ?? (isIdName(name) ? Id(name.slice(0, -2) as IdKind) : Type.String());
}

function pathParameter(name: string, route: Route): JsonObject {
  const schema = paramSchema(name, route);
  return {
    name,
    in: 'path',
    required: true,
    schema: hoist(schema, new Map()),
    example: exampleOf(schema, name),
  };
}

function isIdName(name: string): boolean {
  return name.endsWith('Id') && Object.hasOwn(prefixes, name.slice(0, -2));
}

function queryParameters(query: TSchema | undefined, components: Components): JsonObject[] {
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
    // `attributes[colour]=red`
    ...(Type.IsRecord(schema) ? { style: 'deepObject', explode: true } : {}),
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
  const codings = route.upload?.codings;
  const coded = codings && { 'content-encoding': `How the body is packed, if at all: ${codings.join(', ')}` };
  for (const [name, description] of Object.entries({ ...route.headers, ...coded }))
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

function responses(route: Route, components: Components, problemRef: Json): JsonObject {
  const byStatus: JsonObject = {};
  for (const [status, { description, schema, headers, streams }] of Object.entries(route.replies)) {
    const response: JsonObject = { description };
    if (schema) {
      const type = Number(status) >= 400 ? 'application/problem+json' : 'application/json';
      response.content = { [type]: { schema: hoist(schema, components), example: exampleOf(schema) } };
    }
    if (streams) response.content = Object.fromEntries(streams.map((type) => [type, { schema: {} }]));
    response.headers = { ...responseHeaders(headers ?? {}), ...headersOf(Number(status), route) };
    byStatus[status] = response;
  }
  const codesByStatus = new Map<number, Refusal[]>();
  for (const code of route.refusals ?? []) {
    const status = statusByCode[code];
    codesByStatus.set(status, [...(codesByStatus.get(status) ?? []), code]);
  }
  // What has a version is not sent again to whoever has it.
  if (route.method === 'GET' && route.replies[200]?.headers?.ETag !== undefined)
    byStatus['304'] = {
      description: 'The version of `If-None-Match` is the present one',
      headers: headersOf(304, route),
    };
  const refused = (description: string, code: Refusal, status = statusByCode[code]) => ({
    description,
    headers: headersOf(status, route),
    content: { 'application/problem+json': { schema: problemRef, example: { ...problem(code) } as Json } },
  });
  for (const [status, codes] of codesByStatus)
    byStatus[status] ??= refused(codes.map((code) => `\`${code}\``).join(', '), codes[0]!);
  // Any request can be malformed, unauthenticated, too fast or too many.
  byStatus['4XX'] ??= refused('Refused: the code says why', 'validation_failed', 429);
  byStatus['5XX'] ??= refused('`busy` (retry with the same ids) or `internal_error`', 'busy');
  return byStatus;
}

/** Headers that answers have whatever the route. */
const commonHeaders = {
  'X-Request-Id': text('The id of the request: its own when it sent one, and in the log'),
  'Retry-After': { ...text('Seconds until it is worth trying again'), schema: { type: 'integer' } },
  RateLimit: text('What is left of the limit that was reached (RateLimit header fields for HTTP)'),
  'RateLimit-Policy': text('The limit that was reached'),
  'Idempotency-Replayed': text('`true` on the stored answer of an earlier request with the same key'),
};

function text(description: string): JsonObject {
  return { description, schema: { type: 'string' } };
}

function headersOf(status: number, { method }: Route): JsonObject {
  const names: (keyof typeof commonHeaders)[] = ['X-Request-Id'];
  if (status === 429) names.push('Retry-After', 'RateLimit', 'RateLimit-Policy');
  if (status === 503) names.push('Retry-After');
  if (method === 'POST' && status !== 304) names.push('Idempotency-Replayed');
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

function responseHeaders(descriptions: Readonly<Record<string, string>>): JsonObject {
  const described = Object.entries(descriptions).map(([name, description]): [string, Json] => [
    name,
    { description, schema: { type: 'string' } },
  ]);
  return Object.fromEntries(described);
}
