/**
 * Sample data for an empty shop, made through the public API like any client would: a seller, a few products, and a
 * drop that is open, so that the walk in the README works at once.
 */
import { randomBytes } from 'node:crypto';
import type { Pool } from 'pg';

const price = (amount: number) => ({ amount, currency: 'USD' });

const products = [
  {
    title: 'Nimbus handheld console',
    description: 'A handheld console in a numbered edition. One per person.',
    brand: 'Nimbus',
    category: 'Electronics > Consoles',
    attributes: { edition: 'launch' },
    variants: [{ sku: 'NIMBUS-1', options: {}, price: price(49_900), stock: 1_000 }],
  },
  {
    title: 'Trail running shoe',
    description: 'Light, grippy, made for mud.',
    brand: 'Fjell',
    category: 'Sports > Shoes',
    attributes: { drop: '6 mm' },
    variants: ['41', '42', '43'].map((size) => ({
      sku: `FJELL-${size}`,
      options: { size },
      price: price(12_900),
      stock: 40,
    })),
  },
  {
    title: 'Enamel mug',
    description: 'Survives what your kitchen does not.',
    brand: 'Campo',
    category: 'Home > Kitchen',
    attributes: {},
    variants: [{ sku: 'CAMPO-MUG', options: {}, price: price(1_450), stock: 500 }],
  },
];

export interface SampleReport {
  readonly saleId: string;
  readonly sku: string;
}

/** Makes the sample in a shop that has no product yet; null when there is something already. */
export async function makeSampleOnce(pool: Pool, baseUrl: string): Promise<SampleReport | null> {
  const { rows } = await pool.query('select exists (select from products) as "hasProducts"');
  return rows[0].hasProducts ? null : makeSample(baseUrl);
}

async function makeSample(baseUrl: string): Promise<SampleReport> {
  async function post(path: string, body: object, token?: string): Promise<Record<string, unknown>> {
    const response = await fetch(`${baseUrl}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
      body: JSON.stringify(body),
    });
    const answer = (await response.json()) as Record<string, unknown>;
    if (!response.ok)
      throw new Error(`sample data: ${path} answered ${response.status} ${JSON.stringify(answer)}`);
    return answer;
  }

  const seller = await post('/v1/auth/register', {
    email: `sample-seller-${randomBytes(4).toString('hex')}@example.com`,
    password: randomBytes(18).toString('base64url'),
    name: 'Sample seller',
    role: 'seller',
  });
  const token = String(seller.accessToken);
  for (const product of products) await post('/v1/products', { ...product, images: [] }, token);
  const sku = products[0]!.variants[0]!.sku;
  const sale = await post(
    '/v1/sales',
    {
      title: 'Nimbus launch drop',
      items: [{ sku, quantity: 100, price: price(39_900), purchaseLimit: 1 }],
      startsAt: new Date().toISOString(),
      endsAt: new Date(Date.now() + 30 * 86_400_000).toISOString(),
      queueing: {
        method: 'fifo',
        releasePerSecond: 50,
        activeLimit: 5_000,
        admissionSeconds: 300,
        claimSeconds: 120,
      },
    },
    token,
  );
  return { saleId: String(sale.saleId), sku };
}
