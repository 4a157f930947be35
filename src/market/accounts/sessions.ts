/**
 * Sign-ins. A refresh token is `<sessionId>.<secret>`; the table keeps the hash of the present secret.
 *
 * 1. Every use replaces the secret, in one statement, so of two uses of one token only one succeeds.
 * 2. A token with an earlier secret means that two parties hold it: the session ends for both.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { newId } from '../../gateway/handling.ts';
import type { Database, Query } from '../../persistence/database.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { isId } from '../../protocol/ids.ts';

const sessionDays = 30;
/** Older sign-ins of an account end when there are more. */
const sessionsPerAccountMax = 20;

const hashOf = (secret: string) => createHash('sha256').update(secret).digest();
const newSecret = () => randomBytes(32).toString('base64url');
const refused = () => new DoorbusterError('invalid_token', 'The refresh token is not valid: sign in again');

function parse(refreshToken: string): { sessionId: string; secretHash: Buffer } {
  const dot = refreshToken.indexOf('.');
  const sessionId = refreshToken.slice(0, Math.max(0, dot));
  if (!isId('session', sessionId)) throw refused();
  return { sessionId, secretHash: hashOf(refreshToken.slice(dot + 1)) };
}

/** Opens a session inside its caller's transaction; answers with the refresh token. */
export async function openSession(query: Query, accountId: string): Promise<string> {
  const sessionId = newId('session');
  const secret = newSecret();
  await query(
    `INSERT INTO sessions (session_id, account_id, secret_hash, expires_at)
     VALUES ($1, $2, $3, now() + make_interval(days => $4))`,
    [sessionId, accountId, hashOf(secret), sessionDays],
  );
  await query(
    `DELETE FROM sessions WHERE account_id = $1 AND (expires_at < now() OR session_id IN
       (SELECT session_id FROM sessions WHERE account_id = $1 ORDER BY session_id DESC OFFSET $2))`,
    [accountId, sessionsPerAccountMax],
  );
  return `${sessionId}.${secret}`;
}

/** The account and the next token; refuses with `invalid_token`. */
export async function renewSession(
  database: Database,
  refreshToken: string,
): Promise<{ accountId: string; refreshToken: string }> {
  const { sessionId, secretHash } = parse(refreshToken);
  const secret = newSecret();
  const [renewed] = await database.query<{ account_id: string }>(
    `UPDATE sessions SET secret_hash = $3, refreshed_at = now(), expires_at = now() + make_interval(days => $4)
     WHERE session_id = $1 AND secret_hash = $2 AND expires_at > now() RETURNING account_id`,
    [sessionId, secretHash, hashOf(secret), sessionDays],
  );
  if (renewed) return { accountId: renewed.account_id, refreshToken: `${sessionId}.${secret}` };
  await database.query('DELETE FROM sessions WHERE session_id = $1', [sessionId]);
  throw refused();
}

/** Ends the account's session of this token; refuses with `invalid_token` what is no refresh token at all. */
export async function endSession(database: Database, accountId: string, refreshToken: string): Promise<void> {
  const { sessionId, secretHash } = parse(refreshToken);
  const [session] = await database.query<{ secret_hash: Buffer }>(
    'SELECT secret_hash FROM sessions WHERE session_id = $1 AND account_id = $2',
    [sessionId, accountId],
  );
  // An ended session is what was asked for.
  if (session && timingSafeEqual(session.secret_hash, secretHash))
    await database.query('DELETE FROM sessions WHERE session_id = $1', [sessionId]);
}

export async function endAllSessions(query: Query, accountId: string): Promise<void> {
  await query('DELETE FROM sessions WHERE account_id = $1', [accountId]);
}
