/**
 * Products of a seller in memory, as they are and as an import wants them: each line is applied to what the lines
 * before it left, and in the end is known what is to be written.
 */
import { isDeepStrictEqual } from 'node:util';
import { invalid, newId } from '../../gateway/handling.ts';
import { checkPrices, checkVariants, normaliseTags } from './checks.ts';
import { keptImages, type StoredImage } from './image-store.ts';
import type { ProductRow } from './rows.ts';
import { type NewProduct, type NewVariant, type ProductStatus, variantsMax } from './schemas.ts';
import { skuTaken } from './writing.ts';

/** A new product's body; of one that is there already the status may be any that it has, and the stock says nothing. */
export interface BulkProduct extends Omit<NewProduct, 'status' | 'variants'> {
  readonly status?: ProductStatus;
  readonly variants: readonly BulkVariant[];
  /** A SKU of the product that a new variant is put into; of one that is there already it may only say where it is. */
  readonly variantOf?: string;
}

type BulkVariant = Omit<NewVariant, 'stock'> & { readonly stock?: number };

export type BulkOutcome = 'created' | 'updated' | 'unchanged';

/** What the tables say. */
export interface Known {
  /** By SKU; null: not this seller's to change, or taken out of its product. */
  readonly productIdBySku: ReadonlyMap<string, string | null>;
  readonly rows: readonly (ProductRow & { readonly categoryId: string })[];
}

interface Content {
  readonly title: string;
  readonly description: string;
  readonly brand: string;
  readonly categoryId: string;
  readonly tags: readonly string[];
  readonly attributes: ProductRow['attributes'];
  readonly images: readonly StoredImage[];
  readonly status: ProductStatus;
}

interface DraftVariant {
  readonly sku: string;
  readonly options: ProductRow['variants'][number]['options'];
  readonly amount: number;
  readonly currency: string;
  readonly compareAt: number | null;
  readonly prices: ProductRow['variants'][number]['prices'];
  readonly weightGrams: number;
  readonly images: readonly string[];
  /** Of a SKU that is not in the tables. */
  readonly stock: number | null;
}

export interface Draft {
  readonly productId: string;
  readonly isNew: boolean;
  content: Content;
  variants: readonly DraftVariant[];
  /** What the product shows that has changed. */
  readonly fields: Set<string>;
  /** SKUs whose actors are to be sent another price; with another title or status, all are. */
  readonly stale: Set<string>;
}

export class Drafts {
  readonly #draftById = new Map<string, Draft>();
  readonly #idBySku: Map<string, string | null>;

  constructor({ productIdBySku, rows }: Known) {
    this.#idBySku = new Map(productIdBySku);
    for (const row of rows) this.#draftById.set(row.product_id, draftFrom(row));
  }

  changed(): Draft[] {
    return [...this.#draftById.values()].filter(({ isNew, fields }) => isNew || fields.size > 0);
  }

  apply(product: BulkProduct, categoryId: string): BulkOutcome {
    checkVariants(product.variants);
    checkPrices(product.variants);
    const ids = new Set(this.#groupOf(product));
    for (const { sku } of product.variants) {
      const id = this.#idBySku.get(sku);
      if (id === null) throw skuTaken(sku);
      if (id !== undefined) ids.add(id);
    }
    if (ids.size > 1) invalid('/variants', 'must be of one product');
    const [known] = ids;
    const draft = known === undefined ? this.#create(product, categoryId) : this.#draftById.get(known)!;
    const isChanged = known !== undefined && change(draft, product, categoryId);
    for (const { sku } of product.variants) this.#idBySku.set(sku, draft.productId);
    return known === undefined ? 'created' : isChanged ? 'updated' : 'unchanged';
  }

  /** The id of the product that it names; none where it names itself, which begins one. */
  #groupOf({ variantOf, variants }: BulkProduct): string[] {
    if (variantOf === undefined || variants.some(({ sku }) => sku === variantOf)) return [];
    const id = this.#idBySku.get(variantOf);
    return [
      id ?? invalid('/variantOf', 'must be a SKU of yours, that is there or on a line before this one'),
    ];
  }

  #create(product: BulkProduct, categoryId: string): Draft {
    const productId = newId('product');
    const draft = {
      productId,
      isNew: true,
      content: contentOf(productId, product, categoryId, {
        ...{ title: '', description: '', brand: '', categoryId, tags: [], attributes: {}, images: [] },
        status: 'active',
      }),
      variants: product.variants.map(newVariant),
      fields: new Set(Object.keys(product).filter((name) => name !== 'variantOf')),
      stale: new Set<string>(),
    };
    this.#draftById.set(draft.productId, draft);
    return draft;
  }
}

