/** Guests: an id in a token. A row is made only when something must be stored about one. */
import type { Identity } from '../../gateway/route.ts';
import type { Query } from '../../persistence/database.ts';
import type { Account } from './schemas.ts';

/** When an id was made: it is a UUIDv7. */
export function madeAtMs(id: string): number {
  return Number.parseInt(id.slice(-36).replaceAll('-', '').slice(0, 12), 16);
}

/** A guest without a row. */
export function guestAccount(accountId: string): Account {
  const createdAt = new Date(madeAtMs(accountId)).toISOString();
  const nothing = { email: null, emailVerified: false, name: null };
  return { accountId, role: 'guest', roles: ['guest'], ...nothing, createdAt };
}

/** Who asks, or whom a token is for. */
export type AccountRef = Pick<Identity, 'accountId' | 'roles'>;

export function isGuest({ roles }: Pick<Identity, 'roles'>): boolean {
  return roles.includes('guest');
}

/** Changes nothing where there is a row: of a guest, or of an account. */
export async function insertGuest(query: Query, accountId: string): Promise<void> {
  await query(`INSERT INTO accounts (account_id, roles) VALUES ($1, '{guest}') ON CONFLICT DO NOTHING`, [
    accountId,
  ]);
}

/** Gives a guest the row that others refer to. Accounts that registered have one. */
export async function keepGuest(query: Query, who: AccountRef): Promise<void> {
  if (isGuest(who)) await insertGuest(query, who.accountId);
}
