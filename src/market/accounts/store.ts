/**
 * Accounts: who people are. Guests have an id in their token and no row until something of theirs must be kept.
 *
 * 1. E-mail addresses are unique; upper and lower case of ASCII letters are the same, and of no others.
 * 2. Signing in takes the same work whether the e-mail is known or not.
 * 3. No password is ever stored or logged; the first admin's is returned once, by the start that made it.
 * 4. What takes something away from whoever is signed in (a new password; `admin-store.ts`) ends every session.
 */
import { randomBytes } from 'node:crypto';
import type { Pool } from 'pg';
import { newId } from '../../gateway/handling.ts';
import { type Identity, perGateway, type Role, type Services } from '../../gateway/route.ts';
import { type Database, isTaken, openDatabase, type Query } from '../../persistence/database.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { recordAction } from '../audit/store.ts';
import { sendMail } from '../mail/store.ts';
import { type AccountRef, guestAccount, isGuest, keepGuest } from './guest-store.ts';
import { mailVerification, passwordChanged } from './links.ts';
import { Passwords, passwordsOf } from './passwords.ts';
import { RefreshTokens, refusedToken } from './refresh-tokens.ts';
import { type AccountRow, accountOf, rowByEmail, rowOf } from './rows.ts';
import type { Account, Credentials, NewAccount, SignOut } from './schemas.ts';
import { type SessionUses, sessionUsesOf } from './session-uses.ts';
import {
  endAllSessions,
  endSession,
  findSession,
  openSession,
  renewSession,
  type SeenFrom,
  type Session,
} from './sessions.ts';

export interface SignedIn {
  readonly account: Account;
  readonly sessionId: string;
  readonly refreshToken: string;
}

const gone = () => new DoorbusterError('invalid_token', 'The account is gone');
const wrongCurrent = () => new DoorbusterError('invalid_credentials', 'The current password is wrong');
const wrongCredentials = () => new DoorbusterError('invalid_credentials', 'E-mail or password is wrong');

type AccountDeps = Pick<Services, 'database' | 'tokenSecret' | 'publicUrl'>;

export class Accounts {
  readonly #database: Database;
  readonly #tokens: RefreshTokens;
  readonly #passwords: Passwords;
  readonly #publicUrl: string;

  readonly #uses: SessionUses | null;

  constructor(
    { database, tokenSecret, publicUrl }: AccountDeps,
    passwords: Passwords,
    uses: SessionUses | null,
  ) {
    this.#uses = uses;
    this.#database = database;
    this.#tokens = new RefreshTokens(tokenSecret);
    this.#passwords = passwords;
    this.#publicUrl = publicUrl;
  }

