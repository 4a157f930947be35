/**
 * Which server runs on this database: one row, taken before any partition is claimed, so that a second start by mistake
 * ends and the first server notices nothing. What keeps the data right is still the fencing of each partition; this row
 * only decides who may try.
 *
 * 1. The owner says every `beatMs` that it is there. Whoever finds the row taken waits for the next sign: one that comes
 *    means that the owner lives. One that does not come means that it is dead, stopped or cut off: the row is free.
 * 2. A killed process leaves no session behind, which is known sooner than its silence.
 * 3. Times are the database's own.
 */
import { hostname } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import type pg from 'pg';
import { DoorbusterError } from '../protocol/errors.ts';
import type { Log } from '../protocol/log.ts';

const beatMs = 250;
/** Silence after which the owner has lost its right. */
const silentMs = 3_000;
/** The same when its session is gone, too: time enough to connect anew after the database was restarted. */
const goneMs = 750;
const lookAgainMs = 100;

const isFreeSql = `owner is null or owner = $1
  or seen_at < clock_timestamp() - interval '${silentMs} ms'
  or (seen_at < clock_timestamp() - interval '${goneMs} ms' and not exists (
    select from pg_stat_activity a where a.pid = session and a.datname = current_database()
  ))`;

const signSql = 'owner = $1, place = $2, session = pg_backend_pid(), seen_at = clock_timestamp()';
const takeSql = `update server_owner set ${signSql} where ($3 or ${isFreeSql}) returning data_id`;
/** A row that a successor gave back is taken again: this server still runs. */
const beatSql = `update server_owner set ${signSql} where owner = $1 or owner is null`;

/** Whether a server has said lately that it is there. False in a database of an older version. */
export async function hasServer(pool: pg.Pool): Promise<boolean> {
  const { rows } = await pool
    .query(`select not (${isFreeSql}) as has_server from server_owner`, [''])
    .catch(() => ({ rows: [] }));
  return rows[0]?.has_server === true;
}

/** Names the data to the journal's own store. */
export async function dataIdOf(pool: pg.Pool): Promise<string> {
  return (await pool.query('select data_id from server_owner')).rows[0].data_id;
}

interface Sign {
  readonly owner: string | null;
  readonly place: string | null;
  readonly seen: string;
}

export class ServerOwner {
  readonly #pool: pg.Pool;
  readonly #owner: string;
  readonly #place = `process ${process.pid} on ${hostname()}`;
  readonly #log: Log;
  #timer: NodeJS.Timeout | null = null;
  #beating: Promise<void> | null = null;

  /** `owner` names this process. */
  constructor(pool: pg.Pool, owner: string, log: Log) {
    this.#pool = pool;
    this.#owner = owner;
    this.#log = log;
  }

  /** Answers with the id of the data. Throws when another server lives, unless it is to be taken over. */
  async take(isTakeOver: boolean): Promise<string> {
    let first: Sign | null = null;
    for (;;) {
      const taken = await this.#pool.query(takeSql, [this.#owner, this.#place, isTakeOver]);
      if (taken.rowCount === 1) {
        this.#timer = setInterval(() => {
          this.#beating ??= this.#beat();
        }, beatMs).unref();
        return taken.rows[0].data_id;
      }
      const { rows } = await this.#pool.query<Sign>(
        'select owner, place, seen_at::text as seen from server_owner',
      );
      const sign = rows[0]!;
      if (first !== null && first.owner === sign.owner && first.seen !== sign.seen)
        throw new DoorbusterError(
          'wrong_state',
          `another server runs on this data (${sign.place}): stop it first, or set TAKE_OVER=1 to replace it`,
        );
      if (first?.owner !== sign.owner) first = sign;
      await wait(lookAgainMs);
    }
  }

  /** False when another server has taken the data over meanwhile, whether or not this one has noticed. */
  async release(): Promise<boolean> {
    if (this.#timer === null) return false;
    clearInterval(this.#timer);
    this.#timer = null;
    // A last sign that came after this would say that a server lives.
    await this.#beating;
    const { rowCount } = await this.#pool.query('update server_owner set owner = null where owner = $1', [
      this.#owner,
    ]);
    return rowCount === 1;
  }

  async #beat(): Promise<void> {
    try {
      const { rowCount } = await this.#pool.query(beatSql, [this.#owner, this.#place]);
      if (rowCount === 0) this.#log('debug', 'another server has taken this data over');
    } catch {
      // The database is away: whoever could take the row cannot reach it either.
    } finally {
      this.#beating = null;
    }
  }
}
