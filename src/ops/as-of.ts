/**
 * Table rows as of a chosen frame: read at the checkpoint where the projection stands, and carried on in memory with
 * the frames after it by the projection's own folds. Nothing is written.
 */
import type pg from 'pg';
import type { OrderEvent } from '../actors/order/events.ts';
import type { SkuEvent } from '../actors/sku/events.ts';
import {
  foldStock,
  type StockRow,
  projection as stockProjection,
  stockTable,
} from '../market/inventory/projection.ts';
import { lineTable } from '../market/orders/lines.ts';
import { type PaymentRow, paymentTable } from '../market/orders/payment-rows.ts';
import { foldOrder } from '../market/orders/projection.ts';
import { type OrderRows, orderTable } from '../market/orders/rows.ts';
import { takes } from '../persistence/projection.ts';
import { inTransaction } from '../persistence/transaction.ts';
import type { JournalRecord } from '../protocol/frame.ts';

export interface TableRows {
  readonly stock: Map<string, StockRow>;
  readonly orders: Map<string, OrderRows>;
}

interface WantedKeys {
  readonly skus: readonly string[];
  readonly orderIds: readonly string[];
}

const keysPerQuery = 5_000;

const checkpointText = `SELECT coalesce(min(seq), 0)::float8 AS seq FROM projection_checkpoints WHERE partition = $1`;
const paymentsText = `SELECT ${paymentTable.selection} FROM payments WHERE order_id = ANY($1)`;

/**
 * All rows are of one moment: the one at which the partition's projection had taken in frame `seq`. `keysAt` is told
 * that number and answers with the rows to read; it is called inside the transaction and must not take long.
 */
export async function readRows(
  pool: pg.Pool,
  partition: number,
  keysAt: (seq: number) => Promise<WantedKeys>,
): Promise<{ seq: number; rows: TableRows }> {
  return inTransaction(
    pool,
    async (client) => {
      const { seq } = (await client.query<{ seq: number }>(checkpointText, [partition])).rows[0]!;
      const { skus, orderIds } = await keysAt(seq);
      const rows: TableRows = { stock: new Map(), orders: new Map() };
      for (const keys of chunks(skus))
        for (const row of await stockTable.load(client, keys)) rows.stock.set(row.sku, row);
      for (const keys of chunks(orderIds)) await loadOrders(client, keys, rows.orders);
      return { seq, rows };
    },
    { isolation: 'repeatable read', isReadOnly: true },
  );
}

async function loadOrders(
  client: pg.ClientBase,
  orderIds: readonly string[],
  into: Map<string, OrderRows>,
): Promise<void> {
  for (const order of await orderTable.load(client, orderIds))
    into.set(order.orderId, { order, lines: [], payments: new Map() });
  for (const line of await lineTable.load(client, orderIds)) into.get(line.orderId)?.lines.push(line);
  const { rows } = await client.query<PaymentRow>(paymentsText, [orderIds]);
  for (const payment of rows) into.get(payment.orderId)?.payments.set(payment.paymentId, payment);
}

function* chunks(keys: readonly string[]): Generator<readonly string[]> {
  for (let from = 0; from < keys.length; from += keysPerQuery) yield keys.slice(from, from + keysPerQuery);
}

/** Carries the rows on with one frame's records, as the projection would. Throws ProjectionBroken where it would halt. */
export function foldRows(rows: TableRows, records: readonly JournalRecord[]): void {
  for (const { kind, key, event } of records) {
    if (takes(stockProjection, { kind, key, event }))
      rows.stock.set(key, foldStock(rows.stock.get(key), key, event as SkuEvent));
    if (kind === 'order') rows.orders.set(key, foldOrder(rows.orders.get(key), key, event as OrderEvent));
  }
}

/** Every key that has a row, in portions. */
export async function* keysInTables(
  pool: pg.Pool,
): AsyncGenerator<{ kind: 'sku' | 'order'; keys: string[] }> {
  for (const [kind, table, column] of [
    ['sku', 'stock_levels', 'sku'],
    ['order', 'orders', 'order_id'],
  ] as const) {
    for (let after = ''; ; ) {
      const { rows } = await pool.query<{ key: string }>(
        `SELECT ${column} AS key FROM ${table} WHERE ${column} > $1 ORDER BY ${column} LIMIT $2`,
        [after, keysPerQuery],
      );
      if (rows.length > 0) yield { kind, keys: rows.map((row) => row.key) };
      if (rows.length < keysPerQuery) break;
      after = rows.at(-1)!.key;
    }
  }
}
