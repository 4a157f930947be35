/**
 * Finds the route of a path: a tree of segments, a literal one before a parameter. Paths are matched as they are
 * sent (case counts, a slash at the end is another path); only parameters are percent-decoded.
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

interface Node extends Mismatch {
  readonly byLiteral: Map<string, Node>;
  parameter: Node | null;
  readonly byMethod: Map<string, CompiledRoute>;
  allow: string;
  /** Request headers that its routes read. */
  headerNames: readonly string[];
}

const newNode = (): Node => ({
  byLiteral: new Map(),
  parameter: null,
  byMethod: new Map(),
  allow: '',
  headerNames: [],
});
/** No path of ours is longer, so a long one is refused before it is taken apart. */
const segmentsMax = 12;
const noParams = Object.freeze({});

export class Router {
  readonly #root = newNode();

  constructor(routes: readonly Route[]) {
    for (const route of routes) add(this.#root, route);
  }

  /** The route, or the methods that the path has, or null for an unknown path. */
  find(method: string, path: string): Match | Mismatch | null {
    const segments = path.split('/', segmentsMax + 2);
    if (segments.length > segmentsMax + 1) return null;
    const values: string[] = [];
    const node = descend(this.#root, segments, 1, values);
    if (node === null) return null;
    const compiled = node.byMethod.get(method);
    if (!compiled) return node;
    if (values.length === 0) return { compiled, params: noParams };
    const params: Record<string, string> = {};
    for (let i = 0; i < values.length; i++) {
      const value = decodeSegment(values[i]!);
      if (value === null) return null;
      params[compiled.paramNames[i]!] = value;
    }
    return { compiled, params };
  }
}

function descend(node: Node, segments: readonly string[], at: number, values: string[]): Node | null {
  if (at === segments.length) return node.byMethod.size > 0 ? node : null;
  const segment = segments[at]!;
  const literal = node.byLiteral.get(segment);
  if (literal) {
    const found = descend(literal, segments, at + 1, values);
    if (found) return found;
  }
  if (node.parameter === null || segment === '') return null;
  values.push(segment);
  const found = descend(node.parameter, segments, at + 1, values);
  if (found === null) values.pop();
  return found;
}

const nothing = Closed({});

function add(root: Node, route: Route): void {
  let node = root;
  for (const segment of route.path.split('/').slice(1)) node = childOf(node, segment);
  if (node.byMethod.has(route.method)) throw new Error(`two routes for ${route.method} ${route.path}`);
  node.byMethod.set(route.method, {
    route,
    paramNames: paramNamesOf(route.path),
    headerNames: Object.keys(route.headers ?? {}),
    readQuery: route.ignoresQuery ? noQuery : queryReader(route.query),
    checkBody:
      hasBody(route) && !route.isRaw ? compileCheck(route.body ?? nothing, 'The body') : acceptAnything,
  });
  node.headerNames = [...node.headerNames, ...Object.keys(route.headers ?? {})];
  node.allow = [...node.byMethod.keys()].sort().join(', ');
}

const noQuery = () => ({});

function queryReader(schema: TSchema | undefined): (text: string) => unknown {
  const check = compileCheck(schema ?? nothing, 'The query');
  return (text) => check(parseQuery(text, schema));
}

function childOf(node: Node, segment: string): Node {
  if (parameterPattern.test(segment)) {
    node.parameter ??= newNode();
    return node.parameter;
  }
  let child = node.byLiteral.get(segment);
  if (!child) {
    child = newNode();
    node.byLiteral.set(segment, child);
  }
  return child;
}

const parameterPattern = /^\{\w+\}$/;

/** Names of a path's parameters in their order. */
export function paramNamesOf(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
}

/** Whether a request's body is read: not of a GET or a DELETE, whose body means nothing. */
export function hasBody({ method }: Route): boolean {
  return method !== 'GET' && method !== 'DELETE';
}
