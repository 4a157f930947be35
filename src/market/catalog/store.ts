/**
 * The catalogue: products and their variants. What is for sale and how many is the sku actors' business; this table
 * says what a product is, and `registration.ts` sends it to the actors.
 *
 * 1. A SKU belongs to one product for ever; a deleted product is archived and keeps its SKUs, a removed variant too.
 * 2. A row is written before its actor is asked, and says what the actor does not know yet, so that a crash in between
 *    is mended by asking again.
 * 3. Creating is repeatable under one product id.
 */
import { type Identity, perGateway } from '../../gateway/route.ts';
import { limitDefault } from '../../gateway/schemas.ts';
import type { Database, Query } from '../../persistence/database.ts';
import { appendToFeed } from '../../persistence/feed.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { recordAction } from '../audit/store.ts';
import { shownPagesOf } from '../categories/shown-index.ts';
import { lockActive } from '../sellers/store.ts';
import { type Actor, actorOf } from './change-store.ts';
import { checkPrices, checkVariants } from './checks.ts';
import { imageOf, type StoredImage } from './image-store.ts';
import { countListed, type Listing, listByCursor, listByPage } from './listing.ts';
import { Registration } from './registration.ts';
import { fromRow, type ProductRow, readRows } from './rows.ts';
import {
  type NewProduct,
  type NewVariant,
  type Product,
  type ProductChange,
  type ProductPage,
  type VariantChange,
  variantsMax,
} from './schemas.ts';
import {
  insertProduct,
  insertVariants,
  readRow,
  removeVariant,
  settle,
  skuTaken,
  touch,
  updateProduct,
} from './writing.ts';

const notFound = () => new DoorbusterError('not_found', 'No such product');

/** What a SKU is called wherever it is shown outside the catalogue. */
export interface CatalogueEntry {
  readonly productId: string;
  readonly title: string;
  readonly imageUrl: string | null;
}

interface EntryRow extends Omit<CatalogueEntry, 'imageUrl'> {
  readonly sku: string;
  readonly image: StoredImage | null;
}

/** A change of somebody's product: whose it must be, and which version of it. */
export interface Claim {
  readonly productId: string;
  readonly identity: Identity;
  /** null: whatever the version. */
  readonly versions: readonly string[] | null;
}

export class Catalog {
  readonly #database: Database;
  readonly #registration: Registration;
  readonly #onChange: (productId: string) => void;

  /** `onChange` hears of a change once it is committed. */
  constructor(
    database: Database,
    registration: Registration,
    onChange: (productId: string) => void = () => {},
  ) {
    this.#database = database;
    this.#registration = registration;
    this.#onChange = onChange;
  }

