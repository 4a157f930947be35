/**
 * Measures how far a standby is behind, for all threads of the process.
 *
 * 1. A round asks the primary where its log ends and then the standby up to where it has replayed. So the standby shows
 *    all that was committed before a round once it has reached the place that the round was told: one clock, ours,
 *    and right however idle the primary is.
 * 2. What is no standby, or one of another database, is never asked for anything else. That is checked in every round:
 *    a standby may be promoted, and a name may lead elsewhere.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { Log } from '../protocol/log.ts';
import { type Family, gauge } from '../protocol/metric.ts';
import { openPool, placeOf } from './postgres.ts';
import { lagMsMax, monotonicMs } from './reads.ts';
import type { ReplicaMemory } from './replica.ts';

const everyMs = 250;
const patienceMs = 1_000;
/** Of a standby that is very late: it need not be told how late exactly. */
const marksMax = 1_000;

/** The cluster and the database in it: a copy has the same, whatever its host is called. */
const identity = `(SELECT system_identifier FROM pg_control_system())::text || '/' ||
  (SELECT oid FROM pg_database WHERE datname = current_database())::text AS identity`;
const primaryText = `SELECT ${identity}, (pg_current_wal_flush_lsn() - '0/0')::text AS place`;
const replicaText = `SELECT ${identity}, pg_is_in_recovery() AS "isStandby",
  (coalesce(pg_last_wal_replay_lsn(), '0/0') - '0/0')::text AS place`;

interface Row {
  readonly identity: string;
  readonly place: string;
  readonly isStandby?: boolean;
}

/** The primary's log ended there at that time. */
interface Mark {
  readonly atMs: number;
  readonly place: bigint;
}

export class ReplicaWatch {
  readonly #url: string;
  readonly #primary: Pick<Pool, 'query'>;
  readonly #replica: Pool;
  readonly #memory: ReplicaMemory;
  readonly #log: Log;
  /** Places that the standby has not reached, oldest first. */
  #marks: Mark[] = [];
  /** What a standby that was never near is measured from. */
  readonly #startedAtMs = monotonicMs();
  /** Why the standby is left out; null: it is not; undefined: it has not been asked yet. */
  #trouble: string | null | undefined;
  #isStopped = false;
  #running: Promise<void> = Promise.resolve();

  constructor(url: string, primary: Pick<Pool, 'query'>, memory: ReplicaMemory, log: Log) {
    this.#url = url;
    this.#primary = primary;
    this.#replica = openPool(url, { max: 1, name: 'replica-watch', patienceMs });
    this.#memory = memory;
    this.#log = log;
  }

  /** Resolves after the first round, whatever came of it. */
  async start(): Promise<void> {
    await this.#round();
    this.#running = this.#follow();
  }

  /** For people. */
  get detail(): string {
    return this.#trouble === null
      ? `${placeOf(this.#url)}, in use`
      : `left out: ${this.#trouble ?? 'not asked yet'}`;
  }

  metrics(): Family[] {
    const { shownMs } = this.#memory;
    const lagSeconds = shownMs === 0 ? Number.POSITIVE_INFINITY : (monotonicMs() - shownMs) / 1_000;
    return [
      gauge(
        'doorbuster_replica_lag_seconds',
        'How far the standby is behind, the time between two looks included; +Inf: it is not asked',
        lagSeconds,
      ),
    ];
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#memory.shownMs = 0;
    await Promise.all([this.#running, this.#replica.end()]);
  }

  async #follow(): Promise<void> {
    while (!this.#isStopped) {
      await wait(everyMs, null, { ref: false });
      if (!this.#isStopped) await this.#round();
    }
  }

  async #round(): Promise<void> {
    const trouble = await this.#look().catch((error) => `${error instanceof Error ? error.message : error}`);
    if (this.#isStopped) return;
    const { shownMs } = this.#memory;
    const lagMs = monotonicMs() - (shownMs || this.#startedAtMs);
    if (trouble !== null) {
      this.#memory.shownMs = 0;
      this.#marks = [];
    }
    const isLate = shownMs === 0 || lagMs > lagMsMax;
    this.#note(trouble ?? (isLate ? `it is ${(lagMs / 1_000).toFixed(1)} s behind` : null));
  }

  /** Null, or why the standby must not be asked. */
  async #look(): Promise<string | null> {
    const atMs = monotonicMs();
    const [primary] = (await this.#primary.query<Row>(primaryText)).rows;
    const [replica] = (await this.#replica.query<Row>(replicaText)).rows;
    if (!replica!.isStandby) return 'it is no standby: it takes writes of its own';
    if (replica!.identity !== primary!.identity) return 'it is a standby of another database';
    if (this.#marks.length < marksMax) this.#marks.push({ atMs, place: BigInt(primary!.place) });
    const reached = BigInt(replica!.place);
    const firstAhead = this.#marks.findIndex(({ place }) => place > reached);
    const passed = this.#marks.splice(0, firstAhead < 0 ? this.#marks.length : firstAhead);
    if (passed.length > 0) this.#memory.shownMs = passed.at(-1)!.atMs;
    return null;
  }

  /** One line when it is left out, and one when it is in use again. */
  #note(trouble: string | null): void {
    const before = this.#trouble;
    this.#trouble = trouble;
    if (before !== undefined && (before === null) === (trouble === null)) return;
    const place = placeOf(this.#url);
    if (trouble === null) this.#log('info', 'the replica answers reads', { place });
    else
      this.#log('warn', 'the replica is left out: the primary answers all reads', { place, reason: trouble });
  }
}
