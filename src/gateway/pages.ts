/**
 * Pages for browsers: every address is answered with the same HTML, whose script shows the page of that address. Some are
 * drawn here, too, so that they can be read without their script. What differs beside that is the status: 404 where no such
 * page, or no such thing, exists. They are no part of the API's documents.
 */
import { DoorbusterError } from '../protocol/errors.ts';
import { DrawnPages } from './drawn-pages.ts';
import type { AnyRequest, Reply, Route } from './route.ts';
import type { WebFile, WebFiles } from './web-files.ts';

export interface WebPage {
  /** As of a route: `/drops/{saleId}`. */
  readonly path: string;
  /** The read of what the path names; left out where there is none, or where only who is signed in may know. */
  readonly shows?: Route;
  /** Of an address for programs: what it answers instead of a page. */
  readonly answer?: (request: AnyRequest) => Promise<Reply>;
}

/** `routes`: of the API, which drawn pages read. */
export function pageRoutes(
  { html, assets, drawing }: WebFiles,
  pages: readonly WebPage[],
  routes: readonly Route[],
): Route[] {
  const drawn = drawing === null ? null : new DrawnPages(html, drawing, routes);
  return [
    ...pages.map((page) =>
      served(page.path, 'A page', page.answer ?? ((request) => show(html, drawn, page, request))),
    ),
    {
      ...served('/assets/{name}', 'A file of the pages', async ({ params }) => {
        const file = assets.get(params.name!);
        if (file === undefined) throw new DoorbusterError('not_found', 'No such file');
        return { status: 200, file };
      }),
      isPage: false,
    },
  ];
}

/** A read that fails for another reason than that there is nothing is tried again by the page. */
async function show(
  html: WebFile,
  drawn: DrawnPages | null,
  { path, shows }: WebPage,
  request: AnyRequest,
): Promise<Reply> {
  try {
    await shows?.handle(request);
    return (await drawn?.show(path, request, urlOf(path, request))) ?? { status: 200, file: html };
  } catch (error) {
    const isMissing = error instanceof DoorbusterError && error.code === 'not_found';
    if (isMissing) return missing(html);
    if (!(error instanceof DoorbusterError))
      request.services.log('error', 'a page cannot be drawn', { path, error: String(error) });
    return { status: 200, file: html };
  }
}

const pageHeaders = {
  host: 'What the address begins with',
  'x-forwarded-proto': '`https` behind a proxy that speaks it',
};

/** What the whole addresses of pages begin with, `https://shop.example`: as configured, else as this request has it. */
export function originOf({ headers, services }: AnyRequest): string {
  const { publicUrl } = services.config;
  if (publicUrl !== null) return publicUrl;
  const scheme = headers['x-forwarded-proto'] === 'https' ? 'https' : 'http';
  return `${scheme}://${headers.host ?? 'localhost'}`;
}

/** The whole address of a page. */
function urlOf(path: string, request: AnyRequest): string {
  const name = path.replace(/\{(\w+)\}/g, (_, param: string) => encodeURIComponent(request.params[param]!));
  return `${originOf(request)}${name}${request.query === '' ? '' : `?${request.query}`}`;
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
    headers: pageHeaders,
    ignoresQuery: true,
    isPage: true,
    handle,
  };
}
