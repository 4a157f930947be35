/**
 * The addresses of the shopper's pages, and what programs that visit them ask for first: which addresses are theirs to
 * follow (`/robots.txt`), and all products and categories as site maps.
 *
 * 1. A site map has a bounded number of addresses, and there is a bounded number of them: each is read by its keys.
 */
import { originOf, type WebPage } from '../../gateway/pages.ts';
import { type AnyRequest, perGateway, type Reply } from '../../gateway/route.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { SiteMap } from './site-map-store.ts';

const siteMapOf = perGateway(({ reads }) => new SiteMap(reads.ofAnybody));

const cacheControl = 'public, max-age=3600';

/** What is of use only to who is signed in, or is another view of what has an address already. */
const notToFollow = [
  '/v1/',
  '/account',
  '/cart',
  '/checkout',
  '/orders',
  '/ops',
  '/sell',
  '/admin',
  '/signin',
  '/register',
  '/search?',
];

async function robots(request: AnyRequest): Promise<Reply> {
  const lines = [
    'User-agent: *',
    ...notToFollow.map((path) => `Disallow: ${path}`),
    `Sitemap: ${originOf(request)}/sitemap.xml`,
  ];
  return { ...text(`${lines.join('\n')}\n`), contentType: 'text/plain; charset=utf-8' };
}

/** The list of the site maps. */
async function index(request: AnyRequest): Promise<Reply> {
  const origin = originOf(request);
  const starts = await siteMapOf(request.services).starts();
  const names = ['categories', ...starts.keys()].map((name) => `/sitemaps/${name}.xml`);
  const maps = names.map((name) => `<sitemap><loc>${escaped(origin + name)}</loc></sitemap>`);
  return xml(`<sitemapindex xmlns="${namespace}">\n${maps.join('\n')}\n</sitemapindex>\n`);
}

async function part(request: AnyRequest): Promise<Reply> {
  const [, name = ''] = /^(categories|\d{1,4})\.xml$/.exec(request.params.name ?? '') ?? [];
  const entries = name === '' ? null : await siteMapOf(request.services).part(name);
  if (entries === null) throw new DoorbusterError('not_found', 'No such site map');
  const origin = originOf(request);
  const urls = entries.map(({ path, changedAt }) => {
    const changed = changedAt === null ? '' : `<lastmod>${changedAt.toISOString()}</lastmod>`;
    return `<url><loc>${escaped(origin + path)}</loc>${changed}</url>`;
  });
  return xml(`<urlset xmlns="${namespace}">\n${urls.join('\n')}\n</urlset>\n`);
}

const namespace = 'http://www.sitemaps.org/schemas/sitemap/0.9';

function xml(body: string): Reply {
  return {
    ...text(`<?xml version="1.0" encoding="UTF-8"?>\n${body}`),
    contentType: 'application/xml; charset=utf-8',
  };
}

function text(body: string): Reply {
  const headers = { 'X-Content-Type-Options': 'nosniff' };
  return { status: 200, body: Buffer.from(body), headers, cacheControl };
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

function escaped(written: string): string {
  return written.replace(/[&<>"']/g, (sign) => entities[sign]!);
}

export const pages: readonly WebPage[] = [
  { path: '/search' },
  { path: '/category/{slug}' },
  { path: '/products/{productId}' },
  { path: '/robots.txt', answer: robots },
  { path: '/sitemap.xml', answer: index },
  { path: '/sitemaps/{name}', answer: part },
];
