/** What the search is narrowed to, each with a way out. */
import { money } from '../../format.ts';
import { lastLevel } from '../../parts/catalogue.ts';
import { shopWords } from '../../words-shop.ts';
import { minorOf, type Question, searchHref, toggled } from './question.ts';

const text = shopWords.search;

export interface Chip {
  readonly words: string;
  /** The same search without it. */
  readonly href: string;
}

export function chipsOf(question: Question): readonly Chip[] {
  const { category, brands, priceFrom, priceTo, currency, rating, isInStock, attributes } = question;
  const chip = (words: string, change: Partial<Question>): Chip => ({
    words,
    href: searchHref({ ...question, ...change }),
  });
  const price = (written: string) => {
    const amount = minorOf(written, currency);
    return amount === null ? null : money({ amount, currency });
  };
  const [from, to] = [price(priceFrom), price(priceTo)];
  return [
    ...(isInStock ? [chip(text.inStock, { isInStock: false })] : []),
    ...(category === '' ? [] : [chip(lastLevel(category), { category: '' })]),
    ...brands.map((each) => chip(each, { brands: toggled(brands, each) })),
    ...(from === null ? [] : [chip(text.above(from), { priceFrom: '' })]),
    ...(to === null ? [] : [chip(text.below(to), { priceTo: '' })]),
    ...(rating === null ? [] : [chip(text.ratingUp(rating), { rating: null })]),
    ...Object.entries(attributes).map(([name, value]) => {
      const { [name]: _, ...others } = attributes;
      return chip(text.attribute(name, value), { attributes: others });
    }),
  ];
}

export function Chips({ chips, clear }: { readonly chips: readonly Chip[]; readonly clear: string }) {
  return (
    <div class="chips">
      {chips.map(({ words, href }) => (
        <a key={href} class="chip" href={href}>
          {words}
          <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
            <path d="M2 2l8 8M10 2l-8 8" />
          </svg>
          <span class="visually-hidden">{text.remove}</span>
        </a>
      ))}
      {chips.length > 0 && (
        <a class="clear" href={clear}>
          {text.clear}
        </a>
      )}
    </div>
  );
}
