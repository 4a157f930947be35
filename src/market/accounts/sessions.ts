/**
 * Sessions: one row a sign-in, and one for a guest who has renewed or ended theirs.
 *
 * 1. Every use of a refresh token makes the next generation of the session, in one statement, so of two uses at once
 *    one goes first.
 * 2. Within `graceSeconds` the token before the present one gets the same successor again: two tabs, or an answer
 *    that got lost, sign nobody out. Any other earlier token means that two parties hold it: the session ends.
 * 3. A session that ends stays as a row until its last access token has expired: gateways read there what is revoked
 *    (`revocations.ts`). A guest's row stays longer, until the guest's first token has expired.
 * 4. With `uses`, the generation is not in the row but in Redis (`session-uses.ts`); all else is as it was.
 */
import { iso, newId } from '../../gateway/handling.ts';
import type { Identity } from '../../gateway/route.ts';
import { limitDefault } from '../../gateway/schemas.ts';
import { accessSeconds, guestAccessSeconds, guestSessionId } from '../../gateway/tokens.ts';
import { decodeCursor, idPart, type PageFilter, pageOf } from '../../persistence/cursor.ts';
import type { Database, Query } from '../../persistence/database.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { prefixes } from '../../protocol/ids.ts';
import { insertGuest, madeAtMs } from './guest-store.ts';
import { type RefreshToken, refusedToken } from './refresh-tokens.ts';
import { elsewhere, type SessionUses } from './session-uses.ts';

const sessionDays = 30;
const dayMs = 86_400_000;
const graceSeconds = 10;
/** Older sign-ins of an account end when there are more. */
const sessionsPerAccountMax = 20;

const isGuests = `right(session_id, 36) = right(account_id, 36)`;
const revoked = `revoked_by = pg_current_xact_id(), revoked_until =
  now() + make_interval(mins => 1, secs => CASE WHEN ${isGuests} THEN ${guestAccessSeconds} ELSE ${accessSeconds} END)`;
/** Rows of which nobody need know any more. */
const isSpent = `(expires_at < now() OR (revoked_until < now() AND NOT ${isGuests}))`;

/** Where a session was opened or renewed last: what its owner recognises it by. */
export interface SeenFrom {
  readonly address: string;
  readonly userAgent: string | null;
}

/** Opens a session inside its caller's transaction. Refuses with `account_suspended`, `busy`. */
export async function openSession(
  query: Query,
  accountId: string,
  from: SeenFrom,
  uses: SessionUses | null,
): Promise<string> {
  const sessionId = newId('session');
  const opened = await query(
    `INSERT INTO sessions (session_id, account_id, expires_at, address, user_agent, generation)
     SELECT $1, account_id, now() + make_interval(days => $3), $4, $5, $6 FROM accounts
     WHERE account_id = $2 AND status = 'active' FOR SHARE RETURNING 1`,
    [sessionId, accountId, sessionDays, from.address, from.userAgent, uses === null ? 0 : elsewhere],
  );
  if (opened.length === 0) throw new DoorbusterError('account_suspended', 'The account is suspended');
  await uses?.open(sessionId);
  await query(
    `UPDATE sessions SET ${revoked} WHERE account_id = $1 AND revoked_by IS NULL AND session_id IN
       (SELECT session_id FROM sessions WHERE account_id = $1 AND revoked_by IS NULL ORDER BY session_id DESC OFFSET $2)`,
    [accountId, sessionsPerAccountMax],
  );
  await query(`DELETE FROM sessions WHERE account_id = $1 AND ${isSpent}`, [accountId]);
  return sessionId;
}

export interface Session {
  readonly accountId: string;
  readonly sessionId: string;
}

/** The session that a token is of, whichever generation it has; null when there is none any more. */
export async function findSession(
  database: Database,
  { sessionId, generation, isGuestsFirst, secretHash }: RefreshToken,
  uses: SessionUses | null,
): Promise<(Session & { readonly isLive: boolean; readonly isPresent: boolean }) | null> {
  const [row] = await database.query<Row>(
    `SELECT account_id, generation, revoked_by IS NULL AND expires_at > now() AS is_live FROM sessions
     WHERE session_id = $1 AND ($2::bytea IS NULL OR secret_hash = $2)`,
    [sessionId, secretHash],
  );
  if (row) {
    const [use] = uses === null ? [row] : await uses.read([sessionId]);
    return {
      accountId: row.account_id,
      sessionId,
      isLive: row.is_live,
      isPresent: use?.generation === generation,
    };
  }
  return isGuestsFirst ? { accountId: guestOf(sessionId), sessionId, isLive: true, isPresent: true } : null;
}

interface Row {
  account_id: string;
  generation: number;
  is_live: boolean;
  is_fresh: boolean;
  is_known: boolean;
}

