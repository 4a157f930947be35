/**
 * What the shop needs of a database session, checked once before anything is written.
 *
 * 1. A connection is one session for as long as it lives: statements are prepared on it, the migration's lock belongs
 *    to it, its time limits are set on it (postgres.ts). A pooler in transaction mode hands each transaction to another
 *    session; so two connections that are given the same one betray it.
 * 2. The database takes writes.
 */
import pg from 'pg';
import { DoorbusterError } from '../protocol/errors.ts';
import { connectTimeoutMs, placeOf } from './postgres.ts';

const queryTimeoutMs = 3_000;
/** SQLSTATE protocol_violation: what poolers answer to what they do not pass on. */
const protocolViolation = '08P01';

const pooled = (url: string, how: string) =>
  new DoorbusterError(
    'wrong_state',
    `DATABASE_URL leads to a pooler in transaction mode at ${placeOf(url)} (${how}): ` +
      'connect to PostgreSQL itself, or to a pooler in session mode',
  );

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'doorbuster-check',
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: queryTimeoutMs,
  });
  client.on('error', () => {});
  await client.connect();
  return client;
}

async function backendOf(client: pg.Client): Promise<number> {
  return (await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]!.pid;
}

/** Throws what the trouble is, in one line without a password. */
export async function checkSession(url: string): Promise<void> {
  const clients: pg.Client[] = [];
  const open = async () => {
    const client = await connect(url);
    clients.push(client);
    return client;
  };
  try {
    const one = await open();
    const other = await open();
    const before = await backendOf(one);
    await other.query('begin');
    const meanwhile = await backendOf(other);
    if (meanwhile === before || (await backendOf(one)) !== before)
      throw pooled(url, 'two connections share a session');
    await other.query('rollback');
    const { rows } = await one.query('select pg_is_in_recovery() as is_standby');
    if (rows[0].is_standby)
      throw new DoorbusterError(
        'wrong_state',
        `the database at ${placeOf(url)} is a standby and takes no writes`,
      );
  } catch (error) {
    throw explained(url, error);
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
}

function explained(url: string, error: unknown): Error {
  if (error instanceof DoorbusterError) return error;
  const { message, code } = error as NodeJS.ErrnoException;
  if (code === protocolViolation) return pooled(url, message);
  return new DoorbusterError('busy', `PostgreSQL at ${placeOf(url)}: ${message || code}`);
}
