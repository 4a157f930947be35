/**
 * What can be wrong and the server can know by itself: one entry for each alarm of docs/OPERATIONS.md, and for the checks
 * of /readyz. This is the one place that says when it is a problem, what to do first, and why it is not worse.
 */
import type { Family, Labels } from '../protocol/metric.ts';
import type { PoisonedActor } from '../protocol/shard-row.ts';
import { defaultShardLimits } from '../runtime/shard-options.ts';
import type { ShardStatsRow } from '../runtime/statistics.ts';
import type { ThreadState } from '../runtime/supervisor.ts';
import { poisonOf, silentMsMax } from './checks.ts';
import type { Check } from './server.ts';
import type { Trend } from './trend.ts';

/** One look at everything, by the sources of /readyz and /metrics. */
export interface Look {
  readonly atMs: number;
  readonly checks: Readonly<Record<string, Check>>;
  readonly states: readonly Pick<ThreadState, 'role' | 'index' | 'isReady' | 'restarts'>[];
  readonly shards: readonly ShardStatsRow[];
  /** Of all threads together. */
  readonly families: readonly Family[];
  /** By thread: a counter begins anew with its thread, and is missing when the thread does not answer. */
  readonly familiesByThread: ReadonlyMap<string, readonly Family[]>;
  /** For how long the tables have been behind the journal. */
  readonly projectionLagSeconds: number;
}

interface Finding {
  readonly what: string;
  readonly shard?: number;
  /** Tells findings of one alarm apart that are of no shard. */
  readonly of?: string;
  /** When the source knows it. */
  readonly sinceMs?: number;
}

export interface Alarm {
  readonly code: string;
  /** A promise is broken, or commands are refused. */
  readonly isSevere?: boolean;
  readonly doFirst: string;
  readonly safe: string;
  /** What comes by itself may take so long; then the next step holds. */
  readonly waitMs?: number;
  find(look: Look, trend: Trend): readonly Finding[];
}

/** A counter that has not grown for so long is at rest again. */
const episodeMs = 300_000;
const mailboxShareMax = 0.8;
const commitP99MsMax = 100;
const committingMs = 60_000;
const commitsMin = 100;
const projectionLagSecondsMax = 5;

/** The sum of a family's samples that have these labels; 0 when nobody counted yet. */
export function sumOf(families: readonly Family[], name: string, labels: Labels = {}): number {
  const samples = families.find((family) => family.name === name)?.samples ?? [];
  const wanted = Object.entries(labels);
  return samples
    .filter((sample) => wanted.every(([label, value]) => sample.labels[label] === value))
    .reduce((sum, { value }) => sum + value, 0);
}

function notZero(name: string, what: (value: number) => string): Alarm['find'] {
  return ({ families }) => {
    const value = sumOf(families, name);
    return value === 0 ? [] : [{ what: what(value) }];
  };
}

function growing(name: string, what: (value: number) => string): Alarm['find'] {
  return ({ families, familiesByThread, atMs }, trend) => {
    const since: number[] = [];
    for (const [thread, own] of familiesByThread) {
      const sinceMs = trend.grewSince(`${name} ${thread}`, sumOf(own, name), atMs, episodeMs);
      if (sinceMs !== null) since.push(sinceMs);
    }
    return since.length === 0 ? [] : [{ what: what(sumOf(families, name)), sinceMs: Math.min(...since) }];
  };
}

/** Checks that say something only when it is wrong. */
function told(check: string, what: (detail: string) => string): Alarm['find'] {
  return ({ checks }) => {
    const detail = checks[check]?.detail;
    return detail === undefined ? [] : [{ what: what(detail) }];
  };
}

/** Shards of which something is so. */
function shardsWith(what: (row: ShardStatsRow, look: Look, trend: Trend) => Omit<Finding, 'shard'> | null) {
  return ((look, trend) =>
    look.shards.flatMap((row) => {
      const finding = what(row, look, trend);
      return finding === null ? [] : [{ shard: row.shard, ...finding }];
    })) satisfies Alarm['find'];
}

const listed = (numbers: readonly number[]) =>
  `${numbers.length === 1 ? 'Partition' : 'Partitions'} ${numbers.slice(0, 5).join(', ')}${numbers.length > 5 ? ' and more' : ''}`;