function draftFrom(row: ProductRow & { readonly categoryId: string }): Draft {
  const { title, description, brand, categoryId, tags, attributes, images, status } = row;
  return {
    productId: row.product_id,
    isNew: false,
    content: { title, description, brand, categoryId, tags, attributes, images, status },
    variants: row.variants.map(({ sku, options, amount, currency, compareAt, images: shown, ...more }) => ({
      ...{ sku, options, amount, currency, compareAt, images: shown, stock: null },
      ...{ prices: more.prices, weightGrams: more.weightGrams },
    })),
    fields: new Set(),
    stale: new Set(),
  };
}

function contentOf(productId: string, product: BulkProduct, categoryId: string, before: Content): Content {
  return {
    title: product.title,
    description: product.description ?? before.description,
    brand: product.brand ?? before.brand,
    categoryId,
    tags: product.tags === undefined ? before.tags : normaliseTags(product.tags),
    attributes: product.attributes ?? before.attributes,
    images:
      product.images === undefined ? before.images : keptImages(productId, before.images, product.images),
    status: product.status ?? before.status,
  };
}

function newVariant(variant: BulkVariant, i: number): DraftVariant {
  const {
    sku,
    options = {},
    price,
    compareAtPrice,
    prices = [],
    weightGrams = 0,
    images = [],
    stock,
  } = variant;
  if (stock === undefined) return invalid(`/variants/${i}/stock`, 'is required');
  const compareAt = compareAtPrice?.amount ?? null;
  return { sku, options, ...price, compareAt, prices, weightGrams, images, stock };
}

/** Whether the line says anything new. Refuses without a change. */
function change(draft: Draft, product: BulkProduct, categoryId: string): boolean {
  const before = draft.content;
  const after = contentOf(draft.productId, product, categoryId, before);
  const status = statusAfter(before.status, after.status);
  const variants = variantsAfter(draft.variants, product.variants);
  const fields = (Object.keys(before) as (keyof Content)[]).filter(
    (name) => name !== 'status' && !isDeepStrictEqual(before[name], after[name]),
  );
  const isOther = variants.some((variant, i) => !isDeepStrictEqual(variant, draft.variants[i]));
  if (fields.length === 0 && status === before.status && !isOther) return false;
  for (const name of fields) draft.fields.add(name === 'categoryId' ? 'category' : name);
  if (status !== before.status) draft.fields.add('status');
  if (isOther) draft.fields.add('variants');
  const isToldToAll = after.title !== before.title || status !== before.status;
  for (const [i, { sku, amount, currency }] of variants.entries()) {
    const was = draft.variants[i];
    if (was !== undefined && (isToldToAll || was.amount !== amount || was.currency !== currency))
      draft.stale.add(sku);
  }
  draft.content = { ...after, status };
  draft.variants = variants;
  return true;
}

/** A listing that is held waits for an administrator, who alone holds one: a file does not put it up. */
function statusAfter(before: ProductStatus, after: ProductStatus): ProductStatus {
  if (before === 'held') return after === 'active' ? before : after;
  if (after === 'held') return invalid('/status', 'must be draft, active or archived');
  return after;
}

/** Those that are there, with their changes, and behind them new ones. */
function variantsAfter(
  before: readonly DraftVariant[],
  changes: readonly BulkVariant[],
): readonly DraftVariant[] {
  const bySku = new Map(changes.map((variant) => [variant.sku, variant]));
  const after = before.map((variant) => {
    const given = bySku.get(variant.sku);
    bySku.delete(variant.sku);
    if (given === undefined) return variant;
    const kept = given.price.currency === variant.currency ? variant.compareAt : null;
    return {
      ...variant,
      ...given.price,
      options: given.options ?? variant.options,
      compareAt: given.compareAtPrice?.amount ?? kept,
      prices: given.prices ?? variant.prices,
      weightGrams: given.weightGrams ?? variant.weightGrams,
      images: given.images ?? variant.images,
    };
  });
  const added = changes.flatMap((variant, i) => (bySku.has(variant.sku) ? [newVariant(variant, i)] : []));
  const all = [...after, ...added];
  if (all.length > variantsMax) invalid('/variants', `must be at most ${variantsMax} of a product`);
  checkVariants(
    all.map(({ sku, amount, currency, prices }) => ({ sku, price: { amount, currency }, prices })),
  );
  return all;
}
