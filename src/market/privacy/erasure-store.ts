/**
 * An account leaves. What can be done at once is done in one transaction; what cannot (files, orders of earlier versions,
 * what a session that is just ending still writes) is done by the back office within seconds (`erasure-job.ts`).
 *
 * 1. Orders stay, for the law and for the other side, under the account's id: amounts, goods and the country they went to.
 *    Who that was and where is sealed under the account's key, which is deleted: in tables, journal, snapshots, kept
 *    answers, exports, and in every backup of them that does not have the key.
 * 2. Nobody leaves with open business: `account_in_use` says which.
 */
import type { Role } from '../../gateway/route.ts';
import type { Query } from '../../persistence/database.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { hasOtherAdmin } from '../accounts/admin-store.ts';
import { eraseAccountRows } from '../accounts/erasure-store.ts';
import { addressHash, eraseMails } from '../mail/store.ts';
import { hasOpenOrders } from '../orders/store.ts';
import { hasRunningSales } from '../sales/store.ts';
import { beginToFollow } from '../sellers/hiding-store.ts';
import { eraseApplication } from '../sellers/store.ts';
import { eraseViews } from '../views/store.ts';
import { eraseWishlists } from '../wishlists/store.ts';
import { eraseExports } from './export-store.ts';

/** Refuses with `account_in_use` {reasons}. */
async function refuseInUse(query: Query, accountId: string, roles: readonly Role[]): Promise<void> {
  const reasons: string[] = [];
  if (await hasRunningSales(query, accountId)) reasons.push('running_sales');
  if (await hasOpenOrders(query, accountId)) reasons.push('open_orders');
  if (roles.includes('admin') && !(await hasOtherAdmin(query, accountId))) reasons.push('last_admin');
  if (reasons.length > 0)
    throw new DoorbusterError('account_in_use', `Not before this is settled: ${reasons.join(', ')}`, {
      reasons,
    });
}

interface Leaving {
  readonly accountId: string;
  readonly roles: readonly Role[];
  readonly email: string | null;
}

/** Inside a transaction that has locked the account. Refuses with `account_in_use`. */
export async function eraseAccount(query: Query, { accountId, roles, email }: Leaving): Promise<void> {
  await refuseInUse(query, accountId, roles);
  const hash = email === null ? null : addressHash(email);
  await query(
    `INSERT INTO account_erasures (account_id, address_hash) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
    [accountId, hash],
  );
  await forget(query, accountId, hash);
  // Products of an account that is erased are hidden.
  await beginToFollow(query, accountId);
}

/** All that tables have of the account. */
export async function forget(query: Query, accountId: string, hash: Buffer | null): Promise<void> {
  await eraseAccountRows(query, accountId);
  await eraseApplication(query, accountId);
  await eraseExports(query, accountId);
  await eraseViews(query, accountId);
  await eraseWishlists(query, accountId);
  if (hash !== null) await eraseMails(query, hash);
}

export interface Erasure {
  readonly account_id: string;
  readonly address_hash: Buffer | null;
  /** The sessions have ended everywhere: nothing more is written by them. */
  readonly is_quiet: boolean;
}

/** Access tokens are refused everywhere within 5 s of the end of their session. */
const quietSeconds = 10;

export function listOpenErasures(query: Query, limit: number): Promise<Erasure[]> {
  return query<Erasure>(
    `SELECT account_id, address_hash, requested_at < now() - make_interval(secs => $2) AS is_quiet
     FROM account_erasures WHERE done_at IS NULL ORDER BY requested_at LIMIT $1`,
    [limit, quietSeconds],
  );
}

export async function noteErased(query: Query, accountId: string): Promise<void> {
  await query('UPDATE account_erasures SET done_at = now(), address_hash = NULL WHERE account_id = $1', [
    accountId,
  ]);
}
