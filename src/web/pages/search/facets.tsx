/** The parts of the filters: values with a tick and a count, and a price from and to. */

import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { SearchPage } from '../../../market/search/schemas.ts';
import { count, digitsOf, money } from '../../format.ts';
import { shopWords } from '../../words-shop.ts';
import { minorOf, type Question, searchHref } from './question.ts';

const text = shopWords.search;
const valuesMax = 8;

interface FacetProps {
  readonly title: string;
  readonly children: ComponentChildren;
}

export function Facet({ title, children }: FacetProps) {
  return (
    <fieldset class="facet">
      <legend>{title}</legend>
      {children}
    </fieldset>
  );
}

interface TickProps {
  readonly name: string;
  readonly value: string;
  /** What stands there; the accessible name, when it says more. */
  readonly label: string;
  readonly whole?: string;
  readonly isOn: boolean;
  readonly count: number;
  readonly onToggle: () => void;
}

/** Named by its value alone: the count is what explains it. */
export function Tick({ name, value, label, whole = label, isOn, count: n, onToggle }: TickProps) {
  const id = useId();
  return (
    <label class="tick-box">
      <input
        type="checkbox"
        name={name}
        value={value}
        checked={isOn}
        aria-label={whole}
        aria-describedby={id}
        onChange={onToggle}
      />
      <span>{label}</span>
      <span class="n" id={id}>
        {count(n)}
      </span>
    </label>
  );
}

interface ValuesProps {
  readonly title: string;
  readonly name: string;
  readonly values: readonly { readonly value: string; readonly count: number }[];
  readonly chosen: readonly string[];
  readonly shown?: (value: string) => string;
  readonly onChoose: (value: string) => void;
}

/** What is chosen stands there even when nothing is counted for it any more. */
export function Values({ title, name, values, chosen, shown = String, onChoose }: ValuesProps) {
  const [isWhole, setWhole] = useState(false);
  const gone = chosen.filter((value) => values.every((each) => each.value !== value));
  const all = [...values, ...gone.map((value) => ({ value, count: 0 }))];
  if (all.length === 0) return null;
  const some = all.filter(({ value }, index) => index < valuesMax || chosen.includes(value));
  return (
    <Facet title={title}>
      {(isWhole ? all : some).map(({ value, count: n }) => (
        <Tick
          key={value}
          {...{ name, value, label: shown(value), isOn: chosen.includes(value), count: n }}
          {...(value.endsWith(shown(value)) ? { whole: value } : {})}
          onToggle={() => onChoose(value)}
        />
      ))}
      {!isWhole && some.length < all.length && (
        <button type="button" class="link" onClick={() => setWhole(true)}>
          {text.showAll(count(all.length))}
        </button>
      )}
    </Facet>
  );
}

interface PricesProps {
  readonly question: Question;
  readonly ranges: SearchPage['facets']['priceRanges'];
  readonly onAsk: (question: Question) => void;
}

export function Prices({ question, ranges, onAsk }: PricesProps) {
  const { currency } = question;
  // The upper end is the next range's first price.
  const written = (amount: number | null) =>
    amount === null ? '' : (amount / 10 ** digitsOf(currency)).toFixed(digitsOf(currency));
  return (
    <Facet title={text.price}>
      <ul class="ranges">
        {ranges
          .filter((range) => range.count > 0)
          .map(({ from, to, count: n }) => {
            const last = to === null ? null : to - 1;
            const range = { priceFrom: written(from), priceTo: written(last) };
            return (
              <li key={from}>
                <a href={searchHref({ ...question, ...range })}>
                  {text.range(
                    from && money({ amount: from, currency }),
                    last && money({ amount: last, currency }),
                  )}
                </a>
                <span class="n">{count(n)}</span>
              </li>
            );
          })}
      </ul>
      <div class="ends">
        <End
          {...{ name: 'from', label: text.priceFrom, value: question.priceFrom, currency: question.currency }}
          onSet={(priceFrom) => onAsk({ ...question, priceFrom })}
        />
        <span class="quiet" aria-hidden="true">
          {text.to}
        </span>
        <End
          {...{ name: 'to', label: text.priceTo, value: question.priceTo, currency: question.currency }}
          onSet={(priceTo) => onAsk({ ...question, priceTo })}
        />
      </div>
    </Facet>
  );
}

interface EndProps {
  readonly name: string;
  readonly label: string;
  readonly value: string;
  readonly currency: string;
  readonly onSet: (value: string) => void;
}

/** Taken at Enter, or when somebody goes on. */
function End({ name, label, value, currency, onSet }: EndProps) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [isWrong, setWrong] = useState(false);
  const shown = useRef(value);
  useEffect(() => {
    if (shown.current === value) return;
    shown.current = value;
    input.current!.value = value;
    setWrong(false);
  }, [value]);
  const take = () => {
    const written = input.current!.value.trim();
    const isPrice = written === '' || minorOf(written, currency) !== null;
    setWrong(!isPrice);
    if (isPrice && written !== value) onSet(written);
  };
  return (
    <span class="end">
      <input
        ref={input}
        type="text"
        name={name}
        inputMode="decimal"
        autocomplete="off"
        maxLength={20}
        aria-label={label}
        {...(isWrong ? { 'aria-invalid': true, 'aria-describedby': id } : {})}
        defaultValue={value}
        onChange={take}
        onKeyDown={(event) => event.key === 'Enter' && take()}
      />
      {isWrong && (
        <span class="problem" id={id}>
          {text.noPrice}
        </span>
      )}
    </span>
  );
}
