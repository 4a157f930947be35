/**
 * How the market talks to PostgreSQL: a database that is away, full or late is `busy` for the caller, who may retry;
 * everything else that goes wrong is a bug and stays an exception.
 */
import type { Pool, QueryConfig, QueryResultRow } from 'pg';
import { DoorbusterError } from '../protocol/errors.ts';
import { inTransaction } from './transaction.ts';

export interface Database {
  readonly query: Query;
  /** All or nothing. */
  transaction<Result>(work: (query: Query) => Promise<Result>): Promise<Result>;
}

/** `name`: each connection prepares the statement once under it; for few texts that come often. */
export type Query = <Row extends QueryResultRow>(
  text: string,
  values?: readonly unknown[],
  name?: string,
) => Promise<Row[]>;

/** SQLSTATE classes and codes of a server that is away, out of resources, cancelled us, or broke a deadlock. */
const passingStates = /^(?:08|53|57|58|40001|40P01|25P03|55P03)/;
const passingErrors = /^(?:E[A-Z]+)$/;
const passingMessages = /timeout|terminated|connection|not queryable/i;

/** What callers are told of an error of the driver's. */
export function asBusy(error: unknown): unknown {
  if (error instanceof DoorbusterError || !(error instanceof Error)) return error;
  const state = (error as { code?: string }).code ?? '';
  const isPassing =
    passingStates.test(state) ||
    passingErrors.test(state) ||
    (state === '' && passingMessages.test(error.message));
  return isPassing ? new DoorbusterError('busy', 'The database did not answer in time: try again') : error;
}

/** `explain`: what is thrown of an error. */
export function openDatabase(pool: Pool, explain: (error: unknown) => unknown = asBusy): Database {
  return {
    async query(text, values = [], name) {
      try {
        return (await pool.query(configOf(text, values, name))).rows as never;
      } catch (error) {
        throw explain(error);
      }
    },
    async transaction(work) {
      try {
        return await inTransaction(pool, (client) =>
          work(
            async (text, values = [], name) =>
              (await client.query(configOf(text, values, name))).rows as never,
          ),
        );
      } catch (error) {
        throw explain(error);
      }
    },
  };
}

function configOf(text: string, values: readonly unknown[], name: string | undefined): QueryConfig {
  const config = { text, values: values as unknown[] };
  return name === undefined ? config : { ...config, name };
}

/** Whether a statement broke this unique index. */
export function isTaken(error: unknown, index: string): boolean {
  const { code, constraint } = error as { code?: string; constraint?: string };
  return code === '23505' && constraint === index;
}