function longest(actors: readonly PoisonedActor[]): number {
  return Math.max(...actors.map(({ failingSeconds }) => failingSeconds));
}

/** By gravity: what stands first is shown first. */
export const alarms: readonly Alarm[] = [
  {
    code: 'oversold',
    isSevere: true,
    doFirst: 'Pause every running drop and keep the journal as it is; then run the audit (npm run audit).',
    safe: 'Paused, it grows no more; the journal says who holds and who paid what.',
    find: notZero('doorbuster_oversold_units', (units) => `${units} units are sold or held beyond stock`),
  },
  {
    code: 'journal_silent',
    isSevere: true,
    doFirst: 'See whether the store of the journal runs and its disk has room.',
    safe: 'Nothing is acknowledged that is not durable: buyers are told to try again, and the same ids find what became of it.',
    find: shardsWith(({ journalSilentMs: ms }, { atMs }) =>
      ms > silentMsMax
        ? { what: `The journal does not answer; commands are refused`, sinceMs: atMs - ms }
        : null,
    ),
  },
  {
    code: 'partitions_halted',
    isSevere: true,
    doFirst:
      'Read the reason in the log ("halted") and docs/OPERATIONS.md, "A journal that lost frames", before you restart anything.',
    safe: 'They are read-only, so nothing acknowledged is lost; all other partitions sell.',
    find: shardsWith(({ haltedPartitions: halted }) =>
      halted.length === 0
        ? null
        : { what: `${listed(halted.map((each) => each.partition))} halted: ${halted[0]!.reason}` },
    ),
  },
  {
    code: 'database_away',
    isSevere: true,
    doFirst: 'See whether PostgreSQL runs, takes connections and has room on its disk.',
    safe: 'What was acknowledged is in the journal. With the journal in Redis holds and payments go on; sign-ins, lists and the catalogue wait.',
    find: told('database', (detail) => `The database does not answer: ${detail}`),
  },
  {
    code: 'thread_starting',
    doFirst:
      'Wait: it is started anew by itself and reads what it needs. Not back by then: look for "thread crashed" in the log before you restart anything.',
    safe: 'Holds and orders stay valid, their time goes on. Buyers who need this thread are told to try again.',
    waitMs: 15_000,
    find: ({ states }) =>
      states
        .filter(({ isReady }) => !isReady)
        .map(({ role, index }) => ({
          what: `The ${role} thread ${index} is not ready`,
          of: `${role}-${index}`,
          ...(role === 'shard' && { shard: index }),
        })),
  },
  {
    code: 'partitions_recovering',
    doFirst: 'Wait: a large actor is being read. Not open by then: the log says why.',
    safe: 'All other partitions sell; whoever needs these is told to try again.',
    waitMs: 60_000,
    find: shardsWith(({ recoveringPartitions: open }) =>
      open.length === 0 ? null : { what: `${listed(open)} still being recovered` },
    ),
  },
  {
    code: 'inventory_mismatch',
    isSevere: true,
    doFirst:
      'Find the SKU in the log ("a stock level is not what its actor says"), then run the audit (npm run audit).',
    safe: 'Selling goes by the actors, so nobody gets a unit that is not there; product pages and lists may be wrong.',
    find: notZero(
      'doorbuster_inventory_mismatch',
      (skus) => `${skus} stock levels are not what their actors say`,
    ),
  },
  {
    code: 'poisoned_actors',
    doFirst: 'Look for its stack in the log and report the bug; the row of the shard names it.',
    safe: 'Only what is asked of this actor fails; nothing of it is lost, and it is tried again by itself.',
    find: shardsWith(({ poisonedActors: actors }, { atMs }) =>
      actors.length === 0
        ? null
        : {
            what: `${actors.length === 1 ? 'The actor' : `${actors.length} actors fail, among them`} ${poisonOf(actors[0]!)}`,
            sinceMs: atMs - longest(actors) * 1000,
          },
    ),
  },
  {
    code: 'projections_halted',
    doFirst: 'Read in the log which event the tables could not take.',
    safe: 'Selling and paying go on; lists of these partitions stay as they are.',
    find: told('projections', (detail) => `Tables do not follow the journal: ${detail}`),
  },
  {
    code: 'projection_lag',
    doFirst: 'See whether PostgreSQL is slow, full or down.',
    safe: 'Selling and paying go on; only lists are late.',
    find: ({ projectionLagSeconds: seconds, atMs }) =>
      seconds > projectionLagSecondsMax
        ? [{ what: 'Lists and tables are behind the journal', sinceMs: atMs - seconds * 1000 }]
        : [],
  },
  {
    code: 'payment_provider_away',
    doFirst:
      'Wait: it is tried again by itself. Still so by then: see the provider’s status page, and pause the drops before holds run out.',
    safe: 'Nobody is charged twice or for nothing: orders wait and go on under the same keys.',
    waitMs: 120_000,
    find: notZero('doorbuster_payment_breaker_open', () => 'The payment provider fails and is given a rest'),
  },
  {
    code: 'refunds_failed',
    doFirst: 'Find the order in the log and give the money back in the provider’s dashboard.',
    safe: 'The order says so, and its units stay given back; no other order is touched.',
    find: growing('doorbuster_refunds_failed_total', (count) => `${count} refunds did not reach the buyer`),
  },
  {
    code: 'frames_restored',
    doFirst: 'Make the journal durable: appendonly yes and appendfsync always in Redis.',
    safe: 'They are there again: nothing is lost while this server lives.',
    find: growing(
      'doorbuster_journal_frames_restored_total',
      (frames) => `The journal lost ${frames} acknowledged frames, which were written again`,
    ),
  },
  {
    code: 'mailbox_full',
    doFirst: 'Slow the release of the largest drop (its rates); for the next one start more shards.',
    safe: 'Whoever does not fit is told to try again; nothing that was taken is lost.',
    find: shardsWith(({ mailboxDepth: depth }) =>
      depth >= defaultShardLimits.mailboxMax * mailboxShareMax
        ? { what: `${depth} commands wait, of ${defaultShardLimits.mailboxMax} that may` }
        : null,
    ),
  },
  {
    code: 'commit_slow',
    doFirst: 'Look at the disk under the journal.',
    safe: 'Answers wait for the journal, so buyers see slow pages, not wrong ones.',
    find: shardsWith(({ shard, commits, commitP99Ms: p99 }, { atMs }, trend) => {
      // Of the latest commits: those of a shard at rest may be long ago.
      const isCommitting = trend.grewSince(`commits ${shard}`, commits, atMs, committingMs) !== null;
      return isCommitting && commits >= commitsMin && p99 > commitP99MsMax
        ? { what: `One commit of a hundred takes ${Math.round(p99)} ms or more` }
        : null;
    }),
  },
  {
    code: 'thread_restarted',
    doFirst: 'Look for its stack in the log ("thread crashed") and report the bug.',
    safe: 'It works again, and nothing acknowledged is lost: it has read its journal.',
    find: ({ states, atMs }, trend) =>
      states.flatMap(({ role, index, restarts, isReady }) => {
        const name = `${role}-${index}`;
        const sinceMs = trend.grewSince(`restarts ${name}`, restarts, atMs, episodeMs);
        if (sinceMs === null || !isReady) return [];
        const what = `The ${role} thread ${index} was started anew, ${restarts} times in this run`;
        return [{ what, of: name, sinceMs, ...(role === 'shard' && { shard: index }) }];
      }),
  },
  {
    code: 'wire_refusals',
    doFirst:
      'Find the thread that reads too slowly: the row with the deepest mailbox, or a gateway at its limit; start more of its kind.',
    safe: 'Whoever was refused was told to try again.',
    find: growing(
      'doorbuster_wire_requests_refused_total',
      (count) => `${count} requests between threads were refused because their wire was full`,
    ),
  },
  {
    code: 'snapshots_halted',
    doFirst: 'Read in the log which actor cannot be saved, and report the bug.',
    safe: 'Its journal is kept, so nothing is lost; only the next start of this partition takes longer.',
    find: told('snapshots', (detail) => `A partition gets no more snapshots: ${detail}`),
  },
];
