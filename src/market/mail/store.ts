/**
 * Mails are queued in the transaction that they are about: with it they are sent, or not at all. The back office
 * delivers them (`job.ts`).
 *
 * 1. An address gets at most `perHourMax` mails of a kind in an hour; what is beyond is dropped without a word, because
 *    whoever asks for them may be a stranger.
 * 2. So many wait at most; beyond, new ones are dropped and counted.
 * 3. A mail is plain text. Its address and subject come from what somebody typed: a line break in them would begin a
 *    header of its own, so there is none.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { Query } from '../../persistence/database.ts';

/** What a mail is about. */
export type MailKind = 'verification' | 'password-reset' | 'notice';

export interface Mail {
  readonly to: string;
  readonly kind: MailKind;
  readonly subject: string;
  readonly text: string;
}

const perHourMax = 5;
const waitingMax = 100_000;

/** The same for the same address, as accounts compare them. */
export function addressHash(address: string): Buffer {
  const folded = address.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return createHash('sha256').update(folded).digest();
}

/** Inside its caller's transaction. */
export async function sendMail(query: Query, { to, kind, subject, text }: Mail): Promise<void> {
  await enqueue(query, addressHash(to), kind, { address: oneLine(to), subject: oneLine(subject), text });
}

/** Does as much as `sendMail` and writes to nobody: time does not tell who has an account. */
export async function sendNobody(query: Query, to: string, kind: MailKind): Promise<void> {
  await enqueue(query, addressHash(to), kind, null);
}

async function enqueue(
  query: Query,
  hash: Buffer,
  kind: MailKind,
  mail: { readonly address: string; readonly subject: string; readonly text: string } | null,
): Promise<void> {
  // Of two at once the second counts the first.
  await query('SELECT pg_advisory_xact_lock(hashtextextended($1, 35))', [`${hash.toString('hex')} ${kind}`]);
  await query(
    `INSERT INTO mails (mail_id, address_hash, kind, state, address, subject, body)
     SELECT $1, $2, $3, $4, $5, $6, $7
     WHERE (SELECT count(*) FROM mails
              WHERE address_hash = $2 AND kind = $3 AND created_at > now() - interval '1 hour') < $8
       AND NOT EXISTS (SELECT 1 FROM mails WHERE state = 'queued' ORDER BY due_at OFFSET $9 LIMIT 1)`,
    [
      ...[randomUUID(), hash, kind, mail === null ? 'void' : 'queued'],
      ...[mail?.address, mail?.subject, mail?.text, perHourMax, waitingMax],
    ],
  );
}

/** Neither a line break nor another control character. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();
}

// ---------------------------------------------------------------- delivery

export interface QueuedMail {
  readonly mail_id: string;
  readonly address: string;
  readonly subject: string;
  readonly body: string;
  readonly created_at: Date;
  /** This one included. */
  readonly attempts: number;
}

/** For so long nobody else takes a mail that somebody is delivering. */
const leaseSeconds = 120;

/** Mails that are due, now this caller's to deliver. */
export function takeDue(query: Query, limit: number): Promise<QueuedMail[]> {
  return query<QueuedMail>(
    `UPDATE mails SET attempts = attempts + 1, due_at = now() + make_interval(secs => $2)
     WHERE mail_id IN (SELECT mail_id FROM mails WHERE state = 'queued' AND due_at <= now()
       ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED)
     RETURNING mail_id, address, subject, body, created_at, attempts`,
    [limit, leaseSeconds],
  );
}

/** What was in it is forgotten. */
export async function noteDelivered(query: Query, mailId: string): Promise<void> {
  await query(
    `UPDATE mails SET state = 'delivered', address = NULL, subject = NULL, body = NULL, error = NULL WHERE mail_id = $1`,
    [mailId],
  );
}

/** `retrySeconds`: null for a mail that is given up. */
export async function noteFailed(
  query: Query,
  mailId: string,
  error: string,
  retrySeconds: number | null,
): Promise<void> {
  await query(
    `UPDATE mails SET error = $2, state = CASE WHEN $3::float8 IS NULL THEN 'dead' ELSE state END,
       due_at = now() + make_interval(secs => coalesce($3::float8, 0)) WHERE mail_id = $1 AND state = 'queued'`,
    [mailId, error.slice(0, 500), retrySeconds],
  );
}

const deadDays = 30;

/** Rows that count no more, and what nobody has looked after for a month. */
export async function forgetOldMails(query: Query): Promise<void> {
  await query(
    `DELETE FROM mails WHERE created_at < now() - interval '1 hour' AND state IN ('delivered', 'void')
       OR created_at < now() - make_interval(days => $1)`,
    [deadDays],
  );
}

/** Whatever is kept of mails to this address. */
export async function eraseMails(query: Query, hash: Buffer): Promise<void> {
  await query('DELETE FROM mails WHERE address_hash = $1', [hash]);
}

export async function countMails(query: Query): Promise<Readonly<Record<string, number>>> {
  const rows = await query<{ state: string; count: number }>(
    `SELECT state, count(*)::int AS count FROM mails WHERE state IN ('queued', 'dead') GROUP BY state`,
  );
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
}
