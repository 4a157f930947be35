/** Searches and suggestions of a running server, held against its document. */
import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { DocumentedClient } from './documented.ts';
import { waitFor } from './server.ts';
import { type Person, productBody } from './shop.ts';

/** A product is found soon after it was made. */
export async function searched(client: DocumentedClient, seller: Person): Promise<void> {
  const word = `lantern${randomUUID().slice(0, 8)}`;
  const body = { ...productBody([`S-${randomUUID()}`], 7), title: `The ${word}` };
  const { productId } = (await client.ask('createProduct', 201, { who: seller, body })).body;
  const found = async () => (await client.ask('search', 200, { query: `q=${word}` })).body;
  await waitFor(async () => (await found()).total === 1);
  expect((await found()).items[0]).toMatchObject({
    productId,
    highlights: { title: `The <em>${word}</em>` },
  });
  await client.ask('search', 200, {
    query: 'inStock=true&brand=a&brand=b&attributes[colour]=red&sort=rating',
  });
  await client.refused('search', 400, 'validation_failed', { query: `q=${'x'.repeat(301)}` });
  await client.refused('search', 400, 'validation_failed', { query: 'cursor=none' });
  await client.refused('search', 401, 'unauthenticated', { query: 'personal=true' });
  const { items } = (await client.ask('suggest', 200, { query: `q=${word.slice(0, -2)}` })).body;
  expect(items).toContainEqual({ kind: 'query', text: word });
  await client.refused('suggest', 400, 'validation_failed', {});
}
