/** Circles of a directed graph: its strongly connected parts of more than one node, after Tarjan. */
import type { House } from './module.ts';

export type Graph = ReadonlyMap<string, ReadonlySet<string>>;

export function graphOf(modules: House): Graph {
  return new Map(
    modules.map(({ path, imports }) => [
      path,
      new Set(imports.filter(({ isOurs }) => isOurs).map(({ target }) => target)),
    ]),
  );
}

/** Each sorted by name. */
export function circles(graph: Graph): string[][] {
  const search = new Search(graph);
  for (const node of graph.keys()) search.visit(node);
  return search.circles.sort();
}

class Search {
  readonly circles: string[][] = [];
  readonly #graph: Graph;
  /** Smallest number that a node reaches. */
  readonly #lowByNode = new Map<string, number>();
  readonly #path: string[] = [];

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  visit(node: string): number {
    const known = this.#lowByNode.get(node);
    if (known !== undefined) return known;
    const number = this.#lowByNode.size;
    const depth = this.#path.push(node) - 1;
    this.#lowByNode.set(node, number);
    let low = number;
    for (const next of this.#graph.get(node) ?? []) low = Math.min(low, this.visit(next));
    this.#lowByNode.set(node, low);
    if (low < number) return low;
    const part = this.#path.splice(depth);
    if (part.length > 1 || this.#graph.get(node)?.has(node)) this.circles.push(part.sort());
    // Nodes of a finished part are in no other circle.
    for (const done of part) this.#lowByNode.set(done, Number.POSITIVE_INFINITY);
    return Number.POSITIVE_INFINITY;
  }
}
