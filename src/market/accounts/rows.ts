/** Rows of accounts, and what they are as answers. */
import type { Role } from '../../gateway/route.ts';
import type { Query } from '../../persistence/database.ts';
import type { Account } from './schemas.ts';

export interface AccountRow {
  account_id: string;
  roles: Role[];
  email: string | null;
  email_verified_at: Date | null;
  name: string | null;
  password_hash: string | null;
  created_at: Date;
  /** Nobody signs in to it any more. */
  erased_at: Date | null;
}

/** The most powerful first: an answer's `role` is the first one. */
export function byPower(roles: readonly Role[]): Role[] {
  return (['admin', 'operator', 'seller', 'buyer', 'guest'] as const).filter((role) => roles.includes(role));
}

export function accountOf(row: AccountRow): Account {
  const roles = byPower(row.roles);
  return {
    accountId: row.account_id,
    role: roles[0]!,
    roles,
    email: row.email,
    emailVerified: row.email_verified_at !== null,
    name: row.name,
    createdAt: row.created_at.toISOString(),
  };
}

export async function rowOf(query: Query, accountId: string): Promise<AccountRow | null> {
  const [row] = await query<AccountRow>('SELECT * FROM accounts WHERE account_id = $1', [accountId]);
  return row ?? null;
}

/**
 * By the folded address. Earlier versions folded letters that are not ASCII, too: an address with some is also found
 * as it was then.
 */
export async function rowByEmail(query: Query, email: string): Promise<AccountRow | null> {
  const [row] = await query<AccountRow>(
    `SELECT * FROM accounts WHERE lower(email COLLATE "C") = $1
       OR (lower(email) = lower($1) AND octet_length(email) <> length(email))
     ORDER BY lower(email COLLATE "C") = $1 DESC, account_id LIMIT 1`,
    [email],
  );
  return row ?? null;
}
