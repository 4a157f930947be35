/**
 * Copies of what is kept of an account, as JSON for its owner. The back office makes them (`export-job.ts`).
 *
 * 1. A copy is kept for a day, in parts sealed under the account's key: an erasure takes it along, and no part holds a
 *    gateway's thread for long.
 * 2. An account has one copy in the making, and at most `perDayMax` in a day.
 */
import { accountKeysOf } from '../../gateway/account-keys.ts';
import { perGateway, type Services } from '../../gateway/route.ts';
import type { Query } from '../../persistence/database.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { type AccountRef, keepGuest } from '../accounts/guest-store.ts';
import type { Export } from './schemas.ts';

const hours = 24;
const perDayMax = 10;

interface Row {
  export_id: string;
  status: Export['status'];
  created_at: Date;
  expires_at: Date;
}
const columns = 'export_id, status, created_at, expires_at';

const fromRow = (row: Row): Export => ({
  exportId: row.export_id,
  status: row.status,
  url: `/v1/me/exports/${row.export_id}/data`,
  createdAt: row.created_at.toISOString(),
  expiresAt: row.expires_at.toISOString(),
});

const notFound = () => new DoorbusterError('not_found', 'No such export, or it has expired');

class Exports {
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  /** The one that is being made already, or a new one. Refuses with `rate_limited`. */
  start(who: AccountRef, exportId: string): Promise<Export> {
    return this.#services.database.transaction(async (query) => {
      const { accountId } = who;
      await keepGuest(query, who);
      await query('SELECT 1 FROM accounts WHERE account_id = $1 FOR UPDATE', [accountId]);
      const rows = await query<Row>(
        `SELECT ${columns} FROM account_exports WHERE account_id = $1 AND expires_at > now()
         ORDER BY created_at DESC LIMIT $2`,
        [accountId, perDayMax],
      );
      const known = rows.find((row) => row.status === 'running' || row.export_id === exportId);
      if (known) return fromRow(known);
      if (rows.length >= perDayMax)
        throw new DoorbusterError('rate_limited', `At most ${perDayMax} exports a day`, {
          retryAfterSeconds: 3_600,
        });
      const [row] = await query<Row>(
        `INSERT INTO account_exports (export_id, account_id, status, expires_at)
         VALUES ($1, $2, 'running', now() + make_interval(hours => $3)) RETURNING ${columns}`,
        [exportId, accountId, hours],
      );
      return fromRow(row!);
    });
  }

  /** Refuses with `not_found`. */
  async read(accountId: string, exportId: string): Promise<Export> {
    const [row] = await this.#services.database.query<Row>(
      `SELECT ${columns} FROM account_exports WHERE export_id = $1 AND account_id = $2 AND expires_at > now()`,
      [exportId, accountId],
    );
    if (!row) throw notFound();
    return fromRow(row);
  }

  /** The copy itself, JSON in UTF-8. Refuses with `not_found` while it is being made, `busy` without its key. */
  async open(accountId: string, exportId: string): Promise<Uint8Array> {
    const [row] = await this.#services.database.query<{ parts: string[] }>(
      `SELECT parts FROM account_exports
       WHERE export_id = $1 AND account_id = $2 AND expires_at > now() AND status = 'done'`,
      [exportId, accountId],
    );
    if (!row) throw notFound();
    const key = await accountKeysOf(this.#services).find(accountId);
    if (key === null) throw new DoorbusterError('busy', 'The export cannot be opened now: try again');
    const parts: Buffer[] = [];
    for (const [position, sealed] of row.parts.entries()) {
      const text = key.open(placeOf(exportId, position), sealed);
      if (text === null) throw notFound();
      parts.push(Buffer.from(text));
      // Other requests have their turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
    return Buffer.concat(parts);
  }
}

export const exportsOf = perGateway((services) => new Exports(services));

/** What a part is sealed for. */
export const placeOf = (exportId: string, position: number) => `${exportId}/${position}`;

// ---------------------------------------------------------------- making

export interface Wanted {
  readonly export_id: string;
  readonly account_id: string;
}

const attemptsMax = 5;
/** For so long nobody else makes one that is being made. */
const leaseSeconds = 120;

/** The next one to be made; one that fails again and again is given up. */
export async function takeWanted(query: Query): Promise<Wanted | null> {
  await query(
    `UPDATE account_exports SET status = 'failed' WHERE status = 'running' AND attempts >= $1
    AND taken_at < now() - make_interval(secs => $2)`,
    [attemptsMax, leaseSeconds],
  );
  const [row] = await query<Wanted>(
    `UPDATE account_exports SET attempts = attempts + 1, taken_at = now()
     WHERE export_id = (SELECT export_id FROM account_exports
       WHERE status = 'running' AND attempts < $1 AND (taken_at IS NULL OR taken_at < now() - make_interval(secs => $2))
       ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED)
     RETURNING export_id, account_id`,
    [attemptsMax, leaseSeconds],
  );
  return row ?? null;
}

export async function keepExport(query: Query, exportId: string, parts: readonly string[]): Promise<void> {
  await query(`UPDATE account_exports SET status = 'done', parts = $2 WHERE export_id = $1`, [
    exportId,
    parts,
  ]);
}

export async function forgetExpiredExports(query: Query): Promise<void> {
  await query('DELETE FROM account_exports WHERE expires_at < now()');
}

export async function eraseExports(query: Query, accountId: string): Promise<void> {
  await query('DELETE FROM account_exports WHERE account_id = $1', [accountId]);
}
