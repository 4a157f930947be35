/** A product as rows, and as it is shown. Reading only; `writing.ts` writes. */
import type { Query } from '../../persistence/database.ts';
import type { Money } from '../../protocol/money.ts';
import { imageOf, type StoredImage } from './image-store.ts';
import type { Image, Product, ProductStatus, Variant } from './schemas.ts';

/** Of the table `products AS p`: whether anybody may see the product. An index of a list has the same condition. */
export const isPublic = 'p.is_public';

interface VariantRow extends Money {
  readonly sku: string;
  readonly options: Variant['options'];
  readonly compareAt: number | null;
  readonly prices: readonly Money[];
  readonly weightGrams: number;
  readonly images: string[];
  readonly threshold: number;
  readonly available: number;
}

export interface ProductRow {
  readonly product_id: string;
  readonly seller_id: string;
  readonly seller_name: string | null;
  readonly title: string;
  readonly description: string;
  readonly brand: string;
  readonly category_id: string;
  readonly category: string;
  readonly tags: string[];
  readonly attributes: Product['attributes'];
  readonly status: ProductStatus;
  readonly is_public: boolean;
  readonly images: readonly StoredImage[];
  readonly price_amount: string;
  readonly currency: string;
  readonly rating: string;
  readonly rating_count: number;
  readonly version: number;
  readonly created_at: Date;
  readonly updated_at: Date;
  /** Of a listing that an administrator has taken down, null of any other. */
  readonly rejection: { readonly reason: string; readonly at: string } | null;
  readonly change_seq: number;
  readonly change_hash: string | null;
  readonly variants: readonly VariantRow[];
}

/** A SKU whose stock has no row yet was put in a moment ago, or is not for sale yet. */
const available = `coalesce(s.on_hand - s.held - s.sold - coalesce(s.allotted, 0), v.initial_stock)`;

const rowsText = `SELECT p.product_id, p.seller_id, a.name AS seller_name, p.title, p.description, p.brand,
    p.category_id, c.path AS category, p.tags, p.attributes, p.status, p.is_public, p.images, p.price_amount, p.currency, p.rating,
    p.rating_count, p.version, p.created_at, p.updated_at, p.change_seq, p.change_hash,
    CASE WHEN p.status = 'archived' THEN (SELECT json_build_object('reason', r.rejection_reason, 'at', r.rejected_at)
      FROM listing_reviews r WHERE r.product_id = p.product_id AND r.state = 'rejected') END AS rejection,
    (SELECT coalesce(json_agg(json_build_object('sku', v.sku, 'options', v.options, 'amount', v.price_amount,
       'currency', v.currency, 'compareAt', v.compare_at_amount, 'prices', v.prices, 'weightGrams', v.weight_grams, 'images', v.images,
       'threshold', v.low_stock_threshold, 'available', ${available}) ORDER BY v.position), '[]')
     FROM variants v LEFT JOIN stock_levels s ON s.sku = v.sku
     WHERE v.product_id = p.product_id AND NOT v.is_removed) AS variants
  FROM products p JOIN categories c ON c.category_id = p.category_id JOIN accounts a ON a.account_id = p.seller_id
  WHERE p.product_id = ANY($1)`;

/** In the order of the ids; what there is not is left out. */
export async function readRows(query: Query, productIds: readonly string[]): Promise<ProductRow[]> {
  if (productIds.length === 0) return [];
  const rows = await query<ProductRow>(rowsText, [productIds], 'catalog_rows');
  const byId = new Map(rows.map((row) => [row.product_id, row]));
  return productIds.flatMap((productId) => byId.get(productId) ?? []);
}

/** `forOwner`: with what only the owner is shown. */
export function fromRow(row: ProductRow, forOwner = false): Product {
  const { seller_id: sellerId, currency } = row;
  const images = row.images.map((stored) => imageOf(row.product_id, stored));
  return {
    productId: row.product_id,
    sellerId,
    seller: { sellerId, name: row.seller_name ?? '', ratingAvg: null },
    title: row.title,
    description: row.description,
    brand: row.brand,
    category: row.category,
    tags: row.tags,
    attributes: row.attributes,
    status: row.status,
    images,
    variants: row.variants.map((variant) => variantOf(variant, images, forOwner)),
    priceFrom: { amount: Number(row.price_amount), currency },
    ratingAvg: row.rating_count === 0 ? null : Number(row.rating),
    reviewCount: row.rating_count,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    version: row.version,
    ...(forOwner &&
      row.rejection !== null && {
        rejection: { reason: row.rejection.reason, at: new Date(row.rejection.at).toISOString() },
      }),
  };
}

function variantOf(row: VariantRow, images: readonly Image[], forOwner: boolean): Variant {
  const { sku, options, amount, currency, compareAt } = row;
  const left = Math.max(0, row.available);
  const isLow = left <= row.threshold;
  return {
    sku,
    options,
    price: { amount, currency },
    ...(compareAt !== null && { compareAtPrice: { amount: compareAt, currency } }),
    ...(row.prices.length > 0 && { prices: [...row.prices] }),
    ...(row.weightGrams > 0 && { weightGrams: row.weightGrams }),
    // One that the product has lost is no image of a variant either.
    images: row.images.filter((id) => images.some(({ imageId }) => imageId === id)),
    inStock: left > 0,
    stockLevel: left === 0 ? 'none' : isLow ? 'low' : 'high',
    ...(isLow && { left }),
    ...(forOwner && { available: row.available }),
  };
}
