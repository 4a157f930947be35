/** Makes the copies that were asked for, and forgets those that have expired. */
import type { Pool } from 'pg';
import { AccountKeys } from '../../gateway/account-keys.ts';
import { type Database, openDatabase } from '../../persistence/database.ts';
import type { Job } from '../../protocol/job.ts';
import { listAddressesOf } from '../accounts/address-store.ts';
import { readProfile } from '../accounts/erasure-store.ts';
import { listTitlesOf } from '../catalog/store.ts';
import { openOrder } from '../orders/address-store.ts';
import { listOrders } from '../orders/store.ts';
import { orderJson } from '../orders/views.ts';
import { readSeller } from '../sellers/store.ts';
import { listViews } from '../views/store.ts';
import { forgetExpiredExports, keepExport, placeOf, takeWanted, type Wanted } from './export-store.ts';

const everyMs = 500;
const forgettingEveryMs = 60_000;
/** Characters of one sealed part: opening it takes a gateway about a millisecond. */
const partChars = 256 * 1024;
/** Beyond, older orders are left out, and the copy says so. */
const charsMax = 8 * 1024 * 1024;
const productsMax = 10_000;

/** Registered in features.ts. */
export function createJob({ pool }: { pool: Pool }): Job {
  const database = openDatabase(pool);
  const keys = new AccountKeys(database);
  let forgetAtMs = 0;
  return {
    name: 'export of accounts',
    everyMs,
    async round(stopping) {
      for (;;) {
        const wanted = stopping.aborted ? null : await takeWanted(database.query);
        if (wanted === null) break;
        await make(database, keys, wanted);
      }
      if (performance.now() < forgetAtMs) return;
      forgetAtMs = performance.now() + forgettingEveryMs;
      await forgetExpiredExports(database.query);
    },
    metrics: () => [],
  };
}

/** Without a key nothing is kept: it is tried again. */
async function make(
  database: Database,
  keys: AccountKeys,
  { export_id: exportId, account_id: accountId }: Wanted,
): Promise<void> {
  const key = await keys.ensure(accountId);
  if (key === null) throw new Error('the key of an account cannot be read');
  const text = JSON.stringify(await dataOf(database, accountId, (order) => openOrder(order, key)), null, 1);
  const parts = Array.from({ length: Math.ceil(text.length / partChars) }, (_, position) =>
    key.seal(placeOf(exportId, position), wellFormedPart(text, position)),
  );
  await keepExport(database.query, exportId, parts);
}

/** JSON.stringify has no half characters at any place but between the halves of one: those two stay together. */
function wellFormedPart(text: string, position: number): string {
  const boundary = (at: number) => (/[\ud800-\udbff]/.test(text.charAt(at - 1)) ? at + 1 : at);
  return text.slice(boundary(position * partChars), boundary((position + 1) * partChars));
}

/** All that is kept of the account under its id, as the API would show it. */
async function dataOf(database: Database, accountId: string, open: (order: OrderOf) => Opened) {
  const { query } = database;
  const orders: ReturnType<typeof orderJson>[] = [];
  let cursor: string | null = null;
  let chars = 0;
  do {
    const page: Page = await listOrders(database, { buyerId: accountId, cursor, limit: 100 });
    const shown = page.items.map((order) => orderJson(open(order)));
    orders.push(...shown);
    chars += JSON.stringify(shown).length;
    cursor = page.nextCursor;
  } while (cursor !== null && chars < charsMax);
  return {
    ...(await readProfile(query, accountId)),
    addresses: await listAddressesOf(query, accountId),
    seller: await readSeller(query, accountId),
    products: await listTitlesOf(query, accountId, productsMax),
    viewedProducts: await listViews(query, accountId),
    orders,
    hasAllOrders: cursor === null,
    exportedAt: new Date().toISOString(),
  };
}

type Page = Awaited<ReturnType<typeof listOrders>>;
type OrderOf = Page['items'][number];
type Opened = ReturnType<typeof openOrder>;