/** The session's next generation; refuses with `invalid_token`. */
export async function renewSession(
  database: Database,
  token: RefreshToken,
  from: SeenFrom,
  uses: SessionUses | null,
): Promise<Session & { readonly generation: number }> {
  const { sessionId, generation, secretHash } = token;
  const next = generation + 1;
  if (uses !== null)
    return { accountId: await renewElsewhere(database, token, from, uses), sessionId, generation: next };
  const [renewed] = await database.query<{ account_id: string }>(
    `UPDATE sessions SET generation = $3, refreshed_at = now(), expires_at = now() + make_interval(days => $4),
       address = $6, user_agent = $7
     WHERE session_id = $1 AND generation = $2 AND revoked_by IS NULL AND expires_at > now()
       AND ($5::bytea IS NULL OR secret_hash = $5) RETURNING account_id`,
    [sessionId, generation, next, sessionDays, secretHash, from.address, from.userAgent],
  );
  if (renewed) return { accountId: renewed.account_id, sessionId, generation: next };
  if (token.isGuestsFirst) {
    const accountId = await openGuestSession(database, sessionId, 1, from);
    if (accountId !== null) return { accountId, sessionId, generation: next };
  }
  const [row] = await database.query<Row>(
    `SELECT account_id, generation, revoked_by IS NULL AND expires_at > now() AS is_live,
       refreshed_at > now() - make_interval(secs => $2) AS is_fresh,
       $3::bytea IS NULL OR secret_hash = $3 AS is_known
     FROM sessions WHERE session_id = $1`,
    [sessionId, graceSeconds, secretHash],
  );
  if (!row?.is_live || !row.is_known) throw refusedToken();
  if (row.generation === next && row.is_fresh)
    return { accountId: row.account_id, sessionId, generation: next };
  await endSession(database.query, row.account_id, sessionId);
  throw refusedToken();
}

/** The same where generations are not in the table. Answers with the account. */
async function renewElsewhere(
  database: Database,
  { sessionId, generation, isGuestsFirst, secretHash }: RefreshToken,
  from: SeenFrom,
  uses: SessionUses,
): Promise<string> {
  const [row] = await database.query<Row>(
    `SELECT account_id, generation, revoked_by IS NULL AND expires_at > now() AS is_live FROM sessions
     WHERE session_id = $1`,
    [sessionId],
  );
  const isNew = row === undefined && isGuestsFirst && isYoung(sessionId);
  const isKnown = row?.is_live === true && row.generation === elsewhere;
  if (secretHash !== null || !(isNew || isKnown)) throw refusedToken();
  const accountId = row?.account_id ?? guestOf(sessionId);
  const outcome = await uses.renew(sessionId, generation, graceSeconds * 1_000, isNew);
  if (outcome === 'reused') await endSession(database.query, accountId, sessionId);
  if (outcome === 'reused' || outcome === 'lost') throw refusedToken();
  if (isNew) await openGuestSession(database, sessionId, elsewhere, from);
  await database.query(
    `UPDATE sessions SET expires_at = now() + make_interval(days => $2), address = $3, user_agent = $4
     WHERE session_id = $1 AND (address IS DISTINCT FROM $3 OR user_agent IS DISTINCT FROM $4
       OR expires_at < now() + make_interval(days => $2 / 2))`,
    [sessionId, sessionDays, from.address, from.userAgent],
  );
  return accountId;
}

/** A guest renews for the first time: from now on there is a row. Null when there was one, or it is too late. */
async function openGuestSession(
  database: Database,
  sessionId: string,
  generation: number,
  from: SeenFrom,
): Promise<string | null> {
  const accountId = guestOf(sessionId);
  if (!isYoung(sessionId)) return null;
  return database.transaction(async (query) => {
    await insertGuest(query, accountId);
    return (await insertGuestSession(query, accountId, generation, from)) ? accountId : null;
  });
}

/** A guest's first token lives as long as a session. */
function isYoung(sessionId: string): boolean {
  return madeAtMs(sessionId) + sessionDays * dayMs >= Date.now();
}

/** Whose first session this is: the opposite of `guestSessionId`. */
function guestOf(sessionId: string): string {
  return `${prefixes.account}_${sessionId.slice(-36)}`;
}

/** False when there was one. */
async function insertGuestSession(
  query: Query,
  accountId: string,
  generation: number,
  from: SeenFrom | null,
): Promise<boolean> {
  const inserted = await query(
    `INSERT INTO sessions (session_id, account_id, generation, expires_at, address, user_agent)
     VALUES ($1, $2, $3, now() + make_interval(days => $4), $5, $6) ON CONFLICT DO NOTHING RETURNING 1`,
    [guestSessionId(accountId), accountId, generation, sessionDays, from?.address, from?.userAgent],
  );
  return inserted.length > 0;
}

/** Ends one session, inside its caller's transaction or alone. False when it had ended, or is not the account's. */
export async function endSession(query: Query, accountId: string, sessionId: string): Promise<boolean> {
  if (sessionId === guestSessionId(accountId)) await keepGuestSession(query, accountId);
  const ended = await query(
    `UPDATE sessions SET ${revoked} WHERE session_id = $1 AND account_id = $2 AND revoked_by IS NULL RETURNING 1`,
    [sessionId, accountId],
  );
  return ended.length > 0;
}

