/**
 * Accounts of people who come from an OpenID Connect provider.
 *
 * 1. Known by issuer and subject: an address may change hands at a provider, a subject does not.
 * 2. A new one is linked to the account of its address only if both the provider and we have seen that the address is
 *    theirs. An account that never proved its address loses it, and its sessions, to the one who has: anybody could have
 *    opened it. Accounts of operators and admins are left alone.
 */
import { newId } from '../../gateway/handling.ts';
import { perGateway, type Services } from '../../gateway/route.ts';
import { isTaken, type Query } from '../../persistence/database.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { addressFrom, nameFrom } from './claims.ts';
import { type Claims, OidcRefusal } from './oidc.ts';
import { type AccountRow, accountOf, rowByEmail, rowOf } from './rows.ts';
import { endAllSessions, type SeenFrom } from './sessions.ts';
import { accountsOf, type SignedIn } from './store.ts';

class Identities {
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  /** Throws an `OidcRefusal`. */
  async signIn(claims: Claims, returnTo: string, from: SeenFrom): Promise<SignedIn> {
    const accounts = accountsOf(this.#services);
    try {
      return await this.#services.database.transaction(async (query) => {
        const row = (await linkedRow(query, claims)) ?? (await link(query, claims, returnTo));
        return accounts.open(query, accountOf(row), from);
      });
    } catch (error) {
      // Two first sign-ins at once: the other one was first.
      const isTwice = isTaken(error, 'account_identities_pkey') || isTaken(error, 'accounts_by_email');
      if (isTwice) throw new OidcRefusal('sign_in_failed', returnTo);
      const isSuspended = error instanceof DoorbusterError && error.code === 'account_suspended';
      if (isSuspended) throw new OidcRefusal('account_suspended', returnTo);
      throw error;
    }
  }
}

export const identitiesOf = perGateway((services) => new Identities(services));

async function linkedRow(query: Query, { issuer, subject }: Claims): Promise<AccountRow | null> {
  const [linked] = await query<{ account_id: string }>(
    'SELECT account_id FROM account_identities WHERE issuer = $1 AND subject = $2',
    [issuer, subject],
  );
  return linked ? rowOf(query, linked.account_id) : null;
}

async function link(query: Query, claims: Claims, returnTo: string): Promise<AccountRow> {
  const email = addressFrom(claims.email);
  if (email === null) throw new OidcRefusal('email_not_verified', returnTo);
  const known = await rowByEmail(query, email);
  const isProven = known !== null && known.email_verified_at !== null;
  if (known !== null && !isProven) await takeAddress(query, known, returnTo);
  const row = isProven ? known : await insertVerified(query, email, nameFrom(claims.name, email));
  await query('INSERT INTO account_identities (issuer, subject, account_id) VALUES ($1, $2, $3)', [
    ...[claims.issuer, claims.subject, row.account_id],
  ]);
  return row;
}

/** Whoever opened the account with an address that was never theirs has an account without one. */
async function takeAddress(query: Query, { account_id, roles }: AccountRow, returnTo: string): Promise<void> {
  if (roles.some((role) => role === 'admin' || role === 'operator'))
    throw new OidcRefusal('email_taken', returnTo);
  await query(
    `UPDATE accounts SET email = NULL, password_hash = NULL, updated_at = now()
     WHERE account_id = $1 AND email_verified_at IS NULL`,
    [account_id],
  );
  await query('DELETE FROM account_links WHERE account_id = $1', [account_id]);
  await endAllSessions(query, account_id);
}

async function insertVerified(query: Query, email: string, name: string): Promise<AccountRow> {
  const [row] = await query<AccountRow>(
    `INSERT INTO accounts (account_id, roles, email, name, email_verified_at)
     VALUES ($1, '{buyer}', $2, $3, now()) RETURNING *`,
    [newId('account'), email, name],
  );
  if (!row) throw new DoorbusterError('busy', 'The account could not be made: try again');
  return row;
}
