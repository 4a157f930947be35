/**
 * Mutated images against a running server: every one is answered with a status that the contract has. What is taken is removed again.
 */
import { randomUUID } from 'node:crypto';
import { fromPhone, kinds, picture, polyglots, sample } from '../market/images/samples.ts';
import { mutate, seededFor } from '../system/mutations.ts';
import { call, expected, member, type Place, productBody, unlessBusy } from '../system/shop.ts';

/** As many as one account may send at once. */
const atOnce = 3;
const expectedStatuses: ReadonlySet<number> = new Set([201, 413, 415, 422]);
export interface ImageRun {
  readonly countByStatus: ReadonlyMap<number, number>;
  /** Answers that the contract does not have. */
  readonly strange: readonly string[];
}

async function originals(): Promise<Buffer[]> {
  const plain = await Promise.all(kinds.flatMap((kind) => [sample(kind, 64, 48), sample(kind, 333, 222)]));
  const progressive = await picture(120, 90).jpeg({ progressive: true }).toBuffer();
  const interlaced = await picture(120, 90).png({ progressive: true }).toBuffer();
  const lossless = await picture(120, 90).webp({ lossless: true }).toBuffer();
  return [
    ...plain,
    progressive,
    interlaced,
    lossless,
    await fromPhone(),
    ...Object.values(await polyglots()),
  ];
}

export async function fuzzImages(target: Place, count: number, seed: number): Promise<ImageRun> {
  const who = await member(target, 'seller');
  const images = await originals();
  const countByStatus = new Map<number, number>();
  const strange: string[] = [];
  let next = 0;
  const one = async (productId: string) => {
    for (let n = next++; n < count; n = next++) {
      const pick = seededFor(seed, n);
      const original = images[pick(images.length)]!;
      const body = new Blob([new Uint8Array(mutate(original, pick))], { type: 'image/png' });
      const path = `/v1/products/${productId}/images`;
      const answer = await unlessBusy(() => call(target, `POST ${path}`, { who, body }));
      const { status } = answer;
      countByStatus.set(status, (countByStatus.get(status) ?? 0) + 1);
      if (!expectedStatuses.has(status)) strange.push(`image ${n}: ${status} ${JSON.stringify(answer.body)}`);
      if (status === 201) await expected(target, `DELETE ${path}/${answer.body.imageId}`, 204, { who });
    }
  };
  const products = await Promise.all(
    Array.from({ length: atOnce }, () =>
      expected(target, 'POST /v1/products', 201, { who, body: productBody([randomUUID()], 1) }),
    ),
  );
  await Promise.all(products.map(({ productId }) => one(productId)));
  return { countByStatus, strange };
}
