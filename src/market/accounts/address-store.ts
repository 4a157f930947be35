/**
 * An account's saved shipping addresses. One of them is the default: the first one, or the one that was made it last;
 * when it goes, the oldest of the others.
 */
import { invalid } from '../../gateway/handling.ts';
import { perGateway } from '../../gateway/route.ts';
import { limitDefault } from '../../gateway/schemas.ts';
import { decodeCursor, idPart, type PageFilter, pageOf } from '../../persistence/cursor.ts';
import type { Database, Query } from '../../persistence/database.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { addressFault } from './countries.ts';
import { type AccountRef, keepGuest } from './guest-store.ts';
import type { AddressChange, NewAddress, NewSavedAddress, SavedAddress } from './schemas.ts';

interface Row {
  address_id: string;
  name: string;
  line1: string;
  line2: string | null;
  city: string;
  state: string | null;
  postal_code: string;
  country: string;
  is_default: boolean;
}

const addressesMax = 100;

const fromRow = (row: Row): SavedAddress => ({
  addressId: row.address_id,
  name: row.name,
  line1: row.line1,
  ...(row.line2 === null ? {} : { line2: row.line2 }),
  ...(row.city === '' ? {} : { city: row.city }),
  ...(row.state === null ? {} : { state: row.state }),
  ...(row.postal_code === '' ? {} : { postalCode: row.postal_code }),
  country: row.country,
  isDefault: row.is_default,
});

/** No other address of the account is the default from now on. */
async function clearDefault(query: Query, accountId: string): Promise<void> {
  await query('UPDATE addresses SET is_default = false WHERE account_id = $1 AND is_default', [accountId]);
}

/** The oldest is the default if none is. */
async function settleDefault(query: Query, accountId: string): Promise<void> {
  await query(
    `UPDATE addresses SET is_default = true
     WHERE address_id = (SELECT address_id FROM addresses WHERE account_id = $1 ORDER BY address_id LIMIT 1)
       AND NOT EXISTS (SELECT 1 FROM addresses WHERE account_id = $1 AND is_default)`,
    [accountId],
  );
}

/** All of them. */
export async function listAddressesOf(query: Query, accountId: string): Promise<SavedAddress[]> {
  const rows = await query<Row>('SELECT * FROM addresses WHERE account_id = $1 ORDER BY address_id', [
    accountId,
  ]);
  return rows.map(fromRow);
}

/** The columns of a city and a postal code are older than addresses without them: empty says that there is none. */
const valuesOf = (address: NewAddress) => [
  address.name,
  address.line1,
  address.line2 ?? null,
  address.city ?? '',
  address.state ?? null,
  address.postalCode ?? '',
  address.country,
];

/** Refuses with `validation_failed` what no address of its country can be. */
export function checkAddress(address: NewAddress, path = ''): void {
  const fault = addressFault(address);
  if (fault !== null) invalid(path + fault.path, fault.message);
}

const notFound = () => new DoorbusterError('not_found', 'No such address');

class Addresses {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async list(accountId: string, { cursor, limit = limitDefault }: PageFilter) {
    const [afterId] = decodeCursor(cursor, 'addresses', [idPart('address')]) ?? [null];
    const rows = await this.#database.query<Row>(
      `SELECT * FROM addresses WHERE account_id = $1 AND ($2::text IS NULL OR address_id > $2)
       ORDER BY address_id LIMIT $3`,
      [accountId, afterId, limit + 1],
    );
    const page = pageOf(rows, limit, 'addresses', (row) => [row.address_id]);
    return { items: page.rows.map(fromRow), nextCursor: page.nextCursor };
  }

  /** Refuses with `not_found`. */
  async read(accountId: string, addressId: string): Promise<SavedAddress> {
    const [row] = await this.#database.query<Row>(
      'SELECT * FROM addresses WHERE address_id = $1 AND account_id = $2',
      [addressId, accountId],
    );
    if (!row) throw notFound();
    return fromRow(row);
  }

  /** The same id again changes nothing. Refuses with `wrong_state` when the account has its fill. */
  async add(who: AccountRef, addressId: string, address: NewSavedAddress): Promise<SavedAddress> {
    checkAddress(address);
    const { accountId } = who;
    return this.#database.transaction(async (query) => {
      await keepGuest(query, who);
      await lockAccount(query, accountId);
      const [kept] = await query<Row>('SELECT * FROM addresses WHERE address_id = $1 AND account_id = $2', [
        addressId,
        accountId,
      ]);
      if (kept) return fromRow(kept);
      if (address.isDefault) await clearDefault(query, accountId);
      const [row] = await query<Row>(
        `INSERT INTO addresses (address_id, account_id, name, line1, line2, city, state, postal_code, country, is_default)
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9,
           NOT EXISTS (SELECT 1 FROM addresses WHERE account_id = $2 AND is_default)
         WHERE (SELECT count(*) FROM addresses WHERE account_id = $2) < $10 RETURNING *`,
        [addressId, accountId, ...valuesOf(address), addressesMax],
      );
      if (!row) throw new DoorbusterError('wrong_state', `An account may keep ${addressesMax} addresses`);
      return fromRow(row);
    });
  }

  change(accountId: string, addressId: string, change: AddressChange): Promise<SavedAddress> {
    return this.#database.transaction(async (query) => {
      await lockAccount(query, accountId);
      const [before] = await query<Row>(
        'SELECT * FROM addresses WHERE address_id = $1 AND account_id = $2 FOR UPDATE',
        [addressId, accountId],
      );
      if (!before) throw notFound();
      const after = { ...fromRow(before), ...change };
      checkAddress(after);
      // The default goes to another one; it is not just taken away.
      const isDefault = before.is_default || (change.isDefault ?? false);
      if (isDefault && !before.is_default) await clearDefault(query, accountId);
      const [row] = await query<Row>(
        `UPDATE addresses SET name = $2, line1 = $3, line2 = $4, city = $5, state = $6, postal_code = $7, country = $8,
           is_default = $9 WHERE address_id = $1 RETURNING *`,
        [addressId, ...valuesOf(after), isDefault],
      );
      return fromRow(row!);
    });
  }

  async remove(accountId: string, addressId: string): Promise<void> {
    await this.#database.transaction(async (query) => {
      await lockAccount(query, accountId);
      const removed = await query(
        'DELETE FROM addresses WHERE address_id = $1 AND account_id = $2 RETURNING 1',
        [addressId, accountId],
      );
      if (removed.length === 0) throw notFound();
      await settleDefault(query, accountId);
    });
  }
}

/** Two requests at once cannot both take the last place, or both make the default. */
async function lockAccount(query: Query, accountId: string): Promise<void> {
  await query('SELECT 1 FROM accounts WHERE account_id = $1 FOR UPDATE', [accountId]);
}

export const addressesOf = perGateway(({ database }) => new Addresses(database));