  /** Refuses with `sku_taken` {sku}, `validation_failed`, `busy` (its SKUs are registered later: repeat with the same id). */
  async create(identity: Identity, productId: string, product: NewProduct): Promise<Product> {
    checkVariants(product.variants);
    checkPrices(product.variants);
    const sellerId = identity.accountId;
    const actor = actorOf(identity, sellerId);
    await this.#database.transaction(async (query) => {
      await lockActive(query, sellerId);
      await insertProduct(query, actor, sellerId, productId, product);
    });
    this.#onChange(productId);
    const { isCurrent, refused } = await this.#registration.register(productId);
    if (refused !== null) {
      // The SKU has an actor but no row, because the tables are older than the journal. The actor decides.
      await this.#database.transaction(async (query) => {
        await query('DELETE FROM products WHERE product_id = $1', [productId]);
        await appendToFeed(query, { topic: 'item', key: productId, type: 'ItemUpdated', body: {} });
      });
      this.#onChange(productId);
      throw skuTaken(refused);
    }
    if (!isCurrent) {
      throw new DoorbusterError(
        'busy',
        'The SKUs are not registered yet: repeat with the same Idempotency-Key',
      );
    }
    return this.#shown(productId);
  }

  /** As its owner or an admin is shown it. */
  async #shown(productId: string): Promise<Product> {
    return fromRow(await readRow(this.#database.query, productId), true);
  }

  /** `identity` sees its own whatever its status; an admin sees all. Refuses with `not_found`. */
  async read(productId: string, identity: Identity | null): Promise<{ product: Product; isOwn: boolean }> {
    const row = await readRow(this.#database.query, productId);
    const isOwn = identity !== null && isOwner(identity, row);
    if (!isOwn && !row.is_public) throw notFound();
    return { product: fromRow(row, isOwn), isOwn };
  }

  /** By SKU; also of what was taken out of the catalogue since. */
  async entriesOf(skus: readonly string[]): Promise<Map<string, CatalogueEntry>> {
    const rows = await this.#database.query<EntryRow>(
      `SELECT v.sku, p.product_id AS "productId", p.title, p.images->0 AS image
       FROM variants v JOIN products p ON p.product_id = v.product_id WHERE v.sku = ANY($1)`,
      [skus],
    );
    return new Map(
      rows.map(({ sku, productId, title, image }) => [
        sku,
        { productId, title, imageUrl: image === null ? null : imageOf(productId, image).thumbnailUrl },
      ]),
    );
  }

  /** Refuses with `not_found`, `stale_version`, `validation_failed`, `wrong_state`. */
  async change(claim: Claim, change: ProductChange): Promise<Product> {
    const mustRegister = await this.#locked(claim, (query, row, actor) =>
      updateProduct(query, actor, row, change),
    );
    if (mustRegister) await this.#sendChange(claim.productId);
    return this.#shown(claim.productId);
  }

  async archive(claim: Claim): Promise<void> {
    await this.#locked(claim, async (query, row, actor) => {
      if (row.status === 'archived') throw notFound();
      return updateProduct(query, actor, row, { status: 'archived' });
    });
    await this.#sendChange(claim.productId);
  }

  /** Those of a product that the claim allows to be changed. Refuses as a change does. */
  imagesOf(claim: Claim): Promise<readonly StoredImage[]> {
    return this.#claimed(claim, async (_, row) => row.images);
  }

  /**
   * `revise` answers with the images as they are to be, or null when that is as they are. Refuses with `not_found`,
   * `stale_version`, and whatever `revise` throws.
   */
  changeImages(
    claim: Claim,
    revise: (images: readonly StoredImage[]) => readonly StoredImage[] | null,
  ): Promise<readonly StoredImage[]> {
    return this.#locked(claim, async (query, row, actor) => {
      const images = revise(row.images);
      if (images === null) return row.images;
      await query('UPDATE products SET images = $2 WHERE product_id = $1', [
        row.product_id,
        JSON.stringify(images),
      ]);
      await touch(query, actor, row.product_id, 'images');
      return images;
    });
  }

  /** Refuses with `not_found`, `stale_version`, `sku_taken` {sku}, `validation_failed`. */
  async addVariant(claim: Claim, variant: NewVariant): Promise<Product> {
    const { productId } = claim;
    await this.#locked(claim, async (query, row, actor) => {
      checkVariants([variant], row.currency, () => '');
      checkPrices([variant], () => '');
      if (row.variants.length >= variantsMax)
        throw new DoorbusterError('validation_failed', `A product has at most ${variantsMax} variants`);
      const [last] = await query<{ position: number }>(
        'SELECT max(position) AS position FROM variants WHERE product_id = $1',
        [productId],
      );
      await insertVariants(query, productId, [variant], last!.position + 1, row.status);
      await settle(query, productId);
      await touch(query, actor, productId, 'variants');
    });
    const refused = await this.#sendChange(productId);
    if (refused === variant.sku) {
      await this.#locked({ ...claim, versions: null }, async (query, _, actor) => {
        await query('DELETE FROM price_history WHERE sku = $1', [variant.sku]);
        await query('DELETE FROM variants WHERE sku = $1', [variant.sku]);
        await settle(query, productId);
        await touch(query, actor, productId, 'variants');
      });
      throw skuTaken(refused);
    }
    return this.#shown(productId);
  }

  /** Refuses with `not_found`, `stale_version`, `validation_failed`. */
  async changeVariant(claim: Claim, sku: string, change: VariantChange): Promise<Product> {
    const mustRegister = await this.#locked(claim, (query, row, actor) => {
      if (!row.variants.some((variant) => variant.sku === sku)) throw notFound();
      return updateProduct(query, actor, row, { variants: [{ sku, ...change }] }, () => '');
    });
    if (mustRegister) await this.#sendChange(claim.productId);
    return this.#shown(claim.productId);
  }

  /**
   * Refuses with `not_found`, `stale_version`, `wrong_state` (it is the last one), `variant_in_use` while units of it
   * are held or a sale is not over, `busy`.
   */
  async removeVariant(claim: Claim, sku: string): Promise<void> {
    const { productId } = claim;
    await this.#locked(claim, async (query, row, actor) => {
      if (!row.variants.some((variant) => variant.sku === sku)) throw notFound();
      if (row.variants.length === 1)
        throw new DoorbusterError('wrong_state', 'A product keeps one variant: take the product out instead');
      if (await this.#registration.isInUse(query, sku))
        throw new DoorbusterError('variant_in_use', 'Units are held, or a sale of it is not over', { sku });
      await removeVariant(query, productId, sku);
      await touch(query, actor, productId, 'variants');
    });
    await this.#sendChange(productId);
  }

  /** Sent now when that works, else by the next round of the noun's job: the change itself is done. */
  async #sendChange(productId: string): Promise<string | null> {
    try {
      return (await this.#registration.register(productId)).refused;
    } catch (error) {
      if (!(error instanceof DoorbusterError)) throw error;
      return null;
    }
  }

  /** Locks the product's row for the owner's change. */
  async #locked<Result>(
    claim: Claim,
    work: (query: Query, row: ProductRow, actor: Actor) => Promise<Result>,
  ): Promise<Result> {
    const result = await this.#claimed(claim, work);
    this.#onChange(claim.productId);
    return result;
  }

  #claimed<Result>(
    { productId, identity, versions }: Claim,
    work: (query: Query, row: ProductRow, actor: Actor) => Promise<Result>,
  ): Promise<Result> {
    return this.#database.transaction(async (query) => {
      await query('SELECT 1 FROM products WHERE product_id = $1 FOR UPDATE', [productId]);
      const row = await readRow(query, productId);
      if (!isOwner(identity, row)) throw notFound();
      if (versions !== null && !versions.some((version) => Number(version.split('.', 1)[0]) === row.version))
        throw new DoorbusterError('stale_version', `The product is at version ${row.version}`, {
          version: row.version,
        });
      const done = await work(query, row, actorOf(identity, row.seller_id));
      if (identity.accountId !== row.seller_id) await recordDeputy(query, identity, productId);
      return done;
    });
  }

  /** Others have changed the product, in a transaction that is over. */
  async changed(productId: string): Promise<void> {
    this.#onChange(productId);
    await this.#sendChange(productId);
  }
}

