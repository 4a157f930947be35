/**
 * The audit trail: what administrators and operators did, and the server in their place.
 *
 * 1. An action is recorded in the transaction that does it, so neither is there without the other. What an actor of the
 *    engine decided is recorded from the journal, by the projection that reads of it: it can be done while the tables
 *    are away, and is recorded once all the same.
 * 2. Rows are one chain. Who records takes turns with all others until the transaction ends: record last.
 * 3. Rows are only ever added: triggers refuse everything else.
 */
import type pg from 'pg';
import { newId } from '../../gateway/handling.ts';
import type { Role } from '../../gateway/route.ts';
import { limitDefault } from '../../gateway/schemas.ts';
import { decodeCursor, numberPart, pageOf } from '../../persistence/cursor.ts';
import type { Database, Query } from '../../persistence/database.ts';
import { hashOf } from '../../persistence/hash-chain.ts';
import type { AuditAction, AuditFilter } from './schemas.ts';

export interface Actor {
  /** Null: the server itself. */
  readonly accountId: string | null;
  /** The one that let the account do it. */
  readonly role: Role | 'system';
}

export interface Action {
  readonly actor: Actor;
  /** A noun and what became of it: `seller.suspended`. */
  readonly action: string;
  /** The id of what it was done to. */
  readonly target: string;
  readonly reason?: string | undefined;
  /** What it became, where the action's name does not say it. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

interface Row {
  seq: number;
  audit_id: string;
  at: Date;
  actor_id: string | null;
  actor_role: string;
  action: string;
  target: string;
  reason: string | null;
  details: Record<string, unknown> | null;
  hash: string;
  previous_hash: string | null;
}

/** As it is shown and, without its hash, hashed. */
function fromRow(row: Row): AuditAction {
  return {
    auditId: row.audit_id,
    seq: row.seq,
    at: row.at.toISOString(),
    actor: { accountId: row.actor_id, role: row.actor_role },
    action: row.action,
    target: row.target,
    ...(row.reason !== null && { reason: row.reason }),
    ...(row.details !== null && { details: row.details }),
    hash: row.hash,
    previousHash: row.previous_hash,
  };
}

/** Any number that nothing else locks. */
const auditLock = 7_261_904;

/** The last statement of its transaction: see invariant 2. */
export async function recordAction(
  query: Query,
  { actor, action, target, reason, details }: Action,
): Promise<void> {
  await query('SELECT pg_advisory_xact_lock($1)', [auditLock]);
  const [last] = await query<{ at: Date; seq: number | null; hash: string | null }>(
    `SELECT greatest(date_trunc('milliseconds', clock_timestamp()), last.at) AS at, last.seq, last.hash
     FROM (VALUES (1)) AS always LEFT JOIN
       (SELECT at, seq, hash FROM audit_actions ORDER BY seq DESC LIMIT 1) AS last ON true`,
  );
  const row = {
    ...{ seq: (last!.seq ?? 0) + 1, audit_id: newId('audit'), at: last!.at },
    ...{ actor_id: actor.accountId, actor_role: actor.role, action, target },
    ...{ reason: reason ?? null, details: details ?? null, hash: '', previous_hash: last!.hash },
  };
  const { hash: _, ...hashed } = fromRow(row);
  await query(
    `INSERT INTO audit_actions (seq, audit_id, at, actor_id, actor_role, action, target, reason, details, hash, previous_hash)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    [
      ...[row.seq, row.audit_id, row.at, row.actor_id, row.actor_role, action, target, row.reason],
      ...[row.details === null ? null : JSON.stringify(row.details), hashOf(hashed), row.previous_hash],
    ],
  );
}

/** The same in a projection's transaction. */
export async function recordProjected(client: pg.ClientBase, actions: readonly Action[]): Promise<void> {
  const query: Query = async (text, values = []) => (await client.query(text, [...values])).rows as never;
  for (const action of actions) await recordAction(query, action);
}

/** Newest first. */
export async function listActions(database: Database, filter: AuditFilter) {
  const { actor, action, target, from, cursor, limit = limitDefault } = filter;
  const [beforeSeq] = decodeCursor(cursor, 'audit', [numberPart(2_147_483_647)]) ?? [null];
  const values: unknown[] = [];
  const value = (of: unknown) => `$${values.push(of)}`;
  const conditions = ['true'];
  if (beforeSeq !== null) conditions.push(`seq < ${value(beforeSeq)}`);
  if (actor !== undefined) conditions.push(`actor_id = ${value(actor)}`);
  if (action !== undefined) conditions.push(`action = ${value(action)}`);
  if (target !== undefined) conditions.push(`target = ${value(target)}`);
  if (from !== undefined)
    conditions.push(
      `seq >= (SELECT seq FROM audit_actions WHERE at >= ${value(new Date(from))} ORDER BY at, seq LIMIT 1)`,
    );
  const rows = await database.query<Row>(
    `SELECT * FROM audit_actions WHERE ${conditions.join(' AND ')} ORDER BY seq DESC LIMIT ${value(limit + 1)}`,
    values,
  );
  const page = pageOf(rows, limit, 'audit', (row) => [row.seq]);
  return { items: page.rows.map(fromRow), nextCursor: page.nextCursor };
}

const rowsPerLook = 1_000;

/** All of the chain, from its first action on. */
export async function* everyAction(query: Query): AsyncGenerator<AuditAction> {
  for (let seq = 0; ; ) {
    const rows = await query<Row>('SELECT * FROM audit_actions WHERE seq > $1 ORDER BY seq LIMIT $2', [
      seq,
      rowsPerLook,
    ]);
    yield* rows.map(fromRow);
    if (rows.length < rowsPerLook) return;
    seq = rows.at(-1)!.seq;
  }
}
