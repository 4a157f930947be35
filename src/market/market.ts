/**
 * The relational marketplace behind the gateway: one pool, one noun per file. Reads and writes of people's own data and
 * of the catalogue; what is contended (stock, queues, orders) is the engine's, and here only a list of what happened.
 */
import type { Pool } from 'pg';
import { asBusy, openDatabase } from '../persistence/database.ts';
import type { Log } from '../protocol/log.ts';
import { type Addresses, createAddresses } from './accounts/addresses.ts';
import { type Accounts, createAccounts } from './accounts/store.ts';
import { type AskActor, createRegistration } from './catalog/registration.ts';
import { type Catalog, createCatalog } from './catalog/store.ts';
import { listOrders } from './orders/store.ts';
import { createPayments, type Payments } from './payments/store.ts';
import { listSales } from './sales/store.ts';

export interface Market {
  readonly accounts: Accounts;
  readonly addresses: Addresses;
  readonly catalog: Catalog;
  readonly orders: { listOrders(filter: OrderFilter): ReturnType<typeof listOrders> };
  readonly payments: Payments;
  readonly sales: { listSales(filter: PageFilter): ReturnType<typeof listSales> };
}

export interface PageFilter {
  readonly cursor?: string;
  readonly limit?: number;
}

export interface OrderFilter extends PageFilter {
  readonly buyerId: string;
  readonly status?: string;
}

export interface MarketOptions {
  readonly ask: AskActor;
  readonly log: Log;
}

const limitDefault = 20;

export function createMarket(pool: Pool, { ask, log }: MarketOptions): Market {
  const database = openDatabase(pool);
  return {
    accounts: createAccounts(database),
    addresses: createAddresses(database),
    catalog: createCatalog(database, createRegistration(database, ask, log)),
    orders: {
      listOrders: ({ buyerId, status, cursor, limit = limitDefault }) =>
        listOrders(pool, { buyerId, status: status ?? null, cursor: cursor ?? null, limit }).catch(rethrow),
    },
    payments: createPayments(database),
    sales: {
      listSales: ({ cursor, limit = limitDefault }) =>
        listSales(pool, { cursor: cursor ?? null, limit }).catch(rethrow),
    },
  };
}

function rethrow(error: unknown): never {
  throw asBusy(error);
}