/** An admin's change of a seller's product. */
function recordDeputy(query: Query, { accountId }: Identity, target: string): Promise<void> {
  return recordAction(query, { actor: { accountId, role: 'admin' }, action: 'product.changed', target });
}

/** Admins act for every seller. */
function isOwner({ accountId, roles }: Identity, row: ProductRow): boolean {
  return roles.includes('admin') || accountId === row.seller_id;
}

export const catalogOf = perGateway((services) => {
  const { database, ask, log } = services;
  const pages = shownPagesOf(services);
  return new Catalog(database, new Registration(database, ask, log), (productId) => pages.forget(productId));
});

/** In this order; those that there are not, or that are not public, are left out. `forOwner`: whatever their status. */
export async function summariesOf(
  query: Query,
  productIds: readonly string[],
  forOwner = false,
): Promise<Product[]> {
  const rows = await readRows(query, productIds);
  return rows.filter((row) => forOwner || row.is_public).map((row) => fromRow(row, forOwner));
}

/** `forOwner`: whoever asks owns all of them. Refuses with `validation_failed`. */
export async function pageOfProducts(query: Query, listing: Listing, forOwner = false): Promise<ProductPage> {
  const { page, limit = limitDefault } = listing;
  const shown = (rows: readonly ProductRow[]) => rows.map((row) => fromRow(row, forOwner));
  if (page === undefined) {
    const { rows, nextCursor } = await listByCursor(query, listing);
    return { items: shown(rows), nextCursor };
  }
  const [rows, total] = await Promise.all([listByPage(query, listing, page), countListed(query, listing)]);
  return { items: shown(rows), total, page, totalPages: Math.ceil(total / limit) };
}

/** What a seller has listed, by id and title. */
export async function listTitlesOf(query: Query, sellerId: string, limit: number) {
  const rows = await query<{ product_id: string; title: string }>(
    'SELECT product_id, title FROM products WHERE seller_id = $1 ORDER BY product_id LIMIT $2',
    [sellerId, limit],
  );
  return rows.map(({ product_id: productId, title }) => ({ productId, title }));
}