/** Ends every session of the account, that of its time as a guest and tokens without a session among them. */
export async function endAllSessions(query: Query, accountId: string): Promise<void> {
  await keepGuestSession(query, accountId);
  await query(`UPDATE sessions SET ${revoked} WHERE account_id = $1 AND revoked_by IS NULL`, [accountId]);
}

/** What ends must have a row to end in. */
async function keepGuestSession(query: Query, accountId: string): Promise<void> {
  await insertGuest(query, accountId);
  await insertGuestSession(query, accountId, 0, null);
}

interface ListedRow {
  session_id: string;
  created_at: Date;
  refreshed_at: Date;
  address: string | null;
  user_agent: string | null;
}

/**
 * The account's live sessions, newest first. The one that asks is seen now, from where it asks; any other was last seen
 * at its latest renewal. A guest who never renewed has the asking one only, without a row.
 */
export async function listSessions(
  { query }: Database,
  { accountId, sessionId: asking }: Pick<Identity, 'accountId' | 'sessionId'>,
  from: SeenFrom,
  { cursor, limit = limitDefault }: PageFilter,
  uses: SessionUses | null,
) {
  const [beforeId] = decodeCursor(cursor, 'sessions', [idPart('session')]) ?? [null];
  const rows = await query<ListedRow>(
    `SELECT session_id, created_at, refreshed_at, address, user_agent FROM sessions
     WHERE account_id = $1 AND revoked_by IS NULL AND expires_at > now() AND ($2::text IS NULL OR session_id < $2)
     ORDER BY session_id DESC LIMIT $3`,
    [accountId, beforeId, limit + 1],
  );
  const page = pageOf(rows, limit, 'sessions', (row) => [row.session_id]);
  const now = { lastSeenAt: new Date().toISOString(), ...from, current: true };
  const seen = await lastSeen(page.rows, uses);
  const items = page.rows
    .map((row, at) => ({ row, seenAt: seen[at]! }))
    .filter(({ seenAt }) => seenAt)
    .map(({ row, seenAt }) => ({
      sessionId: row.session_id,
      createdAt: row.created_at.toISOString(),
      lastSeenAt: seenAt.toISOString(),
      address: row.address,
      userAgent: row.user_agent,
      ...(row.session_id === asking ? now : { current: false }),
    }));
  if (items.length === 0 && beforeId === null)
    items.push({ sessionId: asking, createdAt: iso(madeAtMs(asking)), ...now });
  return { items, nextCursor: page.nextCursor };
}

/** null: the session is lost, and nobody can renew it. */
async function lastSeen(rows: readonly ListedRow[], uses: SessionUses | null): Promise<(Date | null)[]> {
  if (uses === null) return rows.map((row) => row.refreshed_at);
  const read = await uses.read(rows.map((row) => row.session_id));
  return read.map((use, at) => use && new Date(Math.max(use.atMs, rows[at]!.created_at.getTime())));
}

/** Forgets ended sessions, a bounded number at a time. */
export async function forgetSpentSessions(query: Query): Promise<void> {
  await query(
    `DELETE FROM sessions WHERE session_id IN (SELECT session_id FROM sessions WHERE ${isSpent} LIMIT 10000)`,
  );
}

interface EndedRow {
  horizon: string;
  session_id: string | null;
  revoked_by: string;
  seconds: number;
}

export interface EndedSessions {
  /** Whoever asks next starts here: whatever ends later is behind it. */
  readonly cursor: string;
  readonly ended: readonly { readonly sessionId: string; readonly seconds: number }[];
}

const endedPerPage = 1_000;
const pagesMax = 200;

/**
 * Sessions that have ended since the cursor (`0`: all), with the seconds for which access tokens of theirs may be
 * valid still. The cursor is the oldest transaction that was under way: one that began earlier and commits later is
 * not missed, whatever the clocks say.
 */
export async function readEndedSessions({ query }: Database, cursor: string): Promise<EndedSessions> {
  const ended: { sessionId: string; seconds: number }[] = [];
  let next = cursor;
  let after: [revokedBy: string, sessionId: string] = [cursor, ''];
  for (let page = 0; page < pagesMax; page++) {
    const rows = await query<EndedRow>(
      `SELECT at.horizon::text, ended.* FROM (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS horizon) AS at
       LEFT JOIN LATERAL (
         SELECT session_id, revoked_by::text, extract(epoch FROM revoked_until - now())::float8 AS seconds FROM sessions
         WHERE revoked_by IS NOT NULL AND (revoked_by, session_id) > ($1::xid8, $2) AND revoked_until > now()
         ORDER BY sessions.revoked_by, session_id LIMIT $3
       ) AS ended ON true`,
      [...after, endedPerPage],
    );
    if (page === 0) next = rows[0]?.horizon ?? cursor;
    for (const { session_id: sessionId, seconds } of rows)
      if (sessionId !== null) ended.push({ sessionId, seconds });
    if (rows.length < endedPerPage) break;
    const last = rows.at(-1)!;
    after = [last.revoked_by, last.session_id!];
  }
  return { cursor: next, ended };
}
