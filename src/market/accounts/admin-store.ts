/**
 * What administrators do with other people's accounts: find them, give and take roles, suspend them.
 *
 * 1. There is always an active administrator: the last one can be neither suspended nor be without the role.
 * 2. Whoever loses a role or is suspended is signed out everywhere. A suspended account gets no session
 *    (`openSession`); its own things stay as they are.
 * 3. Each change is in the audit trail.
 */
import { perGateway } from '../../gateway/route.ts';
import { limitDefault } from '../../gateway/schemas.ts';
import { decodeCursor, idPart, pageOf } from '../../persistence/cursor.ts';
import type { Database, Query } from '../../persistence/database.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { isId } from '../../protocol/ids.ts';
import { recordAction } from '../audit/store.ts';
import { isGuest } from './guest-store.ts';
import { type AccountRow, accountOf, byPower } from './rows.ts';
import type { AccountFilter, ManagedAccount, ManagedChange } from './schemas.ts';
import { endAllSessions } from './sessions.ts';
import { adminLock } from './store.ts';

type Row = AccountRow & { status: ManagedAccount['status'] };

const managedOf = (row: Row): ManagedAccount => ({ ...accountOf(row), status: row.status });

/** As the index `accounts_by_words` has it. */
const words = `to_tsvector('simple', translate(coalesce(a.name, '') || ' ' || coalesce(a.email, ''), '@._+-/''', '       '))`;

/** Accounts `a` that registered, and that the text means: an id, or the beginnings of words of a name or address. */
export function foundBy(text: string, value: (of: unknown) => string): string {
  if (isId('account', text.trim())) return `a.account_id = ${value(text.trim())}`;
  const beginnings = text.split(/[^\p{L}\p{N}\p{M}]+/u).filter((word) => word !== '');
  if (beginnings.length === 0) return 'false';
  const wanted = beginnings.map((word) => `${word}:*`).join(' & ');
  return `a.roles <> '{guest}' AND ${words} @@ to_tsquery('simple', ${value(wanted)})`;
}

class ManagedAccounts {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Newest first; guests only where they are asked for. */
  async list({ q, role, status, cursor, limit = limitDefault }: AccountFilter) {
    const [beforeId] = decodeCursor(cursor, 'accounts', [idPart('account')]) ?? [null];
    const values: unknown[] = [];
    const value = (of: unknown) => `$${values.push(of)}`;
    const conditions = [
      'a.erased_at IS NULL',
      role === 'guest' ? `a.roles = '{guest}'` : `a.roles <> '{guest}'`,
    ];
    if (beforeId !== null) conditions.push(`a.account_id < ${value(beforeId)}`);
    if (role !== undefined && role !== 'guest') conditions.push(`a.roles @> ARRAY[${value(role)}]`);
    if (status !== undefined) conditions.push(`a.status = '${status}'`);
    if (q !== undefined) conditions.push(foundBy(q, value));
    const rows = await this.#database.query<Row>(
      `SELECT a.* FROM accounts a WHERE ${conditions.join(' AND ')} ORDER BY a.account_id DESC LIMIT ${value(limit + 1)}`,
      values,
    );
    const page = pageOf(rows, limit, 'accounts', (row) => [row.account_id]);
    return { items: page.rows.map(managedOf), nextCursor: page.nextCursor };
  }

  /** Refuses with `forbidden`, `not_found`, `wrong_state` for a guest's roles, `last_admin`. */
  change(adminId: string, accountId: string, change: ManagedChange): Promise<ManagedAccount> {
    return this.#database.transaction(async (query) => {
      await query('SELECT pg_advisory_xact_lock($1)', [adminLock]);
      // The token of an administrator who was one a moment ago must not give the role back.
      const [admin] = await query<Row>('SELECT * FROM accounts WHERE account_id = $1', [adminId]);
      if (!admin || !isActiveAdmin(admin)) throw new DoorbusterError('forbidden', 'Only for admins');
      const [before] = await query<Row>('SELECT * FROM accounts WHERE account_id = $1 FOR UPDATE', [
        accountId,
      ]);
      if (!before || before.erased_at !== null) throw new DoorbusterError('not_found', 'No such account');
      if (isGuest(before) && change.roles !== undefined)
        throw new DoorbusterError('wrong_state', 'A guest has no other role');
      const roles = byPower(change.roles ?? before.roles);
      const status = change.status ?? before.status;
      const after = { ...before, roles, status };
      if (isActiveAdmin(before) && !isActiveAdmin(after) && !(await hasOtherAdmin(query, accountId)))
        throw new DoorbusterError('last_admin', 'Somebody must be admin');
      await query('UPDATE accounts SET roles = $2, status = $3, updated_at = now() WHERE account_id = $1', [
        accountId,
        roles,
        status,
      ]);
      const loses = before.roles.some((role) => !roles.includes(role));
      if (loses || status === 'suspended') await endAllSessions(query, accountId);
      await recordChange(query, adminId, before, after, change.reason);
      return managedOf(after);
    });
  }
}

export const managedAccountsOf = perGateway(({ database }) => new ManagedAccounts(database));

function isActiveAdmin({ roles, status }: Pick<Row, 'roles' | 'status'>): boolean {
  return roles.includes('admin') && status === 'active';
}

export async function hasOtherAdmin(query: Query, accountId: string): Promise<boolean> {
  const others = await query(
    `SELECT 1 FROM accounts WHERE 'admin' = ANY (roles) AND status = 'active' AND account_id <> $1 LIMIT 1`,
    [accountId],
  );
  return others.length > 0;
}

/** What is as it was before is no action. */
async function recordChange(query: Query, adminId: string, before: Row, after: Row, reason?: string) {
  const common = { actor: { accountId: adminId, role: 'admin' } as const, target: before.account_id, reason };
  if (byPower(before.roles).join() !== after.roles.join())
    await recordAction(query, { ...common, action: 'account.roles', details: { roles: after.roles } });
  if (before.status !== after.status) {
    const action = after.status === 'suspended' ? 'account.suspended' : 'account.reinstated';
    await recordAction(query, { ...common, action });
  }
}
