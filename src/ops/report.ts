/** From the threads' numbers to metric families. */

import { secondsBounds } from '../gateway/http-metrics.ts';
import { commitBucketsSeconds, type ShardStatsRow } from '../runtime/statistics.ts';
import {
  counter,
  type Family,
  gauge,
  type HistogramSeries,
  histogram,
  type Sample,
  summary,
} from './metrics.ts';

/** Of a gateway's numbers, those shown here. */
export interface GatewayNumbers {
  readonly live: { readonly connections: number };
  readonly http: { readonly openRequests: number; readonly routes: readonly RouteNumbers[] };
}

export interface RouteNumbers {
  readonly route: string;
  readonly status: number;
  /** Answers at or under each bound of `secondsBounds`, then those above the last. */
  readonly buckets: readonly number[];
  readonly sumSeconds: number;
}

/** Of the back office's numbers, those shown here. */
export interface BackOfficeNumbers {
  readonly payments: {
    readonly results: readonly {
      readonly type: string;
      readonly code: string;
      readonly count: number;
      readonly seconds: number;
    }[];
    readonly open: number;
    readonly breaker: string;
  };
  readonly projector: { readonly frames: number; readonly halted: readonly { readonly reason: string }[] };
  readonly stock: { readonly mismatches: number; readonly compared: number };
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
      'doorbuster_journal_frames_restored_total',
      'Acknowledged frames that the journal had lost and that were written again',
      perShard(shards, (r) => r.restoredFrames),
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
      'doorbuster_journal_silent_seconds',
      'How long the journal has not answered',
      perShard(shards, (r) => r.journalSilentMs / 1000),
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
  const series = new Map<string, HistogramSeries & { counts: number[]; sum: number }>();
  for (const { route, status, buckets, sumSeconds } of gateways.flatMap(({ http }) => http.routes)) {
    const name = `${route} ${status}`;
    const known = series.get(name);
    if (!known) {
      series.set(name, { labels: { route, status }, counts: [...buckets], sum: sumSeconds });
      continue;
    }
    for (const [index, count] of buckets.entries()) known.counts[index]! += count;
    known.sum += sumSeconds;
  }
  const sum = (number: (gateway: GatewayNumbers) => number) => [
    { value: gateways.reduce((total, gateway) => total + number(gateway), 0) },
  ];
  return [
    gauge(
      'doorbuster_connections',
      'Live sockets',
      sum(({ live }) => live.connections),
    ),
    gauge(
      'doorbuster_http_open_requests',
      'HTTP requests being answered',
      sum(({ http }) => http.openRequests),
    ),
    histogram('doorbuster_http_request_seconds', 'HTTP requests', secondsBounds, [...series.values()]),
  ];
}

function backOfficeFamilies({ payments, projector, stock }: BackOfficeNumbers): Family[] {
  const results = payments.results.map(({ type, code, count }) => ({
    labels: { type, result: code },
    value: count,
  }));
  const seconds = payments.results.flatMap(({ type, code, count, seconds: total }) => [
    { metricName: 'doorbuster_payment_seconds_sum', labels: { type, result: code }, value: total },
    { metricName: 'doorbuster_payment_seconds_count', labels: { type, result: code }, value: count },
  ]);
  return [
    counter('doorbuster_payments_total', 'Final answers of the payment provider', results),
    summary('doorbuster_payment_seconds', 'From an order asking to the final answer', seconds),
    gauge('doorbuster_payments_open', 'Payment commands without an answer yet', [{ value: payments.open }]),
    gauge('doorbuster_payment_breaker_open', '1 while the provider is given a rest', [
      { value: payments.breaker === 'closed' ? 0 : 1 },
    ]),
    gauge('doorbuster_projection_lag_frames', 'Frames not yet in tables', [{ value: projector.frames }]),
    gauge('doorbuster_inventory_mismatch', 'SKUs whose stock level differs from their actor: must stay 0', [
      { value: stock.mismatches },
    ]),
    gauge('doorbuster_inventory_compared', 'SKUs compared in the latest round of the stock watch', [
      { value: stock.compared },
    ]),
    gauge('doorbuster_projections_halted', 'Partitions whose projection needs help', [
      { value: projector.halted.length },
    ]),
  ];
}