  /** A guest who registers keeps the account. Refuses with `email_taken`, or `wrong_state` when the guest did before. */
  async register(newcomer: NewAccount, guest: AccountRef | null, from: SeenFrom): Promise<SignedIn> {
    const passwordHash = await this.#passwords.hash(newcomer.password);
    try {
      return await this.#database.transaction(async (query) => {
        const { email, name, role } = newcomer;
        const accountId = guest?.accountId ?? newId('account');
        const account = await insertAccount(query, { accountId, email, name, role, passwordHash });
        // Whoever else holds the guest's token has no part in the account from now on.
        if (guest !== null) await endAllSessions(query, accountId);
        await mailVerification(query, { accountId, email }, this.#publicUrl);
        return this.open(query, account, from);
      });
    } catch (error) {
      if (isTaken(error, 'accounts_by_email'))
        throw new DoorbusterError('email_taken', 'This e-mail address has an account already');
      throw error;
    }
  }

  /** Refuses with `invalid_credentials`. */
  async login({ email, password }: Credentials, from: SeenFrom): Promise<SignedIn> {
    const row = await rowByEmail(this.#database.query, email);
    const isRight = await this.#passwords.matches(password, row?.password_hash ?? null);
    if (row === null || !isRight) throw wrongCredentials();
    return this.#database.transaction(async (query) => {
      // A password that is changed meanwhile signs nobody in.
      const [present] = await query<AccountRow>(
        'SELECT * FROM accounts WHERE account_id = $1 AND password_hash = $2 FOR SHARE',
        [row.account_id, row.password_hash],
      );
      if (!present) throw wrongCredentials();
      return this.open(query, accountOf(present), from);
    });
  }

  /** Refuses with `invalid_token`; an old refresh token ends its whole session. */
  async refresh(refreshToken: string, from: SeenFrom): Promise<SignedIn> {
    const { accountId, sessionId, generation } = await renewSession(
      this.#database,
      this.#tokens.read(refreshToken),
      from,
      this.#uses,
    );
    const row = await rowOf(this.#database.query, accountId);
    if (!row) throw gone();
    return { account: accountOf(row), sessionId, refreshToken: this.#tokens.issue(sessionId, generation) };
  }

  /** The first refresh token of a guest. */
  guestsRefreshToken(accountId: string): string {
    return this.#tokens.issueGuests(accountId);
  }

  /**
   * Ends the session that the refresh token is of, or else the caller's; or every one of the account. Refuses with
   * `unauthenticated` when neither is given, with `invalid_token` what is no refresh token of ours, and as the
   * authority over the other sessions one of an ended session, and one that was renewed since, which ends its own.
   */
  async logout(identity: Identity | null, { refreshToken, everywhere }: SignOut): Promise<void> {
    if (refreshToken !== undefined) {
      const token = this.#tokens.read(refreshToken);
      const session = await findSession(this.#database, token, this.#uses);
      const mayEndAll = session?.isLive && session.isPresent;
      if (session?.isLive) await this.#end(session, (everywhere ?? false) && session.isPresent);
      if (everywhere && !mayEndAll) throw refusedToken();
    } else if (identity !== null) {
      await this.#end(identity, everywhere ?? true);
    } else {
      throw new DoorbusterError('unauthenticated', 'Send a refresh token, or an access token');
    }
  }

  async #end({ accountId, sessionId }: Session, isEverywhere: boolean): Promise<void> {
    await this.#database.transaction<unknown>((query) =>
      isEverywhere ? endAllSessions(query, accountId) : endSession(query, accountId, sessionId),
    );
  }

  /** Refuses with `invalid_token` when the account is gone. */
  async read(who: AccountRef): Promise<Account> {
    const row = await rowOf(this.#database.query, who.accountId);
    if (row?.erased_at) throw gone();
    if (row) return accountOf(row);
    if (isGuest(who)) return guestAccount(who.accountId);
    throw gone();
  }

  async rename(who: AccountRef, name: string): Promise<void> {
    await this.#database.transaction(async (query) => {
      await keepGuest(query, who);
      await query('UPDATE accounts SET name = $2, updated_at = now() WHERE account_id = $1', [
        who.accountId,
        name,
      ]);
    });
  }

  /** A new password ends all sessions and needs the present one: `invalid_credentials`. */
  async changePassword(accountId: string, password: string, currentPassword: string): Promise<void> {
    const row = await rowOf(this.#database.query, accountId);
    const isRight = await this.#passwords.matches(currentPassword, row?.password_hash ?? null);
    if (row === null || !isRight) throw wrongCurrent();
    const passwordHash = await this.#passwords.hash(password);
    await this.#database.transaction(async (query) => {
      const changed = await query(
        `UPDATE accounts SET password_hash = $2, updated_at = now() WHERE account_id = $1 AND password_hash = $3
         RETURNING 1`,
        [accountId, passwordHash, row.password_hash],
      );
      if (changed.length === 0) throw wrongCurrent();
      await endAllSessions(query, accountId);
      if (row.email !== null) await sendMail(query, { to: row.email, ...passwordChanged(this.#publicUrl) });
    });
  }

  /** Signs in, inside its caller's transaction. */
  async open(query: Query, account: Account, from: SeenFrom): Promise<SignedIn> {
    const sessionId = await openSession(query, account.accountId, from, this.#uses);
    return { account, sessionId, refreshToken: this.#tokens.issue(sessionId, 0) };
  }
}

export const accountsOf = perGateway(
  (services) => new Accounts(services, passwordsOf(services), sessionUsesOf(services)),
);

interface InsertedAccount {
  readonly accountId: string;
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  readonly passwordHash: string;
}

/** A guest's row becomes the account. Refuses with `wrong_state` when the id is of an account already. */
async function insertAccount(
  query: Query,
  { accountId, email, name, role, passwordHash }: InsertedAccount,
): Promise<Account> {
  const [row] = await query<AccountRow>(
    `INSERT INTO accounts (account_id, roles, email, name, password_hash) VALUES ($1, ARRAY[$2], $3, $4, $5)
     ON CONFLICT (account_id) DO UPDATE SET roles = excluded.roles, email = excluded.email, name = excluded.name,
       password_hash = excluded.password_hash, updated_at = now() WHERE accounts.roles = ARRAY['guest'] RETURNING *`,
    [accountId, role, email, name, passwordHash],
  );
  if (!row) throw new DoorbusterError('wrong_state', 'This guest has registered already: sign in');
  return accountOf(row);
}

const adminEmail = 'admin@doorbuster.local';
/** Any number that nothing else locks: starts at the same time take turns, and so do changes of accounts by administrators. */
export const adminLock = 7_261_903;

/** The first start makes the admin and learns the password; every later one gets null. */
export async function ensureAdmin(pool: Pool): Promise<{ email: string; password: string } | null> {
  return openDatabase(pool).transaction(async (query) => {
    await query('SELECT pg_advisory_xact_lock($1)', [adminLock]);
    const [admin] = await query(`SELECT 1 FROM accounts WHERE 'admin' = ANY (roles) LIMIT 1`);
    if (admin) return null;
    const password = randomBytes(15).toString('base64url');
    const passwordHash = await new Passwords().hash(password);
    const accountId = newId('account');
    await insertAccount(query, { accountId, email: adminEmail, name: 'Admin', role: 'admin', passwordHash });
    const actor = { accountId: null, role: 'system' } as const;
    await recordAction(query, { actor, action: 'account.first_admin', target: accountId });
    return { email: adminEmail, password };
  });
}
