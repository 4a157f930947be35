/** Keys of accounts: what is sealed under one opens under that one alone, for its place alone, while it exists. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AccountKey, AccountKeys } from '../../src/gateway/account-keys.ts';
import { type Database, openDatabase } from '../../src/persistence/database.ts';
import { type TestDatabase, testDatabase } from '../persistence/support.ts';

describe('a key', () => {
  const key = new AccountKey(Buffer.alloc(32, 1));
  const other = new AccountKey(Buffer.alloc(32, 2));
  const text = '{"name":"Ada","line1":"1 Main Street"}';

  test('opens what it sealed for this place, and nobody reads it without', () => {
    const sealed = key.seal('ord_1', text);
    expect(Buffer.from(sealed, 'base64').toString('latin1')).not.toMatch(/Ada|Main/);
    expect(key.open('ord_1', sealed)).toBe(text);
    expect(key.open('ord_2', sealed)).toBeNull();
    expect(other.open('ord_1', sealed)).toBeNull();
  });

  test('seals the same to the same, because a repeated command is the same command, and nothing else', () => {
    expect(key.seal('ord_1', text)).toBe(key.seal('ord_1', text));
    const sealings = [key.seal('ord_2', text), key.seal('ord_1', `${text} `), other.seal('ord_1', text)];
    // The nonces differ, too: no two texts are sealed under one.
    const nonces = [key.seal('ord_1', text), ...sealings].map((sealed) => sealed.slice(0, 16));
    expect(new Set(nonces).size).toBe(4);
  });

  test('opens nothing that was changed or cut', () => {
    const sealed = Buffer.from(key.seal('ord_1', text), 'base64');
    for (let at = 0; at < sealed.length; at++) {
      const changed = Buffer.from(sealed);
      changed[at]! ^= 1;
      expect(key.open('ord_1', changed.toString('base64'))).toBeNull();
    }
    for (const cut of ['', 'AAAA', sealed.subarray(0, 28).toString('base64')])
      expect(key.open('ord_1', cut)).toBeNull();
  });
});

describe('keys of accounts', () => {
  let stores: TestDatabase;
  let database: Database;
  let statements = 0;
  let isAway = false;
  const counted = (): Pick<Database, 'query'> => ({
    query: (text, values) => {
      statements++;
      return isAway ? Promise.reject(new Error('away')) : database.query(text, values);
    },
  });
  beforeAll(async () => {
    stores = await testDatabase();
    database = openDatabase(stores.pool);
  });
  afterAll(() => stores.close());

  test('are made once, whoever is first, and all of a turn by one statement', async () => {
    const [one, two] = [new AccountKeys(counted()), new AccountKeys(counted())];
    const names = Array.from({ length: 20 }, (_, n) => `acc_${n}`);
    statements = 0;
    const made = await Promise.all(names.map((name) => one.ensure(name)));
    expect(statements).toBe(1);
    const again = await Promise.all([...names.map((name) => two.ensure(name)), two.ensure('acc_new')]);
    expect(again[3]!.open('x', made[3]!.seal('x', 'text'))).toBe('text');
    expect(again[3]!.open('x', made[4]!.seal('x', 'text'))).toBeNull();
    // What is remembered costs nothing.
    statements = 0;
    expect(await one.ensure('acc_3')).toBe(made[3]);
    expect(one.recall('acc_3')).toBe(made[3]);
    expect(statements).toBe(0);
  });

  test('made by two at once are one', async () => {
    const all = Array.from({ length: 8 }, () => new AccountKeys(database));
    const keys = await Promise.all(all.map((each) => each.ensure('acc_raced')));
    const sealed = keys[0]!.seal('x', 'text');
    expect(keys.map((key) => key!.open('x', sealed))).toEqual(Array(8).fill('text'));
  });

  test('that were deleted are found no more', async () => {
    const key = await new AccountKeys(database).ensure('acc_gone');
    expect(key).not.toBeNull();
    await stores.pool.query(`DELETE FROM account_keys WHERE account_id = 'acc_gone'`);
    expect(await new AccountKeys(database).find('acc_gone')).toBeNull();
    expect(await new AccountKeys(database).find('acc_never')).toBeNull();
  });

  test('are null while the table is away, which is asked for once', async () => {
    const keys = new AccountKeys(counted());
    isAway = true;
    statements = 0;
    expect(await keys.ensure('acc_1')).toBeNull();
    expect(await keys.ensure('acc_2')).toBeNull();
    expect(statements).toBe(1);
    isAway = false;
  });
});
