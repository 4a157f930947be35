/** Search: the results, the filters with their counts, and another word where one is mistyped. */
import './search.css';
import { useState } from 'preact/hooks';
import type { SearchPage } from '../../market/search/schemas.ts';
import { get } from '../api.ts';
import { count } from '../format.ts';
import type { PageProps, Reads } from '../page-module.ts';
import { useLastAnswer } from '../parts/answer.ts';
import { Page } from '../parts/page.tsx';
import { ProductGrid } from '../parts/product-grid.tsx';
import { Sorter } from '../parts/sorter.tsx';
import { Trouble } from '../parts/trouble.tsx';
import { address, go } from '../router.ts';
import { shopWords } from '../words-shop.ts';
import { Chips, chipsOf } from './search/chips.tsx';
import { Filters } from './search/filters.tsx';
import { Marked } from './search/marked.tsx';
import { type Question, questionIn, searchHref, searchPath, sorts, unfiltered } from './search/question.ts';

const text = shopWords.search;

export const reads: Reads = (_, query) => [searchPath(questionIn(query))];

export default function Search(_: PageProps) {
  const question = questionIn(address.value.searchParams);
  const found = useLastAnswer<SearchPage>(searchPath(question));
  const { value, isOld, isDegraded } = found;
  const said = value === null ? '' : text.found(count(value.total));
  const about = {
    description: text.about,
    canonical: '/search',
    isUnlisted: searchHref(question) !== '/search',
  };
  return (
    <Page
      heading={text.title}
      title={value === null ? text.title : text.tab(said, question.q)}
      kind="search"
      about={about}
      aside={
        <p class="found-count" role="status">
          {value !== null && <span>{said}</span>}
          {value !== null && question.q !== '' && <span>{text.foundFor(question.q)}</span>}
        </p>
      }
    >
      {found.error !== null && <Trouble error={found.error} onRetry={found.reload} />}
      {value === null ? (
        found.error === null && <div class="skeleton" role="status" aria-label={text.loading} />
      ) : (
        <>
          {isDegraded && <p class="notice caution">{text.simpler}</p>}
          <Found question={question} answer={value} isOld={isOld} />
        </>
      )}
    </Page>
  );
}

interface FoundProps {
  readonly question: Question;
  readonly answer: SearchPage;
  /** The answer is that to the question before. */
  readonly isOld: boolean;
}

function Found({ question, answer, isOld }: FoundProps) {
  const chips = chipsOf(question);
  const ask = (next: Question) => go(searchHref(next), false, true);
  const kept = [...new URL(searchHref(question), 'http://x').searchParams].filter(
    ([name]) => name !== 'sort',
  );
  return (
    <>
      {answer.didYouMean && (
        <p class="did-you-mean">
          {`${text.didYouMean} `}
          <a href={searchHref({ ...unfiltered(question), q: answer.didYouMean })}>{answer.didYouMean}</a>?
        </p>
      )}
      <div class="results-columns">
        <Filters question={question} facets={answer.facets} filterCount={chips.length} onAsk={ask} />
        <div class={`found ${isOld ? 'old' : ''}`} aria-busy={isOld}>
          <div class="found-head">
            <Chips chips={chips} clear={searchHref(unfiltered(question))} />
            {answer.items.length > 0 && (
              <Sorter
                {...{ action: '/search', kept, sorts, value: question.sort }}
                onSort={(sort) => ask({ ...question, sort })}
              />
            )}
          </div>
          {answer.items.length === 0 ? (
            <Nothing hasFilters={chips.length > 0} />
          ) : (
            <Results key={searchHref(question)} question={question} answer={answer} />
          )}
        </div>
      </div>
    </>
  );
}

function Nothing({ hasFilters }: { readonly hasFilters: boolean }) {
  return (
    <div class="empty">
      <h2>{text.none}</h2>
      <p>{hasFilters ? text.noneFiltered : text.noneText}</p>
      <a class="button" href="/">
        {shopWords.category.all}
      </a>
    </div>
  );
}

function Results({ question, answer }: Omit<FoundProps, 'isOld'>) {
  const [more, setMore] = useState<readonly SearchPage[]>([]);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const pages = [answer, ...more];
  const cursor = pages.at(-1)!.nextCursor;
  const products = pages.flatMap(({ items }) => items);
  const highlights = new Map(products.map((each) => [each.productId, each.highlights]));
  const readMore = async () => {
    setBusy(true);
    setError(null);
    try {
      const next = await get<SearchPage>(`${searchPath(question)}&cursor=${encodeURIComponent(cursor!)}`);
      setMore([...more, next]);
    } catch (reason) {
      setError(reason);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <ProductGrid
        products={products}
        label={text.results}
        kind="of-three"
        eager={3}
        titleOf={({ productId, title }) => <Marked text={highlights.get(productId)?.title ?? title} />}
      />
      {error !== null && <Trouble error={error} />}
      {cursor !== null && (
        <button type="button" class="more" disabled={isBusy} onClick={() => void readMore()}>
          {text.more}
        </button>
      )}
    </>
  );
}
