/**
 * A listing as a seller types it: texts that become the fields of a product, and back.
 *
 * What is sent is what was changed. A field that nobody touched follows the product; one that was touched stays as it was
 * typed, whatever the product has become meanwhile.
 */
import type { Product } from '../../market/catalog/schemas.ts';
import { digitsOf } from '../format.ts';
import { listingWords } from '../words-listing.ts';

export interface AttributeFields {
  readonly name: string;
  readonly value: string;
}

export interface VariantFields {
  readonly sku: string;
  readonly options: string;
  readonly price: string;
  readonly compareAt: string;
  /** Only of a new one. */
  readonly stock: string;
  /** Ids of the images that show it. */
  readonly images: readonly string[];
}
export type VariantText = Exclude<keyof VariantFields, 'images'>;

export interface ListingFields {
  readonly title: string;
  readonly description: string;
  readonly brand: string;
  readonly category: string;
  readonly tags: string;
  readonly currency: string;
  readonly attributes: readonly AttributeFields[];
  readonly variants: readonly VariantFields[];
}

export type TextField = Exclude<keyof ListingFields, 'attributes' | 'variants'>;
/** What is wrong, by the name of a field: `title`, `attributes`, `variants/0/price`. */
export type ListingProblems = Readonly<Record<string, string>>;

export const emptyVariant: VariantFields = {
  ...{ sku: '', options: '', price: '', compareAt: '', stock: '' },
  images: [],
};

export const emptyListing: ListingFields = {
  ...{ title: '', description: '', brand: '', category: '', tags: '', currency: 'USD' },
  ...{ attributes: [], variants: [emptyVariant] },
};

// ---------------------------------------------------------------- texts and values

const separator = '; ';

function optionsText(options: Readonly<Record<string, string>>): string {
  return Object.entries(options)
    .map(([name, value]) => `${name}: ${value}`)
    .join(separator);
}

/** null: not written as names and values. */
function optionsOf(text: string): Record<string, string> | null {
  const options: Record<string, string> = {};
  for (const part of text.split(';')) {
    if (part.trim() === '') continue;
    const colon = part.indexOf(':');
    const [name, value] = [part.slice(0, colon).trim(), part.slice(colon + 1).trim()];
    if (colon < 0 || name === '' || value === '' || Object.hasOwn(options, name)) return null;
    options[name] = value;
  }
  return options;
}

function amountText(amount: number, currency: string): string {
  const digits = digitsOf(currency);
  return (amount / 10 ** digits).toFixed(digits);
}

/** In the currency's smallest unit; null: no amount of it. */
function amountOf(text: string, currency: string): number | null {
  const digits = digitsOf(currency);
  const match = /^[^\d.-]{0,3}(\d{1,10})(?:\.(\d+))?$/.exec(text.replaceAll(/[,\s]/g, ''));
  if (match === null || (match[2]?.length ?? 0) > digits) return null;
  return Number(match[1]! + (match[2] ?? '').padEnd(digits, '0'));
}

function tagsOf(text: string): string[] {
  const tags = text.split(',').map((tag) => tag.trim().toLowerCase());
  return [...new Set(tags.filter(Boolean))];
}

/** Whether the browser knows the currency: what it does not know it cannot write. */
function isCurrency(code: string): boolean {
  if (!/^[A-Z]{3}$/.test(code)) return false;
  try {
    return digitsOf(code) >= 0;
  } catch {
    return false;
  }
}

export function fieldsOf(product: Product): ListingFields {
  const { currency } = product.variants[0]!.price;
  return {
    ...{ title: product.title, description: product.description, brand: product.brand },
    ...{ category: product.category, tags: product.tags.join(', '), currency },
    attributes: Object.entries(product.attributes).map(([name, value]) => ({ name, value: String(value) })),
    variants: product.variants.map(({ sku, options, price, compareAtPrice, images }) => ({
      ...{ sku, options: optionsText(options), stock: '' },
      price: amountText(price.amount, price.currency),
      compareAt:
        compareAtPrice === undefined ? '' : amountText(compareAtPrice.amount, compareAtPrice.currency),
      images,
    })),
  };
}

// ---------------------------------------------------------------- what can be said without asking the API

/** `isNew`: variants have stock. */
export function problemsOf(fields: ListingFields, isNew: boolean): ListingProblems {
  const { needed } = listingWords;
  const problems: Record<string, string> = {};
  if (fields.title.trim() === '') problems.title = needed.title;
  if (fields.category.trim() === '') problems.category = needed.category;
  if (!isCurrency(fields.currency.trim())) problems.currency = needed.currency;
  const tags = tagsOf(fields.tags);
  if (tags.length > 20 || tags.some((tag) => tag.length > 50)) problems.tags = needed.tags;
  const names = fields.attributes.map(({ name }) => name.trim());
  const isWhole = fields.attributes.every(({ name, value }) => name.trim() !== '' && value.trim() !== '');
  if (!isWhole || new Set(names).size !== names.length) problems.attributes = needed.attribute;
  const currency = problems.currency ? 'USD' : fields.currency.trim();
  for (const [i, variant] of fields.variants.entries())
    for (const [name, problem] of Object.entries(variantProblems(variant, currency, isNew)))
      problems[`variants/${i}/${name}`] = problem;
  return problems;
}

