/**
 * Other spellings of routes: another path to the same handler, whose requests also take their fields in snake_case.
 * Answers are those of the route itself. The documents call an alias deprecated and say what to use instead.
 */
import type { TProperties, TSchema } from 'typebox';
import { partsOf, type SchemaParts } from './field-errors.ts';
import { paramSchema } from './openapi.ts';
import type { AnyRequest, Route } from './route.ts';
import { paramNamesOf } from './router.ts';
import { Closed } from './schemas.ts';
import { Opaque } from './texts.ts';

type Fields = Readonly<Record<string, unknown>>;

export interface Alias {
  readonly method: Route['method'];
  /** As of a route, whose parameters it calls by the same names. Those that it leaves out are fields of the body. */
  readonly path: string;
  /** The route's `operationId`. */
  readonly to: string;
  /** Fields that are spelled in yet another way: the route's name by the alias's. */
  readonly names?: Readonly<Record<string, string>>;
  /** Makes the route's body of one of another shape, and leaves others as they are. */
  readonly reshape?: (body: Fields) => unknown;
}

/** The route under its other spelling; null: there is no such route. */
export function aliasRoute(routes: readonly Route[], alias: Alias): Route | null {
  const { method, path, names = {}, reshape } = alias;
  const route = routes.find(({ operationId }) => operationId === alias.to);
  if (route === undefined) return null;
  const moved = paramNamesOf(route.path).filter((name) => !paramNamesOf(path).includes(name));
  const body = moved.length === 0 ? route.body : withFields(route, moved);
  const query = route.query === undefined ? {} : partsOf(route.query);
  const { live: _, cacheSeconds: __, ...same } = route;
  return {
    ...same,
    ...{ method, path },
    ...(body !== undefined && { body }),
    operationId: `${alias.to}_${path.replace(/\W+/g, '_').replace(/^_|_$/g, '')}`,
    summary: `Another spelling of ${route.method} ${route.path}, which also takes snake_case`,
    isDeprecated: true,
    respell: {
      name: (name) => spelled(name, names, query),
      body(given) {
        const named = body === undefined ? given : respelled(partsOf(body), given, names);
        return reshape !== undefined && isFields(named) ? reshape(named) : named;
      },
    },
    handle: moved.length === 0 ? route.handle : (request) => route.handle(withParams(request, moved)),
  };
}

function withFields(route: Route, names: readonly string[]) {
  const fields = Object.fromEntries(names.map((name) => [name, fieldSchema(name, route)]));
  const { properties } = (route.body ?? Closed({})) as { readonly properties: TProperties };
  return Closed({ ...fields, ...properties });
}

/** What an id that others mint looks like nobody knows, but a field of a body is bounded. */
function fieldSchema(name: string, route: Route): TSchema {
  const schema = paramSchema(name, route);
  return partsOf(schema).pattern === undefined ? Opaque({ maxLength: 255, examples: ['id_1'] }) : schema;
}

function withParams(request: AnyRequest, names: readonly string[]): AnyRequest {
  const body: Record<string, unknown> = { ...(request.body as Fields) };
  const params: Record<string, string> = { ...request.params };
  for (const name of names) {
    params[name] = String(body[name]);
    delete body[name];
  }
  return { ...request, params, body };
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The name that the schema knows: `filters[price_min]` as `priceMin`. One that it does not know stays as it is. */
function spelled(name: string, names: Readonly<Record<string, string>>, schema: SchemaParts): string {
  const inner = /^filters\[(\w+)\]$/.exec(name)?.[1] ?? name;
  if (Object.hasOwn(names, inner)) return names[inner]!;
  const camel = inner.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  return Object.hasOwn(schema.properties ?? {}, camel) ? camel : name;
}

/** Names that clients choose (of attributes, say) are in no schema, and stay as they are. */
function respelled(schema: SchemaParts, value: unknown, names: Readonly<Record<string, string>>): unknown {
  const { properties = {}, items } = schema;
  if (Array.isArray(value))
    return items === undefined ? value : value.map((item) => respelled(items, item, {}));
  if (!isFields(value)) return value;
  const spelledFields: Record<string, unknown> = Object.create(null);
  for (const [given, field] of Object.entries(value)) {
    const name = spelled(given, names, schema);
    // Given in both spellings: the one that is not known is refused.
    const free =
      Object.hasOwn(spelledFields, name) || (name !== given && Object.hasOwn(value, name)) ? given : name;
    const known = Object.hasOwn(properties, free) ? properties[free]! : {};
    spelledFields[free] = respelled(known, field, {});
  }
  return spelledFields;
}
