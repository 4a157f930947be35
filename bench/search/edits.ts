/** How long after an edit was answered is it found? Products of a seller are changed one after another while others search. */
import { setTimeout as wait } from 'node:timers/promises';
import { call, expected, member, type Person, productBody } from '../../test/system/shop.ts';
import { forEach } from '../crowd/audit.ts';

const productCount = 100;
const editors = 6;
const lookEveryMs = 20;
/** An edit that is not found by then counts as this. */
const patienceMs = 10_000;

/** Milliseconds from the answer to each of `count` edits until a search finds it. */
export async function searchableAfter(url: string, count: number): Promise<number[]> {
  const place = { url };
  const who = await member(place, 'seller');
  const run = `${Date.now()}`;
  const products: string[] = [];
  for (let n = 0; n < productCount; n++) {
    const body = productBody([`EDIT-${run}-${n}`], 10);
    products.push((await expected(place, 'POST /v1/products', 201, { who, body })).productId);
  }
  const times: number[] = [];
  await forEach(
    editors,
    Array.from({ length: count }, (_, n) => n),
    async (n) => {
      times.push(await edited(place, who, products[n % productCount]!, `${run}-${n}`));
    },
  );
  return times;
}

async function edited(place: { url: string }, who: Person, productId: string, mark: string): Promise<number> {
  await expected(place, `PATCH /v1/products/${productId}`, 200, { who, body: { attributes: { mark } } });
  const answeredAtMs = performance.now();
  for (;;) {
    const { body } = await call(place, `GET /v1/search?limit=1&attributes[mark]=${mark}`);
    const tookMs = performance.now() - answeredAtMs;
    if (body?.items?.[0]?.productId === productId || tookMs > patienceMs) return tookMs;
    await wait(lookEveryMs);
  }
}
