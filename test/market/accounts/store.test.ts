import { expect, test } from 'vitest';
import { Passwords } from '../../../src/market/accounts/passwords.ts';
import { Accounts } from '../../../src/market/accounts/store.ts';
import type { Database } from '../../../src/persistence/database.ts';
import { away, rejection } from '../away.ts';

const who = { accountId: 'acc_018f0000-0000-7000-8000-000000000001', roles: ['guest'] } as const;
const accountsIn = (database: Database) =>
  new Accounts(
    { database, tokenSecret: 'a secret of this test', publicUrl: 'http://shop.test' },
    new Passwords(),
    null,
  );

test('accounts are busy when the database cannot be reached', async () => {
  expect(await rejection(away((database) => accountsIn(database).read(who)))).toBe('busy');
  expect(await rejection(away((database) => accountsIn(database).rename(who, 'x')))).toBe('busy');
});
