/** From the threads' numbers to metric families. */
import { commitBucketsSeconds, type ShardStatsRow } from '../runtime/statistics.ts';
import { counter, type Family, gauge, type HistogramSeries, histogram, type Sample } from './metrics.ts';

export interface GatewayNumbers {
  readonly connections: number;
  readonly http: { readonly bounds: readonly number[]; readonly series: readonly HttpSeries[] };
}

export interface HttpSeries {
  readonly route: string;
  readonly status: number;
  readonly buckets: readonly number[];
  readonly sumSeconds: number;
}

export interface BackOfficeNumbers {
  readonly payments: {
    /** By result: authorized, captured, declined … */
    readonly results: Readonly<Record<string, number>>;
    readonly seconds: {
      readonly bounds: readonly number[];
      readonly counts: readonly number[];
      readonly sum: number;
    };
  };
  readonly projector: { readonly frames: number };
}

export interface Numbers {
  readonly shards: readonly (ShardStatsRow & { restarts: number })[];
  readonly gateways: readonly GatewayNumbers[];
  readonly backOffice: BackOfficeNumbers | null;
}

export function families({ shards, gateways, backOffice }: Numbers): Family[] {
  return [
    ...shardFamilies(shards),
    ...gatewayFamilies(gateways),
    ...(backOffice ? backOfficeFamilies(backOffice) : []),
  ];
}

function perShard(shards: Numbers['shards'], value: (row: ShardStatsRow) => number): Sample[] {
  return shards.map((row) => ({ labels: { shard: row.shard }, value: value(row) }));
}

/** Adds up counts that several threads have under the same name. */
function merged(records: readonly Readonly<Record<string, number>>[]): [string, number][] {
  const totals = new Map<string, number>();
  for (const record of records) {
    for (const [name, value] of Object.entries(record)) totals.set(name, (totals.get(name) ?? 0) + value);
  }
  return [...totals];
}

function shardFamilies(shards: Numbers['shards']): Family[] {
  const commands = merged(shards.map((row) => row.commands)).map(([name, value]) => {
    const [kind, code] = name.split('/');
    return { labels: { kind: kind!, code: code! }, value };
  });
  const sales = shards.flatMap((row) => row.sales);
  const orders = merged(shards.map((row) => row.orders)).map(([status, value]) => ({
    labels: { status },
    value,
  }));
  const commits = shards.map((row) => ({
    labels: { shard: row.shard },
    counts: row.commitBuckets,
    sum: row.commitSecondsSum,
  }));
  return [
    counter('doorbuster_commands_total', 'Commands decided, by actor kind and outcome', commands),
    counter(
      'doorbuster_commands_refused_total',
      'Commands refused at the door',
      perShard(shards, (r) => r.refused),
    ),
    counter(
      'doorbuster_events_total',
      'Events journaled',
      perShard(shards, (r) => r.events),
    ),
    histogram('doorbuster_commit_seconds', 'Journal append, seal to durable', commitBucketsSeconds, commits),
    gauge(
      'doorbuster_batch_size',
      'Events per batch, mean',
      perShard(shards, (r) => r.batchSizeAvg),
    ),
    gauge(
      'doorbuster_mailbox_depth',
      'Commands waiting',
      perShard(shards, (r) => r.mailboxDepth),
    ),
    gauge(
      'doorbuster_outbox_depth',
      'Messages not yet answered',
      perShard(shards, (r) => r.outboxDepth),
    ),
    gauge(
      'doorbuster_actors',
      'Actors in memory',
      perShard(shards, (r) => r.actors),
    ),
    gauge(
      'doorbuster_replay_seconds',
      'Recovery of the latest start',
      perShard(shards, (r) => r.replayMs / 1000),
    ),
    gauge(
      'doorbuster_snapshot_age_seconds',
      'Oldest unsaved change',
      perShard(shards, (r) => r.snapshotAgeSeconds),
    ),
    gauge(
      'doorbuster_partitions_halted',
      'Partitions that need help',
      perShard(shards, (r) => r.haltedPartitions.length),
    ),
    gauge(
      'doorbuster_shard_restarts',
      'Restarts of the shard worker in this run',
      shards.map((row) => ({ labels: { shard: row.shard }, value: row.restarts })),
    ),
    gauge(
      'doorbuster_queue_length',
      'Waiting tickets',
      sales.map((sale) => ({ labels: { sale: sale.saleId }, value: sale.queueLength })),
    ),
    gauge(
      'doorbuster_admissions_active',
      'Admitted tickets',
      sales.map((sale) => ({ labels: { sale: sale.saleId }, value: sale.activeAdmissions })),
    ),
    gauge('doorbuster_oversold_units', 'Units sold or held beyond stock: must stay 0', [
      { value: shards.reduce((units, row) => units + row.oversoldUnits, 0) },
    ]),
    counter('doorbuster_orders_total', 'Orders that reached a status', orders),
  ];
}

function gatewayFamilies(gateways: readonly GatewayNumbers[]): Family[] {
  const first = gateways[0];
  if (!first) return [];
  const series = new Map<string, HistogramSeries & { counts: number[]; sum: number }>();
  for (const { http } of gateways) {
    for (const { route, status, buckets, sumSeconds } of http.series) {
      const name = `${route} ${status}`;
      const known = series.get(name);
      if (!known) {
        series.set(name, { labels: { route, status }, counts: [...buckets], sum: sumSeconds });
        continue;
      }
      for (const [index, count] of buckets.entries()) known.counts[index]! += count;
      known.sum += sumSeconds;
    }
  }
  return [
    gauge('doorbuster_connections', 'Live sockets', [
      { value: gateways.reduce((count, gateway) => count + gateway.connections, 0) },
    ]),
    histogram('doorbuster_http_request_seconds', 'HTTP requests', first.http.bounds, [...series.values()]),
  ];
}

function backOfficeFamilies({ payments, projector }: BackOfficeNumbers): Family[] {
  const results = Object.entries(payments.results).map(([result, value]) => ({ labels: { result }, value }));
  return [
    counter('doorbuster_payments_total', 'Answers of the payment provider', results),
    histogram('doorbuster_payment_seconds', 'Calls to the payment provider', payments.seconds.bounds, [
      payments.seconds,
    ]),
    gauge('doorbuster_projection_lag_frames', 'Frames not yet in tables', [{ value: projector.frames }]),
  ];
}
