/** What an account's owner proves by a link that was mailed: that the address is theirs, and who forgot the password. */
import { perGateway, type Services } from '../../gateway/route.ts';
import type { Database } from '../../persistence/database.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { sendMail } from '../mail/store.ts';
import { mailReset, mailVerification, passwordChanged, readLink, useLink } from './links.ts';
import { type Passwords, passwordsOf } from './passwords.ts';
import { rowByEmail, rowOf } from './rows.ts';
import type { PasswordReset } from './schemas.ts';
import { endAllSessions } from './sessions.ts';

class Proofs {
  readonly #database: Database;
  readonly #publicUrl: string;
  readonly #passwords: Passwords;

  constructor({ database, publicUrl }: Pick<Services, 'database' | 'publicUrl'>, passwords: Passwords) {
    this.#database = database;
    this.#publicUrl = publicUrl;
    this.#passwords = passwords;
  }

  /** Refuses with `link_invalid`. */
  async verifyEmail(token: string): Promise<void> {
    await this.#database.transaction(async (query) => {
      const accountId = await useLink(query, token, 'verify');
      await query(
        `UPDATE accounts SET email_verified_at = now(), updated_at = now()
         WHERE account_id = $1 AND email IS NOT NULL AND email_verified_at IS NULL`,
        [accountId],
      );
    });
  }

  /** Refuses with `wrong_state` who has no address; a confirmed one is left alone. */
  async sendVerification(accountId: string): Promise<void> {
    await this.#database.transaction(async (query) => {
      const row = await rowOf(query, accountId);
      if (!row?.email) throw new DoorbusterError('wrong_state', 'A guest has no e-mail address');
      if (row.email_verified_at === null)
        await mailVerification(query, { accountId, email: row.email }, this.#publicUrl);
    });
  }

  /** Does the same whether the address has an account or not. */
  async requestReset(email: string): Promise<void> {
    await this.#database.transaction(async (query) => {
      const row = await rowByEmail(query, email);
      const account = row?.email ? { accountId: row.account_id, email: row.email } : null;
      await mailReset(query, email, account, this.#publicUrl);
    });
  }

  /** Whoever got the link has the address, too. Refuses with `link_invalid`. */
  async resetPassword({ token, password }: PasswordReset): Promise<void> {
    // Looked at first, so that no made-up link costs a hash.
    await readLink(this.#database.query, token, 'reset');
    const passwordHash = await this.#passwords.hash(password);
    await this.#database.transaction(async (query) => {
      const accountId = await useLink(query, token, 'reset');
      const [row] = await query<{ email: string }>(
        `UPDATE accounts SET password_hash = $2, email_verified_at = coalesce(email_verified_at, now()), updated_at = now()
         WHERE account_id = $1 RETURNING email`,
        [accountId, passwordHash],
      );
      await endAllSessions(query, accountId);
      await sendMail(query, { to: row!.email, ...passwordChanged(this.#publicUrl) });
    });
  }
}

export const proofsOf = perGateway((services) => new Proofs(services, passwordsOf(services)));
