/**
 * One conditional UPDATE a request, committed with `synchronous_commit = on`. Every buyer of a hot SKU waits for the same
 * row, so more connections than these only make the queue at its lock longer.
 */
import pg from 'pg';
import type { Take } from './hold.ts';

const connectionsMax = 16;

export const createStock = `
create table if not exists bench_stock (sku text primary key, units integer not null)`;

const take = {
  name: 'take',
  text: 'update bench_stock set units = units - $2 where sku = $1 and units >= $2',
};

export function takeByUpdate(url: string): Take {
  const pool = new pg.Pool({ connectionString: url, max: connectionsMax });
  return async (sku, quantity) => (await pool.query({ ...take, values: [sku, quantity] })).rowCount === 1;
}
