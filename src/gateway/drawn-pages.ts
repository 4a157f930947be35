/**
 * Pages that can be read without their script: the content is drawn here, from the answers that the API gives to
 * everybody, by the module that the build has made of the pages' own components.
 *
 * 1. A page is drawn once a second at most for each address, however many ask for it; what was drawn is kept within a
 *    bound of pages.
 * 2. Nobody's token counts: what is drawn is for everybody.
 * 3. What cannot be read now is no fault of the page: its script tries again, on the empty page.
 * 4. A page whose thing does not exist is missing; one whose thing has moved tells where to.
 */
import { LRUCache } from 'lru-cache';
import { DoorbusterError } from '../protocol/errors.ts';
import { Compressor } from './compression.ts';
import type { AnyRequest, Reply, Route } from './route.ts';
import { Router } from './router.ts';
import { type Drawing, type DrawnAnswer, filledHtml, type WebFile } from './web-files.ts';

const keptMs = 1_000;
const pagesMax = 128;

export class DrawnPages {
  readonly #html: WebFile;
  readonly #drawing: Drawing;
  readonly #router: Router;
  readonly #compressor = new Compressor();
  readonly #kept = new LRUCache<string, Promise<Reply | null>>({ max: pagesMax, ttl: keptMs });

  /** `routes`: of the API. */
  constructor(html: WebFile, drawing: Drawing, routes: readonly Route[]) {
    this.#html = html;
    this.#drawing = drawing;
    this.#router = new Router(routes);
  }

  /** `url`: the page's whole address. null: the browser draws it alone. Refuses with `not_found`. */
  show(page: string, request: AnyRequest, url: string): Promise<Reply | null> {
    const paths = this.#drawing.readsOf(page, request.params, url);
    if (paths === null) return Promise.resolve(null);
    const kept = this.#kept.get(url);
    if (kept !== undefined) return kept;
    const drawn = this.#draw(page, request, url, paths);
    this.#kept.set(url, drawn);
    // A refusal is told to who asked meanwhile, and the next one asks again.
    drawn.catch(() => this.#kept.delete(url));
    return drawn;
  }

  async #draw(
    page: string,
    request: AnyRequest,
    url: string,
    paths: readonly string[],
  ): Promise<Reply | null> {
    const [main, ...others] = await Promise.allSettled(paths.map((path) => this.#read(path, request)));
    if (main === undefined) return null;
    if (main.status === 'rejected') {
      if (main.reason instanceof DoorbusterError && main.reason.code === 'not_found') throw main.reason;
      return null;
    }
    const moved = main.value.headers?.Location;
    if (main.value.status === 301 && moved !== undefined) return movedTo(page, moved, new URL(url).search);
    const answers: Record<string, DrawnAnswer> = {};
    for (const [index, read] of [main, ...others].entries())
      if (read.status === 'fulfilled' && read.value.status === 200)
        answers[paths[index]!] = { text: textOf(read.value), headers: read.value.headers ?? {} };
    const html = this.#drawing.draw(page, request.params, url, answers);
    if (html === null) return null;
    const file = filledHtml(this.#html, html);
    const [br, gzip] = await Promise.all([
      this.#compressor.compress(file.bytes, 'br', false)?.catch(() => null) ?? null,
      this.#compressor.compress(file.bytes, 'gzip', false)?.catch(() => null) ?? null,
    ]);
    return { status: 200, file: { ...file, br, gzip } };
  }

  /** As if somebody without an account had asked for it. Refuses as the route does. */
  async #read(path: string, request: AnyRequest): Promise<Reply> {
    const [name = '', queryText = ''] = path.split('?', 2);
    const match = this.#router.find('GET', name);
    if (match === null || !('compiled' in match)) throw new DoorbusterError('not_found', 'No such path');
    const { compiled, params } = match;
    const query = compiled.readQuery(queryText);
    return compiled.route.handle({ ...request, ...{ identity: null, params, query, headers: {} } });
  }
}

/** The address of the page has the last part of what its thing's has. */
function movedTo(page: string, location: string, query: string): Reply {
  const name = location.split('/').at(-1)!;
  const headers = { Location: page.replace(/\{\w+\}$/, () => name) + query };
  return { status: 301, headers, cacheControl: 'no-cache' };
}

/** Answers may be kept as bytes. */
function textOf({ body }: Reply): string {
  return body instanceof Uint8Array ? Buffer.from(body).toString() : JSON.stringify(body);
}
