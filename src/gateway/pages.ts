/**
 * Pages for browsers: every address is answered with the same HTML, whose script shows the page of that address. What
 * differs is the status: 404 where no such page, or no such thing, exists. They are no part of the API's documents.
 */
import { DoorbusterError } from '../protocol/errors.ts';
import type { AnyRequest, Reply, Route } from './route.ts';
import type { WebFile, WebFiles } from './web-files.ts';

export interface WebPage {
  /** As of a route: `/drops/{saleId}`. */
  readonly path: string;
  /** The read of what the path names; left out where there is none, or where only who is signed in may know. */
  readonly shows?: Route;
}

export function pageRoutes({ html, assets }: WebFiles, pages: readonly WebPage[]): Route[] {
  return [
    ...pages.map((page) =>
      served(page.path, 'A page', async (request) =>
        (await isMissing(page, request)) ? missing(html) : { status: 200, file: html },
      ),
    ),
    served('/assets/{name}', 'A file of the pages', async ({ params }) => {
      const file = assets.get(params.name!);
      if (file === undefined) throw new DoorbusterError('not_found', 'No such file');
      return { status: 200, file };
    }),
  ];
}

/** A read that fails for another reason is tried again by the page. */
async function isMissing({ shows }: WebPage, request: AnyRequest): Promise<boolean> {
  try {
    await shows?.handle(request);
    return false;
  } catch (error) {
    return error instanceof DoorbusterError && error.code === 'not_found';
  }
}

/** The page that says that there is none. */
export function missing(html: WebFile): Reply {
  return { status: 404, file: html };
}

/** An unknown path is the API's when it begins like one of the API's, else a page's. */
export function isApiPath(path: string): boolean {
  return path === '/v1' || path.startsWith('/v1/') || path.endsWith('.json');
}

function served(path: string, summary: string, handle: (request: AnyRequest) => Promise<Reply>): Route {
  return {
    ...{ method: 'GET', path, operationId: `page:${path}`, summary, tag: 'Pages', who: 'anybody' },
    replies: { 200: { description: summary } },
    ignoresQuery: true,
    isPage: true,
    handle,
  };
}
