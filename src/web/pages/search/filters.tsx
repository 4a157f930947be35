/**
 * The filters of a search: a form that works without its script, and that the script sends by itself. A facet counts what
 * its value would show beside the other filters.
 */

import type { SearchPage } from '../../../market/search/schemas.ts';
import { count } from '../../format.ts';
import { lastLevel } from '../../parts/catalogue.ts';
import { shopWords } from '../../words-shop.ts';
import { Facet, Prices, Tick, Values } from './facets.tsx';
import { hiddenFields, type Question, toggled } from './question.ts';

const text = shopWords.search;

interface FiltersProps {
  readonly question: Question;
  readonly facets: SearchPage['facets'];
  readonly filterCount: number;
  readonly onAsk: (question: Question) => void;
}

export function Filters({ question, facets, filterCount, onAsk }: FiltersProps) {
  const { q, sort, currency, category, brands, rating, isInStock } = question;
  return (
    <details class="filters-fold">
      <summary class="button">
        {text.filters}
        {filterCount > 0 && <span class="quiet">{text.filtersSet(count(filterCount))}</span>}
      </summary>
      <form class="filters" action="/search" onSubmit={(event) => event.preventDefault()}>
        {/* biome-ignore lint/a11y/useSemanticElements: a fieldset of fieldsets would be read twice */}
        <div role="group" aria-label={text.filters}>
          <input type="hidden" name="q" value={q} />
          <input type="hidden" name="sort" value={sort} />
          <input type="hidden" name="currency" value={currency} />
          {hiddenFields(question).map(([name, value]) => (
            <input key={name} type="hidden" name={name} value={value} />
          ))}
          <Facet title={text.stock}>
            <Tick
              {...{ name: 'inStock', value: '1', label: text.inStock, isOn: isInStock }}
              count={facets.inStock.find(({ value }) => value)?.count ?? 0}
              onToggle={() => onAsk({ ...question, isInStock: !isInStock })}
            />
          </Facet>
          <Values
            {...{ title: text.category, name: 'category', chosen: category === '' ? [] : [category] }}
            shown={lastLevel}
            values={facets.categories}
            onChoose={(value) => onAsk({ ...question, category: value === category ? '' : value })}
          />
          <Values
            {...{ title: text.brand, name: 'brand', chosen: brands }}
            values={facets.brands}
            onChoose={(value) => onAsk({ ...question, brands: toggled(brands, value) })}
          />
          <Prices question={question} ranges={facets.priceRanges} onAsk={onAsk} />
          <Values
            {...{ title: text.rating, name: 'rating', chosen: rating === null ? [] : [rating] }}
            shown={text.ratingUp}
            values={facets.ratings.map((each) => ({ value: String(each.value), count: each.count }))}
            onChoose={(value) => onAsk({ ...question, rating: value === rating ? null : value })}
          />
          <noscript>
            <button type="submit">{text.apply}</button>
          </noscript>
        </div>
      </form>
    </details>
  );
}
