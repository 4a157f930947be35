/**
 * The pages that can be read without their script, as the server draws them: with the very components that the browser
 * runs, from answers of the API that the gateway has read for them. It is built into one file of its own
 * (`cli/pages.ts`), which `gateway/pages.ts` loads.
 *
 * 1. Everything that comes from the shop is written by the renderer, which escapes texts and attributes; the two scripts
 *    of data hold JSON without a `<`, so nothing in it can end them.
 * 2. Drawing is one turn without a pause: the address and the answers are the page's, and nobody else's, meanwhile.
 * 3. It is a turn of a gateway's thread, so it is short: what would take long is left to the browser.
 */
import { renderToString } from 'preact-render-to-string';
import { degradedHeader, giveAnswers, isDegraded } from './answers.ts';
import type { PageModule, PageProps } from './page-module.ts';
import * as category from './pages/category.tsx';
import * as home from './pages/home.tsx';
import * as product from './pages/product.tsx';
import * as search from './pages/search.tsx';
import { drawnHead, type Head } from './parts/head.ts';
import { address } from './router.ts';

/** What a page's own chunk consists of, by its source; the build knows. */
declare const pageFiles: Readonly<
  Record<string, { readonly styles: readonly string[]; readonly scripts: readonly string[] }>
>;

interface Readable {
  readonly source: string;
  readonly module: PageModule;
  /** Of its answers together. A list shows little of each product; a product's page shows everything, some of it twice. */
  readonly charsMax: number;
}

const pages: Readonly<Record<string, Readable>> = {
  '/': { source: 'pages/home.tsx', module: home, charsMax: 256 * 1024 },
  '/search': { source: 'pages/search.tsx', module: search, charsMax: 256 * 1024 },
  '/category/{slug}': { source: 'pages/category.tsx', module: category, charsMax: 256 * 1024 },
  '/products/{productId}': { source: 'pages/product.tsx', module: product, charsMax: 64 * 1024 },
};

type Params = PageProps['params'];

/** Longer answers do not travel with the page: its script asks for them before it takes the page over. */
const answerCharsMax = 32 * 1024;

/** The paths of the API that the page at this address shows; null: it is drawn by the browser alone. */
export function readsOf(page: string, params: Params, url: string): readonly string[] | null {
  return pages[page]?.module.reads?.(params, new URL(url).searchParams) ?? null;
}

/** JSON and headers by the path that was read. */
type Answers = Readonly<Record<string, { readonly text: string; readonly headers: Params }>>;

/** `answers`: what is missing is missing on the page. null: there is so much to draw that the browser does it. */
export function draw(page: string, params: Params, url: string, answers: Answers) {
  const { source, module, charsMax } = pages[page]!;
  const { default: Page } = module;
  const entries = Object.entries(answers);
  if (entries.reduce((sum, [, { text }]) => sum + text.length, 0) > charsMax) return null;
  // As the page's script reads them, too: JSON in JSON would be escaped twice.
  const told = entries.map(
    ([path, { text, headers }]) =>
      [path, `{"isDegraded":${isDegraded(headers[degradedHeader])},"body":${text}}`] as const,
  );
  address.value = new URL(url);
  giveAnswers(Object.fromEntries(told.map(([path, text]) => [path, JSON.parse(text)])));
  const body = renderToString(<Page params={params} />);
  const texts = Object.fromEntries(told);
  return { head: renderToString(<HeadOf {...{ head: drawnHead(), source, texts }} />), body };
}

interface HeadProps {
  readonly head: Head;
  readonly source: string;
  /** JSON by the path that was read. */
  readonly texts: Params;
}

function HeadOf({ head, source, texts }: HeadProps) {
  const { title, description, canonical, isUnlisted, things = [] } = head;
  const { styles, scripts } = pageFiles[source] ?? { styles: [], scripts: [] };
  const answers = Object.entries(texts)
    .filter(([, { length }]) => length <= answerCharsMax)
    .map(([path, text]) => `${JSON.stringify(path)}:${text}`);
  return (
    <>
      <title>{title}</title>
      {description !== undefined && <meta name="description" content={description} />}
      {isUnlisted && <meta name="robots" content="noindex, follow" />}
      {canonical !== undefined && <link rel="canonical" href={new URL(canonical, address.value).href} />}
      {styles.map((href) => (
        <link key={href} rel="stylesheet" crossorigin="anonymous" href={href} />
      ))}
      {scripts.map((href) => (
        <link key={href} rel="modulepreload" crossorigin="anonymous" href={href} />
      ))}
      {things.map((thing, index) => (
        <Data key={index} type="application/ld+json" json={JSON.stringify(thing)} />
      ))}
      <Data type="application/json" id="answers" json={`{${answers.join(',')}}`} />
    </>
  );
}

interface DataProps {
  readonly type: string;
  readonly id?: string;
  readonly json: string;
}

function Data({ type, id, json }: DataProps) {
  const __html = json.replaceAll('<', '\\u003c');
  return <script type={type} {...(id === undefined ? {} : { id })} dangerouslySetInnerHTML={{ __html }} />;
}

// The first drawing takes as long as dozens of later ones: it is done before anybody waits for it.
draw('/', {}, 'http://localhost/', {});
