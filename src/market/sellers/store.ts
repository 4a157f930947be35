/**
 * Sellers: who applied to be paid, who was verified, who is suspended.
 *
 * 1. Whoever registered as a seller lists and sells at once. What is paid out needs a verified seller; an account without
 *    the role gets it when it is verified, never by applying: an administrator may have taken it.
 * 2. Another legal name, country or payout reference ends the verification: it was of the former ones.
 * 3. No product of a suspended seller is written (`lockActive`). Its products are hidden with the decision, or a moment
 *    later where there are very many (`hiding-store.ts`). Its sales end afterwards (`closing-store.ts`): they are actors.
 * 4. Each decision of an administrator is in the audit trail.
 */
import { perGateway } from '../../gateway/route.ts';
import { limitDefault } from '../../gateway/schemas.ts';
import { decodeCursor, idPart, pageOf } from '../../persistence/cursor.ts';
import type { Database, Query } from '../../persistence/database.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { foundBy } from '../accounts/admin-store.ts';
import { type Actor, recordAction } from '../audit/store.ts';
import { beginToFollow, followAll } from './hiding-store.ts';
import type { Seller, SellerApplication, SellerFilter } from './schemas.ts';

interface Row {
  account_id: string;
  roles: string[];
  name: string | null;
  email: string | null;
  created_at: Date;
  erased_at: Date | null;
  legal_name: string | null;
  country: string | null;
  payout_reference: string | null;
  applied_at: Date | null;
  verified_at: Date | null;
  status: Seller['status'];
  suspension_reason: string | null;
  suspended_at: Date | null;
}

const columns = `a.account_id, a.roles, a.name, a.email, a.created_at, a.erased_at, s.legal_name, s.country, s.payout_reference,
  s.applied_at, s.verified_at, coalesce(s.status, 'active') AS status, s.suspension_reason, s.suspended_at`;
const from = 'accounts a LEFT JOIN sellers s ON s.account_id = a.account_id';

function fromRow(row: Row): Seller {
  return {
    sellerId: row.account_id,
    name: row.name,
    email: row.email,
    status: row.status,
    verified: row.verified_at !== null,
    verifiedAt: row.verified_at?.toISOString() ?? null,
    application: row.applied_at && {
      legalName: row.legal_name!,
      country: row.country!,
      payoutReference: row.payout_reference!,
      appliedAt: row.applied_at.toISOString(),
    },
    suspension: row.suspended_at && { reason: row.suspension_reason!, at: row.suspended_at.toISOString() },
    createdAt: row.created_at.toISOString(),
  };
}

/** The first half of the name of a lock; the second is the seller's. */
const sellerLocks = 7_261_905;

/**
 * In the transaction of a write to the seller's things: the seller is not suspended before it ends. Refuses with
 * `seller_suspended`.
 */
export async function lockActive(query: Query, sellerId: string): Promise<void> {
  await query('SELECT pg_advisory_xact_lock_shared($1, hashtext($2))', [sellerLocks, sellerId]);
  await refuseSuspended(query, sellerId);
}

/** Refuses with `seller_suspended`. */
export async function refuseSuspended(query: Query, sellerId: string): Promise<void> {
  const [row] = await query<{ suspension_reason: string }>(
    `SELECT suspension_reason FROM sellers WHERE account_id = $1 AND status = 'suspended'`,
    [sellerId],
  );
  if (row) throw new DoorbusterError('seller_suspended', `The seller is suspended: ${row.suspension_reason}`);
}

/** Who was to be paid, of an account that leaves. */
export async function eraseApplication(query: Query, accountId: string): Promise<void> {
  await query(
    `UPDATE sellers SET (legal_name, country, payout_reference, applied_at, verified_at) = (NULL, NULL, NULL, NULL, NULL)
     WHERE account_id = $1`,
    [accountId],
  );
}

/** Decisions about one seller take turns. Answers with null where there is no such account. */
async function lockSeller(query: Query, sellerId: string): Promise<Row | null> {
  await query('SELECT pg_advisory_xact_lock($1, hashtext($2))', [sellerLocks, sellerId]);
  const [row] = await query<Row>(`SELECT ${columns} FROM ${from} WHERE a.account_id = $1`, [sellerId]);
  return row ?? null;
}

const isSeller = ({ roles, erased_at, applied_at, suspended_at }: Row): boolean =>
  erased_at === null && (roles.includes('seller') || applied_at !== null || suspended_at !== null);

/** An administrator's decision. */
interface Decision {
  readonly actor: Actor;
  readonly reason?: string | undefined;
}

/** What is left then is the job's. */
const followMsMax = 2_000;

