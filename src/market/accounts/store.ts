/**
 * Accounts: who people are. Guests have an id in their token and no row until something of theirs must be kept.
 *
 * 1. E-mail addresses are unique, upper and lower case being the same.
 * 2. Signing in takes the same work whether the e-mail is known or not.
 * 3. No password is ever stored or logged; the first admin's is returned once, by the start that made it.
 */
import { randomBytes } from 'node:crypto';
import type { Pool } from 'pg';
import { newId } from '../../gateway/handling.ts';
import { perGateway } from '../../gateway/route.ts';
import { type Database, isTaken, openDatabase, type Query } from '../../persistence/database.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { Passwords } from './passwords.ts';
import type { Account, AccountChange, Credentials, NewAccount } from './schemas.ts';
import { endAllSessions, endSession, openSession, renewSession } from './sessions.ts';

export interface SignedIn {
  readonly account: Account;
  readonly refreshToken: string;
}

/** Who asks, as their token says. */
export type AccountRef = Pick<Account, 'accountId' | 'role'>;

interface Row {
  account_id: string;
  role: Account['role'];
  email: string | null;
  name: string | null;
  password_hash: string | null;
  created_at: Date;
}

const fromRow = (row: Row): Account => ({
  accountId: row.account_id,
  role: row.role,
  email: row.email,
  name: row.name,
  createdAt: row.created_at.toISOString(),
});

/** A guest without a row: its id says when it was made. */
function guestAccount(accountId: string): Account {
  const madeAtMs = Number.parseInt(accountId.slice(-36).replaceAll('-', '').slice(0, 12), 16);
  return { accountId, role: 'guest', email: null, name: null, createdAt: new Date(madeAtMs).toISOString() };
}

/** Gives a guest the row that others refer to. Accounts that registered have one. */
export async function keepGuest(query: Query, who: AccountRef): Promise<void> {
  if (who.role !== 'guest') return;
  await query(`INSERT INTO accounts (account_id, role) VALUES ($1, 'guest') ON CONFLICT DO NOTHING`, [
    who.accountId,
  ]);
}

const gone = () => new DoorbusterError('invalid_token', 'The account is gone');

export class Accounts {
  readonly #database: Database;
  readonly #passwords = new Passwords();

  constructor(database: Database) {
    this.#database = database;
  }

  /** Refuses with `email_taken`. */
  async register({ email, password, name, role }: NewAccount): Promise<SignedIn> {
    const passwordHash = await this.#passwords.hash(password);
    try {
      return await this.#database.transaction(async (query) => {
        const account = await insertAccount(query, { email, name, role, passwordHash });
        return { account, refreshToken: await openSession(query, account.accountId) };
      });
    } catch (error) {
      if (isTaken(error, 'accounts_by_email'))
        throw new DoorbusterError('email_taken', 'This e-mail address has an account already');
      throw error;
    }
  }

  /** Refuses with `invalid_credentials`. */
  async login({ email, password }: Credentials): Promise<SignedIn> {
    const [row] = await this.#database.query<Row>('SELECT * FROM accounts WHERE lower(email) = lower($1)', [
      email,
    ]);
    if (!(await this.#passwords.matches(password, row?.password_hash ?? null)) || !row)
      throw new DoorbusterError('invalid_credentials', 'E-mail or password is wrong');
    const refreshToken = await this.#database.transaction((query) => openSession(query, row.account_id));
    return { account: fromRow(row), refreshToken };
  }

  /** Refuses with `invalid_token`; an old refresh token ends its whole session. */
  async refresh(refreshToken: string): Promise<SignedIn> {
    const renewed = await renewSession(this.#database, refreshToken);
    const row = await this.#rowOf(renewed.accountId);
    if (!row) throw gone();
    return { account: fromRow(row), refreshToken: renewed.refreshToken };
  }

  /** Ends the session of this token, or, with null, every one of the account. */
  logout(accountId: string, refreshToken: string | null): Promise<void> {
    return refreshToken === null
      ? this.#database.transaction((query) => endAllSessions(query, accountId))
      : endSession(this.#database, accountId, refreshToken);
  }

  /** Refuses with `invalid_token` when the account is gone. */
  async read(who: AccountRef): Promise<Account> {
    const row = await this.#rowOf(who.accountId);
    if (row) return fromRow(row);
    if (who.role === 'guest') return guestAccount(who.accountId);
    throw gone();
  }

  /** A new password ends all sessions and needs the present one: `invalid_credentials`. */
  async change(who: AccountRef, { name, password, currentPassword = '' }: AccountChange): Promise<Account> {
    if (password !== undefined) await this.#changePassword(who, password, currentPassword);
    if (name !== undefined) {
      await this.#database.transaction(async (query) => {
        await keepGuest(query, who);
        await query('UPDATE accounts SET name = $2, updated_at = now() WHERE account_id = $1', [
          who.accountId,
          name,
        ]);
      });
    }
    return this.read(who);
  }

  async #changePassword(who: AccountRef, password: string, currentPassword: string): Promise<void> {
    const row = await this.#rowOf(who.accountId);
    if (!(await this.#passwords.matches(currentPassword, row?.password_hash ?? null)))
      throw new DoorbusterError('invalid_credentials', 'The current password is wrong');
    const passwordHash = await this.#passwords.hash(password);
    await this.#database.transaction(async (query) => {
      await query('UPDATE accounts SET password_hash = $2, updated_at = now() WHERE account_id = $1', [
        who.accountId,
        passwordHash,
      ]);
      await endAllSessions(query, who.accountId);
    });
  }

  async #rowOf(accountId: string): Promise<Row | null> {
    const [row] = await this.#database.query<Row>('SELECT * FROM accounts WHERE account_id = $1', [
      accountId,
    ]);
    return row ?? null;
  }
}

export const accountsOf = perGateway(({ database }) => new Accounts(database));

interface InsertedAccount {
  readonly email: string;
  readonly name: string;
  readonly role: Account['role'];
  readonly passwordHash: string;
}

async function insertAccount(
  query: Query,
  { email, name, role, passwordHash }: InsertedAccount,
): Promise<Account> {
  const [row] = await query<Row>(
    `INSERT INTO accounts (account_id, role, email, name, password_hash) VALUES ($1, $2, $3, $4, $5) RETURNING *`,
    [newId('account'), role, email, name, passwordHash],
  );
  return fromRow(row!);
}

const adminEmail = 'admin@doorbuster.local';
/** Any number that nothing else locks: starts at the same time take turns. */
const adminLock = 7_261_903;

/** The first start makes the admin and learns the password; every later one gets null. */
export async function ensureAdmin(pool: Pool): Promise<{ email: string; password: string } | null> {
  return openDatabase(pool).transaction(async (query) => {
    await query('SELECT pg_advisory_xact_lock($1)', [adminLock]);
    const [admin] = await query(`SELECT 1 FROM accounts WHERE role = 'admin' LIMIT 1`);
    if (admin) return null;
    const password = randomBytes(15).toString('base64url');
    const passwordHash = await new Passwords().hash(password);
    await insertAccount(query, { email: adminEmail, name: 'Admin', role: 'admin', passwordHash });
    return { email: adminEmail, password };
  });
}