export function variantProblems(
  { sku, options, price, compareAt, stock }: VariantFields,
  currency: string,
  isNew: boolean,
): ListingProblems {
  const { needed } = listingWords;
  const problems: Record<string, string> = {};
  if (sku.trim() === '') problems.sku = needed.sku;
  if (optionsOf(options) === null) problems.options = needed.options;
  if (amountOf(price, currency) === null) problems.price = needed.price;
  if (compareAt.trim() !== '' && amountOf(compareAt, currency) === null) problems.compareAt = needed.price;
  if (isNew && !/^\d{1,9}$/.test(stock.trim())) problems.stock = needed.stock;
  return problems;
}

// ---------------------------------------------------------------- what is sent

export function newVariantOf(fields: VariantFields, currency: string) {
  const compareAt = amountOf(fields.compareAt, currency);
  return {
    ...{ sku: fields.sku.trim(), options: optionsOf(fields.options) ?? {} },
    price: { amount: amountOf(fields.price, currency), currency },
    ...(compareAt === null ? {} : { compareAtPrice: { amount: compareAt, currency } }),
    stock: Number(fields.stock),
  };
}

function attributesOf(fields: ListingFields, before: Product['attributes']): Product['attributes'] {
  return Object.fromEntries(
    fields.attributes.map(({ name, value }) => {
      const known = before[name.trim()];
      // A number or a truth that nobody touched stays one.
      return [name.trim(), known !== undefined && String(known) === value ? known : value.trim()];
    }),
  );
}

export function newListing(fields: ListingFields, status: 'draft' | 'active'): object {
  const currency = fields.currency.trim();
  return {
    ...{ title: fields.title.trim(), description: fields.description, brand: fields.brand.trim() },
    ...{ category: fields.category.trim(), tags: tagsOf(fields.tags), status },
    attributes: attributesOf(fields, {}),
    variants: fields.variants.map((variant) => newVariantOf(variant, currency)),
  };
}

/** What of the product is another one now; null: nothing. `skus`: the variants in it, in their order. */
export function changeOf(
  base: Product,
  fields: ListingFields,
): { readonly body: object; readonly skus: readonly string[] } | null {
  const before = fieldsOf(base);
  const body: Record<string, unknown> = {};
  for (const name of ['title', 'description', 'brand', 'category'] as const)
    if (fields[name] !== before[name]) body[name] = fields[name].trim();
  if (fields.tags !== before.tags) body.tags = tagsOf(fields.tags);
  if (!isSame(fields.attributes, before.attributes)) body.attributes = attributesOf(fields, base.attributes);
  const currency = fields.currency.trim();
  const changed = fields.variants.flatMap((variant, i) => {
    const was = before.variants[i]!;
    if (currency === before.currency && isSame(variant, was)) return [];
    const compareAt = amountOf(variant.compareAt, currency);
    const isPriced = currency !== before.currency || variant.price !== was.price;
    const isCompared = currency !== before.currency || variant.compareAt !== was.compareAt;
    return {
      sku: was.sku,
      ...(variant.options === was.options ? {} : { options: optionsOf(variant.options) ?? {} }),
      ...(isPriced ? { price: { amount: amountOf(variant.price, currency), currency } } : {}),
      ...(isCompared ? { compareAtPrice: compareAt === null ? null : { amount: compareAt, currency } } : {}),
      ...(isSame(variant.images, was.images) ? {} : { images: variant.images }),
    };
  });
  if (changed.length > 0) body.variants = changed;
  return Object.keys(body).length === 0 ? null : { body, skus: changed.map(({ sku }) => sku) };
}

/** What was typed over what the product is now. Variants that came or went are as the product has them. */
export function rebased(fields: ListingFields, before: Product, now: Product): ListingFields {
  const [was, is] = [fieldsOf(before), fieldsOf(now)];
  const kept = <Name extends keyof ListingFields>(name: Name): ListingFields[Name] =>
    isSame(fields[name], was[name]) ? is[name] : fields[name];
  const typed = new Map(fields.variants.map((variant, i) => [was.variants[i]?.sku, { variant, i }]));
  const isThere = (image: string) => now.images.some(({ imageId }) => imageId === image);
  return {
    ...{ title: kept('title'), description: kept('description'), brand: kept('brand') },
    ...{ category: kept('category'), tags: kept('tags'), currency: kept('currency') },
    attributes: kept('attributes'),
    variants: is.variants.map((variant) => {
      const known = typed.get(variant.sku);
      if (known === undefined || isSame(known.variant, was.variants[known.i])) return variant;
      // What an earlier version of this page has kept says nothing of images.
      const { images } = { ...variant, ...known.variant };
      return { ...known.variant, images: images.filter(isThere) };
    }),
  };
}

/** What the seller says of the whole, without its variants and what moves by itself. */
export function isSameListing(a: Product, b: Product): boolean {
  const about = (product: Product) => ({ ...fieldsOf(product), variants: [], status: product.status });
  return isSame(about(a), about(b));
}

export function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

// ---------------------------------------------------------------- what the API says, at the fields that it means

const variantPart: Readonly<Record<string, string>> = { compareAtPrice: 'compareAt' };

/** `/variants/0/price/amount` of a request as `variants/2/price` of the form; null: no field of the form. */
export function fieldAt(pointer: string, indexOf: (sent: number) => number): string | null {
  const [, name = '', index, part = 'sku'] = pointer.split('/');
  if (name === 'variants' && index !== undefined)
    return `variants/${indexOf(Number(index))}/${variantPart[part] ?? part}`;
  return name in emptyListing ? name : null;
}