class Sellers {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Refuses with `not_found`. */
  read(sellerId: string): Promise<Seller> {
    return readSeller(this.#database.query, sellerId);
  }

  /** Answers with whether it is the account's first. Refuses with `seller_suspended`. */
  apply(accountId: string, application: SellerApplication): Promise<{ seller: Seller; isNew: boolean }> {
    return this.#database.transaction(async (query) => {
      const before = await lockSeller(query, accountId);
      await refuseSuspended(query, accountId);
      const { legalName, country, payoutReference } = application;
      await query(
        `INSERT INTO sellers AS s (account_id, legal_name, country, payout_reference, applied_at)
         VALUES ($1, $2, $3, $4, now())
         ON CONFLICT (account_id) DO UPDATE SET (legal_name, country, payout_reference, applied_at, verified_at) =
           ($2, $3, $4, now(), NULL)
         WHERE (s.legal_name, s.country, s.payout_reference) IS DISTINCT FROM ($2, $3, $4)`,
        [accountId, legalName, country, payoutReference],
      );
      return { seller: await readSeller(query, accountId), isNew: before?.applied_at == null };
    });
  }

  /** Newest account first. */
  async list({ q, state, cursor, limit = limitDefault }: SellerFilter) {
    const [beforeId] = decodeCursor(cursor, 'sellers', [idPart('account')]) ?? [null];
    const values: unknown[] = [];
    const value = (of: unknown) => `$${values.push(of)}`;
    const most = value(limit + 1);
    const before = beforeId === null ? 'true' : `account_id < ${value(beforeId)}`;
    const conditions = ['a.erased_at IS NULL', beforeId === null ? 'true' : `a.${before}`];
    if (state !== undefined) conditions.push(conditionByState[state]);
    else if (q !== undefined) conditions.push(`('seller' = ANY (a.roles) OR s.account_id IS NOT NULL)`);
    // Both halves come from an index, in the list's order: however many accounts there are, it is read no further.
    else
      conditions.push(`a.account_id IN (
        (SELECT account_id FROM accounts WHERE 'seller' = ANY (roles) AND ${before} ORDER BY account_id DESC LIMIT ${most})
        UNION (SELECT account_id FROM sellers WHERE ${before} ORDER BY account_id DESC LIMIT ${most}))`);
    if (q !== undefined) conditions.push(foundBy(q, value));
    const rows = await this.#database.query<Row>(
      `SELECT ${columns} FROM ${from} WHERE ${conditions.join(' AND ')} ORDER BY a.account_id DESC LIMIT ${most}`,
      values,
    );
    const page = pageOf(rows, limit, 'sellers', (row) => [row.account_id]);
    return { items: page.rows.map(fromRow), nextCursor: page.nextCursor };
  }

  /** Refuses with `not_found`, or `wrong_state` without an application. */
  verify(sellerId: string, decision: Decision): Promise<Seller> {
    return this.#decide(sellerId, decision, 'seller.verified', async (query, before) => {
      if (before.applied_at === null) throw new DoorbusterError('wrong_state', 'The seller has not applied');
      if (before.verified_at !== null) return false;
      await query('UPDATE sellers SET verified_at = now() WHERE account_id = $1', [sellerId]);
      await query(
        `UPDATE accounts SET roles = roles || '{seller}', updated_at = now()
         WHERE account_id = $1 AND NOT 'seller' = ANY (roles)`,
        [sellerId],
      );
      return true;
    });
  }

  /** Refuses with `not_found`. The seller's sales are not closed here. */
  suspend(sellerId: string, decision: Decision & { readonly reason: string }): Promise<Seller> {
    return this.#decideAndFollow(sellerId, decision, 'seller.suspended', async (query, before) => {
      if (before.status === 'suspended') return false;
      await query(
        `INSERT INTO sellers AS s (account_id, status, suspension_reason, suspended_at, suspended_by)
         VALUES ($1, 'suspended', $2, now(), $3)
         ON CONFLICT (account_id) DO UPDATE SET (status, suspension_reason, suspended_at, suspended_by) =
           ('suspended', $2, now(), $3)`,
        [sellerId, decision.reason, decision.actor.accountId],
      );
      return true;
    });
  }

  /** Products are shown again; sales stay ended. Refuses with `not_found`. */
  reinstate(sellerId: string, decision: Decision): Promise<Seller> {
    return this.#decideAndFollow(sellerId, decision, 'seller.reinstated', async (query, before) => {
      if (before.status === 'active') return false;
      await query(
        `UPDATE sellers SET (status, suspension_reason, suspended_at, suspended_by) = ('active', NULL, NULL, NULL)
         WHERE account_id = $1`,
        [sellerId],
      );
      return true;
    });
  }

  /** Products of a seller that has very many may follow after the answer. */
  async #decideAndFollow(
    sellerId: string,
    decision: Decision,
    action: string,
    change: (query: Query, before: Row) => Promise<boolean>,
  ): Promise<Seller> {
    const left: { next: string | null } = { next: null };
    const seller = await this.#decide(sellerId, decision, action, async (query, before) => {
      const hasChanged = await change(query, before);
      if (hasChanged) left.next = await beginToFollow(query, sellerId);
      return hasChanged;
    });
    const endsAtMs = performance.now() + followMsMax;
    const isOver = () => performance.now() > endsAtMs;
    if (left.next !== null) await followAll(this.#database, sellerId, left.next, isOver);
    return seller;
  }

  /** `change` answers with whether it changed anything: what was so before is no action. */
  #decide(
    sellerId: string,
    { actor, reason }: Decision,
    action: string,
    change: (query: Query, before: Row) => Promise<boolean>,
  ): Promise<Seller> {
    return this.#database.transaction(async (query) => {
      const before = await lockSeller(query, sellerId);
      if (before === null || !isSeller(before)) throw notFound();
      const hasChanged = await change(query, before);
      if (hasChanged) await recordAction(query, { actor, action, target: sellerId, reason });
      return readSeller(query, sellerId);
    });
  }
}

export const sellersOf = perGateway(({ database }) => new Sellers(database));

const notFound = () => new DoorbusterError('not_found', 'No such seller');

/** Also of an account that has never sold: what would be known of it as a seller. Refuses with `not_found`. */
export async function readSeller(query: Query, sellerId: string): Promise<Seller> {
  const [row] = await query<Row>(`SELECT ${columns} FROM ${from} WHERE a.account_id = $1`, [sellerId]);
  if (!row) throw notFound();
  return fromRow(row);
}

const conditionByState: Readonly<Record<NonNullable<SellerFilter['state']>, string>> = {
  applied: 's.applied_at IS NOT NULL AND s.verified_at IS NULL',
  verified: 's.verified_at IS NOT NULL',
  suspended: `s.status = 'suspended'`,
};
