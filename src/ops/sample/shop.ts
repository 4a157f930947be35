/**
 * The sample shop of an empty data folder: a seller with some dozens of products and three drops, made through the public API
 * as any client would.
 *
 * 1. A shop in which somebody else sells is left alone: the sample is begun in an empty one only.
 * 2. A start that is killed in between is no harm: the seller's password is derived from the server's secret, so the
 *    next start signs in again and makes what is missing, each thing once.
 * 3. No start fails for want of a sample: what could not be made is told, and tried again later.
 */
import type { Pool } from 'pg';
import { deriveKey } from '../../gateway/derive-key.ts';
import type { Log } from '../../protocol/log.ts';
import { type Seller, SellerClient } from './client.ts';
import { type DropRow, hourOf, missingAtStart, missingLater, runningKind } from './drops.ts';
import { pictureUrl } from './pictures.ts';
import type { SampleProduct } from './product.ts';
import { sampleProducts } from './products.ts';

/** A sample drop that sells now. */
export interface RunningDrop {
  readonly saleId: string;
  readonly title: string;
  readonly sku: string;
}

interface SampleOptions {
  readonly pool: Pool;
  readonly baseUrl: string;
  readonly tokenSecret: string;
  readonly log: Log;
}

interface Known {
  readonly hasSeller: boolean;
  readonly isShopEmpty: boolean;
  readonly skus: ReadonlySet<string>;
  readonly drops: readonly DropRow[];
}

const renewMs = 10 * 60_000;

/** Makes the drops anew that are over, until the answer is called. */
export function renewSample(options: SampleOptions): () => void {
  // A database that is away for a moment is no harm: the next round asks again.
  const renew = () => void keepSample(options, missingLater).catch(() => {});
  const timer = setInterval(renew, renewMs);
  return () => clearInterval(timer);
}

/** Makes what is missing of the sample; answers with the sample drop that sells now, if there is one. */
export async function keepSample(
  { pool, baseUrl, tokenSecret, log }: SampleOptions,
  missing = missingAtStart,
): Promise<RunningDrop | null> {
  const seller = sellerOf(tokenSecret);
  const known = await readKnown(pool, seller.email);
  if (!known.hasSeller && !known.isShopEmpty) return null;
  const nowMs = Date.now();
  let running: RunningDrop | null = known.drops.find((drop) => runningKind.isLive(drop, nowMs)) ?? null;
  const products = sampleProducts.filter(({ variants }) => !known.skus.has(variants[0]!.sku)).toReversed();
  const kinds = missing(known.drops, nowMs);
  if (products.length + kinds.length === 0) return running;
  try {
    const client = new SellerClient(baseUrl);
    await (known.hasSeller ? client.signIn(seller) : client.register(seller));
    await createProducts(client, products);
    const hourMs = hourOf(nowMs);
    for (const kind of kinds) {
      const body = kind.body(hourMs);
      const sale = await client.create('/v1/sales', body, `sample-drop-${kind.name}-${hourMs}`);
      if (kind === runningKind)
        running = { saleId: String(sale.saleId), title: body.title, sku: body.items[0]!.sku };
    }
  } catch (error) {
    log('warn', 'the sample shop is not whole: it is tried again later', { error: String(error) });
  }
  return running;
}

const atOnce = 6;
/** Those that a visitor sees first, the newest ones, come in their order. */
const orderedMax = 12;

async function createProducts(client: SellerClient, products: readonly SampleProduct[]): Promise<void> {
  const create = ({ pictures, ...product }: SampleProduct) => {
    const body = { ...product, images: pictures.map(pictureUrl) };
    return client.create('/v1/products', body, `sample-product-${product.variants[0]!.sku}`);
  };
  const others = products.slice(0, -orderedMax);
  for (let at = 0; at < others.length; at += atOnce)
    await Promise.all(others.slice(at, at + atOnce).map(create));
  for (const product of products.slice(-orderedMax)) await create(product);
}

function sellerOf(tokenSecret: string): Seller {
  const secret = deriveKey(tokenSecret, 'sample seller').toString('hex');
  return { email: `sample-seller-${secret.slice(0, 8)}@example.com`, password: secret.slice(8) };
}

async function readKnown(pool: Pool, email: string): Promise<Known> {
  const { rows } = await pool.query<{ account_id: string | null; has_products: boolean }>(
    `SELECT (SELECT account_id FROM accounts WHERE email = $1), EXISTS (SELECT FROM products) AS has_products`,
    [email],
  );
  const { account_id: sellerId, has_products: hasProducts } = rows[0]!;
  // One that was taken out of the catalogue by hand is not made again.
  const variants = await pool.query<{ sku: string }>(
    'SELECT sku FROM variants JOIN products USING (product_id) WHERE products.seller_id = $1',
    [sellerId],
  );
  const drops = await pool.query<DropRow>(
    `SELECT sale_id AS "saleId", title, phase,
       (SELECT sku FROM sale_items i WHERE i.sale_id = s.sale_id ORDER BY position LIMIT 1) AS sku,
       extract(epoch FROM coalesce(prequeue_at, starts_at))::float8 * 1000 AS "lineOpensAtMs",
       extract(epoch FROM starts_at)::float8 * 1000 AS "startsAtMs",
       extract(epoch FROM ends_at)::float8 * 1000 AS "endsAtMs"
     FROM sales s WHERE seller_id = $1 AND stock = 'ready' ORDER BY created_at DESC LIMIT 100`,
    [sellerId],
  );
  return {
    hasSeller: sellerId !== null,
    isShopEmpty: !hasProducts,
    skus: new Set(variants.rows.map(({ sku }) => sku)),
    drops: drops.rows,
  };
}
