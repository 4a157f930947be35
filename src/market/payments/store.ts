/** Which order a payment belongs to (the order's actor knows everything else about it), and how far the provider's events are read. */
import type { Database } from '../../persistence/database.ts';

export async function orderOfPayment(database: Database, paymentId: string): Promise<string | null> {
  const [row] = await database.query<{ order_id: string }>(
    'SELECT order_id FROM payments WHERE payment_id = $1',
    [paymentId],
  );
  return row?.order_id ?? null;
}

/** In milliseconds of the provider's time; null when its events were never read. */
export async function eventsReadSince(database: Database): Promise<number | null> {
  const [row] = await database.query<{ since: number }>(
    'SELECT (extract(epoch FROM since) * 1000)::float8 AS since FROM provider_events_read',
  );
  return row?.since ?? null;
}

/** Only ever forward: another reader may be further. */
export async function keepEventsRead(database: Database, sinceMs: number): Promise<void> {
  await database.query(
    `INSERT INTO provider_events_read (since) VALUES (to_timestamp($1::float8 / 1000))
     ON CONFLICT (is_only) DO UPDATE SET since = GREATEST(provider_events_read.since, EXCLUDED.since)`,
    [sinceMs],
  );
}
