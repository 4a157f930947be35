/**
 * Finds the route of a path: a tree of segments, a literal one before a parameter. Paths are matched as they are
 * sent (case counts, a slash at the end is another path); only parameters are percent-decoded.
 */
import Type, { type TSchema } from 'typebox';
import { type Check, compileCheck, decodeSegment } from './check.ts';
import type { Route } from './route.ts';
import { Closed } from './schemas.ts';

export interface CompiledRoute {
  readonly route: Route;
  readonly paramNames: readonly string[];
  readonly query: TSchema | undefined;
  readonly checkQuery: Check;
  readonly checkBody: Check;
}

export interface Match {
  readonly compiled: CompiledRoute;
  readonly params: Readonly<Record<string, string>>;
}

export interface Router {
  /** The route, or the methods that the path has, or null for an unknown path. */
  find(method: string, path: string): Match | { readonly allow: string } | null;
}

interface Node {
  readonly byLiteral: Map<string, Node>;
  parameter: Node | null;
  readonly byMethod: Map<string, CompiledRoute>;
  allow: string;
}

const newNode = (): Node => ({ byLiteral: new Map(), parameter: null, byMethod: new Map(), allow: '' });
/** No path of ours is longer, so a long one is refused before it is taken apart. */
const segmentsMax = 12;
const noParams = Object.freeze({});

export function createRouter(routes: readonly Route[]): Router {
  const root = newNode();
  for (const route of routes) add(root, route);

  return {
    find(method, path) {
      const segments = path.split('/', segmentsMax + 2);
      if (segments.length > segmentsMax + 1) return null;
      const values: string[] = [];
      const node = descend(root, segments, 1, values);
      if (node === null) return null;
      const compiled = node.byMethod.get(method);
      if (!compiled) return { allow: node.allow };
      if (values.length === 0) return { compiled, params: noParams };
      const params: Record<string, string> = {};
      for (let i = 0; i < values.length; i++) {
        const value = decodeSegment(values[i]!);
        if (value === null) return null;
        params[compiled.paramNames[i]!] = value;
      }
      return { compiled, params };
    },
  };
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
  const paramNames: string[] = [];
  let node = root;
  for (const segment of route.path.split('/').slice(1)) {
    const name = /^\{(\w+)\}$/.exec(segment)?.[1];
    if (name) {
      paramNames.push(name);
      node.parameter ??= newNode();
      node = node.parameter;
    } else {
      let next = node.byLiteral.get(segment);
      if (!next) {
        next = newNode();
        node.byLiteral.set(segment, next);
      }
      node = next;
    }
  }
  if (node.byMethod.has(route.method)) throw new Error(`two routes for ${route.method} ${route.path}`);
  node.byMethod.set(route.method, {
    route,
    paramNames,
    query: route.query,
    checkQuery: compileCheck(route.query ?? nothing, 'The query'),
    checkBody: compileCheck(route.isRaw ? Type.Unknown() : (route.body ?? nothing), 'The body'),
  });
  node.allow = [...node.byMethod.keys()].sort().join(', ');
}
