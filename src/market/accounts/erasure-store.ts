/** What the accounts' own tables tell the account's owner, and forget of somebody who leaves. */
import type { AnyRequest, Services } from '../../gateway/route.ts';
import type { Query } from '../../persistence/database.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { tryPassword } from './password-tries.ts';
import { passwordsOf } from './passwords.ts';
import { type AccountRow, accountOf, rowOf } from './rows.ts';
import { endAllSessions } from './sessions.ts';

/** What stands in place of a name. */
const formerMember = 'Former member';
/** Whoever has no password proves that they are there by having signed in just before. */
const freshMinutes = 10;

/** Locks the account for the rest of the transaction. Refuses with `invalid_token` when it is gone. */
export async function lockAccount(query: Query, accountId: string): Promise<AccountRow> {
  await query('SELECT 1 FROM accounts WHERE account_id = $1 FOR UPDATE', [accountId]);
  const row = await rowOf(query, accountId);
  if (row === null || row.erased_at !== null)
    throw new DoorbusterError('invalid_token', 'The account is gone');
  return row;
}

/**
 * The hash of the account's password, which this is; null when the account has none. Refuses with `invalid_credentials` or
 * `rate_limited`.
 */
export async function provePassword(
  services: Services,
  accountId: string,
  password: string | undefined,
  client: AnyRequest['client'],
): Promise<string | null> {
  const row = await rowOf(services.database.query, accountId);
  const hash = row?.password_hash ?? null;
  if (row === null || hash === null) return null;
  return tryPassword(services, row.email ?? accountId, client, async () => {
    if (password !== undefined && (await passwordsOf(services).matches(password, hash))) return hash;
    throw new DoorbusterError('invalid_credentials', 'The current password is wrong');
  });
}

export async function isFreshSession(query: Query, sessionId: string): Promise<boolean> {
  const rows = await query(
    `SELECT 1 FROM sessions WHERE session_id = $1 AND created_at > now() - make_interval(mins => $2)`,
    [sessionId, freshMinutes],
  );
  return rows.length > 0;
}

/** Account, sessions and sign-ins elsewhere. */
export async function readProfile(query: Query, accountId: string) {
  const row = await rowOf(query, accountId);
  const sessions = await query<{ session_id: string; created_at: Date; address: string; user_agent: string }>(
    'SELECT session_id, created_at, address, user_agent FROM sessions WHERE account_id = $1 ORDER BY session_id',
    [accountId],
  );
  const identities = await query<{ issuer: string; subject: string; created_at: Date }>(
    'SELECT issuer, subject, created_at FROM account_identities WHERE account_id = $1 ORDER BY issuer, subject',
    [accountId],
  );
  return {
    account: row && accountOf(row),
    sessions: sessions.map(({ session_id: sessionId, created_at, address, user_agent: userAgent }) => ({
      ...{ sessionId, createdAt: created_at.toISOString(), address, userAgent },
    })),
    identities: identities.map(({ issuer, subject, created_at }) => ({
      ...{ issuer, subject, createdAt: created_at.toISOString() },
    })),
  };
}

/**
 * Done twice, it does no harm. Name, address and password are gone, every session is over, and the key under which the rest was sealed is deleted. What
 * others refer to stays under the account's id.
 */
export async function eraseAccountRows(query: Query, accountId: string): Promise<void> {
  await query(
    `UPDATE accounts SET email = NULL, email_verified_at = NULL, name = $2, password_hash = NULL, updated_at = now(),
       erased_at = coalesce(erased_at, now()),
       roles = CASE WHEN roles && '{admin,operator}' THEN '{buyer}' ELSE roles END
     WHERE account_id = $1`,
    [accountId, formerMember],
  );
  await endAllSessions(query, accountId);
  await query('UPDATE sessions SET address = NULL, user_agent = NULL WHERE account_id = $1', [accountId]);
  for (const table of ['addresses', 'account_links', 'account_identities', 'account_keys'])
    await query(`DELETE FROM ${table} WHERE account_id = $1`, [accountId]);
}
