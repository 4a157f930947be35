/**
 * Finds the route of a path among those with as many segments, a literal segment before a parameter. Paths are matched
 * as they are sent (case counts, a slash at the end is another path); only parameters are percent-decoded.
 */
import type { TSchema } from 'typebox';
import { acceptAnything, type Check, compileCheck, decodeSegment, parseQuery } from './check.ts';
import type { Route } from './route.ts';
import { Closed } from './schemas.ts';

export interface CompiledRoute {
  readonly route: Route;
  readonly paramNames: readonly string[];
  /** Request headers that the route reads. */
  readonly headerNames: readonly string[];
  /** Refuses with `validation_failed`. */
  readonly readQuery: (text: string) => unknown;
  readonly checkBody: Check;
  /** What browsers are shown under the same path; null: nothing else. */
  readonly page?: CompiledRoute | null;
}

export interface Match {
  readonly compiled: CompiledRoute;
  readonly params: Readonly<Record<string, string>>;
}

/** The path is known, the method is another one. */
interface Mismatch {
  readonly allow: string;
  readonly headerNames: readonly string[];
}

/** A path of some routes. */
interface Pattern extends Mismatch {
  /** Behind the first slash; null stands for a parameter. */
  readonly segments: readonly (string | null)[];
  readonly byMethod: Map<string, CompiledRoute>;
  allow: string;
  /** Request headers that its routes read. */
  headerNames: readonly string[];
}

/** No path of ours is longer, so a long one is refused before it is looked at. */
const segmentsMax = 12;
const noParams = Object.freeze({});

export class Router {
  /** By the number of segments; of two that fit a path the one that is meant comes first. */
  readonly #patternsByCount: Pattern[][] = Array.from({ length: segmentsMax + 1 }, () => []);

  constructor(routes: readonly Route[]) {
    for (const route of routes) add(this.#patternsByCount, route);
    for (const patterns of this.#patternsByCount) patterns.sort(literalsFirst);
  }

  /** What was found last: in a rush most requests have one path. */
  #latest: Match | Mismatch | null = null;
  #latestMethod = '';
  #latestPath = '';

  /** The route, or the methods that the path has, or null for an unknown path. */
  find(method: string, path: string): Match | Mismatch | null {
    if (path === this.#latestPath && method === this.#latestMethod) return this.#latest;
    this.#latest = this.#find(method, path);
    this.#latestMethod = method;
    this.#latestPath = path;
    return this.#latest;
  }

  #find(method: string, path: string): Match | Mismatch | null {
    const patterns = this.#patternsByCount[cut(path)];
    const pattern = patterns?.find(({ segments }) => fits(segments, path));
    if (pattern === undefined) return null;
    const compiled = pattern.byMethod.get(method);
    if (!compiled) return pattern;
    if (compiled.paramNames.length === 0) return { compiled, params: noParams };
    const params: Record<string, string> = {};
    for (let i = 0, name = 0; i < pattern.segments.length; i++) {
      if (pattern.segments[i] !== null) continue;
      const value = decodeSegment(path.slice(slashes[i]! + 1, slashes[i + 1]));
      if (value === null) return null;
      params[compiled.paramNames[name++]!] = value;
    }
    return { compiled, params };
  }
}

/** Where the slashes of the path are that is looked for now, and its end. */
const slashes: number[] = Array(segmentsMax + 2).fill(0);

/** How many segments the path has: 0 when it does not begin with a slash, more than `segmentsMax` when there are too many. */
function cut(path: string): number {
  if (!path.startsWith('/')) return 0;
  let count = 0;
  for (let at = 0; at >= 0 && count <= segmentsMax; at = path.indexOf('/', at + 1)) slashes[count++] = at;
  slashes[count] = path.length;
  return count;
}

/** From the end, where paths differ most, and lengths before texts. */
function fits(segments: readonly (string | null)[], path: string): boolean {
  for (let i = segments.length - 1; i >= 0; i--) {
    const segment = segments[i]!;
    const start = slashes[i]! + 1;
    const length = slashes[i + 1]! - start;
    const isFit =
      segment === null ? length > 0 : length === segment.length && path.startsWith(segment, start);
    if (!isFit) return false;
  }
  return true;
}

function literalsFirst(a: Pattern, b: Pattern): number {
  const at = a.segments.findIndex((segment, i) => (segment === null) !== (b.segments[i] === null));
  return at < 0 ? 0 : a.segments[at] === null ? 1 : -1;
}

const nothing = Closed({});

function add(patternsByCount: readonly Pattern[][], route: Route): void {
  const pattern = patternOf(patternsByCount, route);
  const known = pattern.byMethod.get(route.method);
  if (known !== undefined && !known.route.isPage === !route.isPage)
    throw new Error(`two routes for ${route.method} ${route.path}`);
  const compiled = compile(route);
  pattern.byMethod.set(
    route.method,
    known === undefined
      ? { ...compiled, page: null }
      : route.isPage
        ? withPage(known, compiled)
        : withPage(compiled, known),
  );
  pattern.headerNames = [...pattern.headerNames, ...headerNamesOf(route)];
  pattern.allow = [...pattern.byMethod.keys()].sort().join(', ');
}

/** Which of the two it is, is known when the headers were read: those of both. */
function withPage(compiled: CompiledRoute, page: CompiledRoute): CompiledRoute {
  return { ...compiled, page, headerNames: [...compiled.headerNames, ...page.headerNames] };
}

function compile(route: Route): CompiledRoute {
  const checkBody = readsBody(route) ? compileCheck(route.body ?? nothing, 'The body') : acceptAnything;
  const { respell } = route;
  return {
    route,
    paramNames: paramNamesOf(route.path),
    headerNames: headerNamesOf(route),
    readQuery: route.ignoresQuery ? asSent : queryReader(route.query, respell?.name),
    checkBody: respell === undefined ? checkBody : (body) => checkBody(respell.body(body)),
  };
}

/** The one of the route's path, whatever its parameters are called. */
function patternOf(patternsByCount: readonly Pattern[][], { path }: Route): Pattern {
  const segments = path
    .split('/')
    .slice(1)
    .map((segment) => (parameterPattern.test(segment) ? null : segment));
  const patterns = patternsByCount[segments.length]!;
  const known = patterns.find((pattern) => pattern.segments.every((segment, i) => segment === segments[i]));
  if (known !== undefined) return known;
  const pattern: Pattern = { segments, byMethod: new Map(), allow: '', headerNames: [] };
  patterns.push(pattern);
  return pattern;
}

const asSent = (text: string) => text;

function queryReader(
  schema: TSchema | undefined,
  nameOf?: (name: string) => string,
): (text: string) => unknown {
  const check = compileCheck(schema ?? nothing, 'The query');
  return (text) => check(parseQuery(text, schema, nameOf));
}

const parameterPattern = /^\{\w+\}$/;

/** Names of a path's parameters in their order. */
export function paramNamesOf(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
}

function headerNamesOf({ headers = {}, upload }: Route): string[] {
  return [...Object.keys(headers), ...(upload?.codings === undefined ? [] : ['content-encoding'])];
}

/** Whether a request's body is JSON that the route's schema judges. */
export function readsBody(route: Route): boolean {
  return hasBody(route) && !route.isRaw && route.upload === undefined;
}

/** Whether a request's body is read: not of a GET or a DELETE, whose body means nothing. */
export function hasBody({ method, body }: Route): boolean {
  return method !== 'GET' && (method !== 'DELETE' || body !== undefined);
}
