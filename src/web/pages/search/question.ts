/**
 * What somebody searches for, as the page's address says it and as the API is asked. Prices stand in the address as
 * people write them; whatever is no price is left out.
 */
import { digitsOf } from '../../format.ts';

export const sorts = ['relevance', 'price_asc', 'price_desc', 'newest', 'rating'] as const;

export interface Question {
  readonly q: string;
  /** A path as listings write it, or a slug, with its branches; empty: all. */
  readonly category: string;
  readonly brands: readonly string[];
  /** As written. */
  readonly priceFrom: string;
  readonly priceTo: string;
  /** Of the prices as written. */
  readonly currency: string;
  /** The least; null: any. */
  readonly rating: string | null;
  readonly isInStock: boolean;
  /** Values by the names that sellers give to what they say of a product. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly sort: string;
}

const currencyDefault = 'USD';
const resultsMax = 24;
const attributesMax = 10;
/** What the API takes for a name and for a value of an attribute. */
const attributeName = /^[^\p{C}\p{Zl}\p{Zp}\s][^\p{C}\p{Zl}\p{Zp}]{0,63}$/u;
const attributeValue = /^[^\p{C}\p{Zl}\p{Zp}\s][^\p{C}\p{Zl}\p{Zp}]{0,199}$/u;
const parameterOf = (name: string) => `attributes[${name}]`;

/** The first value of each name. */
function attributesIn(query: URLSearchParams): Question['attributes'] {
  const found = new Map<string, string>();
  for (const [parameter, value] of query) {
    const name = /^attributes\[(.*)\]$/s.exec(parameter)?.[1];
    if (name === undefined || found.has(name) || found.size === attributesMax) continue;
    if (attributeName.test(name) && attributeValue.test(value)) found.set(name, value);
  }
  return Object.fromEntries(found);
}

const parametersOf = (attributes: Question['attributes']) =>
  Object.entries(attributes).map(([name, value]) => [parameterOf(name), value] as const);

/** Everything with this attribute; null: it cannot be searched for. */
export function attributeHref(name: string, value: string): string | null {
  if (!attributeName.test(name) || !attributeValue.test(value)) return null;
  return `/search?${new URLSearchParams({ [parameterOf(name)]: value })}`;
}

export function questionIn(query: URLSearchParams): Question {
  const sort = query.get('sort') ?? '';
  const rating = query.get('rating') ?? '';
  const currency = query.get('currency') ?? '';
  return {
    q: (query.get('q') ?? '').trim(),
    category: query.get('category') ?? '',
    brands: query.getAll('brand').filter(Boolean),
    priceFrom: query.get('from') ?? '',
    priceTo: query.get('to') ?? '',
    currency: /^[A-Z]{3}$/.test(currency) ? currency : currencyDefault,
    rating: /^[1-5](?:\.\d)?$/.test(rating) ? rating : null,
    isInStock: query.get('inStock') === '1',
    attributes: attributesIn(query),
    sort: sorts.some((each) => each === sort) ? sort : 'relevance',
  };
}

/** In the smallest unit; null: it is no price. */
export function minorOf(written: string, currency: string): number | null {
  const plain = written
    .replace(/[^\d.,]/g, '')
    .replace(/,(?=\d{3}(?:\D|$))/g, '')
    .replace(',', '.');
  const amount = Number(plain);
  if (plain === '' || !Number.isFinite(amount)) return null;
  const minor = Math.round(amount * 10 ** digitsOf(currency));
  return Number.isSafeInteger(minor) ? minor : null;
}

/** The comma stands between brands; one in a name is written `\\,`. */
const commaless = (brand: string): string => brand.replaceAll(',', '\\,');

/** The path of the API that answers it. */
export function searchPath(question: Question): string {
  const { currency } = question;
  const [priceMin, priceMax] = [minorOf(question.priceFrom, currency), minorOf(question.priceTo, currency)];
  const query = new URLSearchParams({
    ...(question.q !== '' && { q: question.q }),
    ...(question.category !== '' && { category: question.category }),
    ...(question.brands.length > 0 && { brand: question.brands.map(commaless).join(',') }),
    ...(priceMin !== null && { priceMin: String(priceMin) }),
    ...(priceMax !== null && { priceMax: String(priceMax) }),
    ...(currency !== currencyDefault && { currency }),
    ...(question.rating !== null && { ratingMin: question.rating }),
    ...(question.isInStock && { inStock: 'true' }),
    ...Object.fromEntries(parametersOf(question.attributes)),
    ...(question.sort !== 'relevance' && { sort: question.sort }),
    limit: String(resultsMax),
  });
  return `/v1/search?${query}`;
}

/** The address of the page that shows it. */
export function searchHref(question: Question): string {
  const query = new URLSearchParams();
  if (question.q !== '') query.set('q', question.q);
  if (question.category !== '') query.set('category', question.category);
  for (const brand of question.brands) query.append('brand', brand);
  if (question.priceFrom !== '') query.set('from', question.priceFrom);
  if (question.priceTo !== '') query.set('to', question.priceTo);
  if (question.currency !== currencyDefault) query.set('currency', question.currency);
  if (question.rating !== null) query.set('rating', question.rating);
  if (question.isInStock) query.set('inStock', '1');
  for (const [parameter, value] of parametersOf(question.attributes)) query.set(parameter, value);
  if (question.sort !== 'relevance') query.set('sort', question.sort);
  return query.size === 0 ? '/search' : `/search?${query}`;
}

/** The same without filters. */
export function unfiltered({ q, sort, currency }: Question): Question {
  return {
    ...{ q, sort, currency, category: '', brands: [] },
    ...{ priceFrom: '', priceTo: '', rating: null, isInStock: false, attributes: {} },
  };
}

/** For forms, which send what they hold. */
export function hiddenFields({ attributes }: Question): readonly (readonly [name: string, value: string])[] {
  return parametersOf(attributes);
}

/** With the value when it was not among them, else without. */
export function toggled(values: readonly string[], value: string): readonly string[] {
  return values.includes(value) ? values.filter((each) => each !== value) : [...values, value];
}
