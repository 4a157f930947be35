/** The rest of an erasure: files, the cart, orders that have an address which was never sealed, and a second look at the tables. */
import type { Pool } from 'pg';
import { forgetCart } from '../../actors/cart/commands.ts';
import { forgetAddress } from '../../actors/order/commands.ts';
import { type Database, openDatabase } from '../../persistence/database.ts';
import type { Ask } from '../../protocol/command.ts';
import type { Job } from '../../protocol/job.ts';
import { type MailFiles, type MailSettings, mailFiles } from '../mail/file-store.ts';
import { listPlainAddresses } from '../orders/store.ts';
import { type Erasure, forget, listOpenErasures, noteErased } from './erasure-store.ts';

const everyMs = 1_000;
const accountsPerRound = 20;
const ordersPerRound = 100;

interface JobDeps {
  readonly pool: Pool;
  readonly ask: Ask;
  readonly settings: { readonly mail: MailSettings };
}

/** Registered in features.ts. */
export function createJob({ pool, ask, settings }: JobDeps): Job {
  const database = openDatabase(pool);
  const files = mailFiles(settings.mail.folder);
  return {
    name: 'erasure of accounts',
    everyMs,
    async round() {
      for (const erasure of await listOpenErasures(database.query, accountsPerRound))
        await goOn(database, ask, files, erasure);
    },
    metrics: () => [],
  };
}

async function goOn(database: Database, ask: Ask, files: MailFiles, erasure: Erasure): Promise<void> {
  const { account_id: buyerId, address_hash: hash, is_quiet: isQuiet } = erasure;
  if (hash !== null) await files.erase(hash);
  const plain = await listPlainAddresses(database.query, buyerId, ordersPerRound);
  for (const orderId of plain) await ask(forgetAddress, orderId, { buyerId });
  // Not before the tables have what the orders were told: a later round finds nothing plain any more.
  if (!isQuiet || plain.length > 0) return;
  const { code } = await ask(forgetCart, buyerId, {});
  if (code !== 'ok') return;
  await database.transaction((query) => forget(query, buyerId, hash));
  if (hash !== null) await files.erase(hash);
  await noteErased(database.query, buyerId);
}
