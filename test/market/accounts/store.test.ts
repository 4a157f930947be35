import { expect, test } from 'vitest';
import { Accounts } from '../../../src/market/accounts/store.ts';
import { away, rejection } from '../away.ts';

const who = { accountId: 'acc_018f0000-0000-7000-8000-000000000001', roles: ['guest'] } as const;
const secret = 'a secret of this test';

test('accounts are busy when the database cannot be reached', async () => {
  expect(await rejection(away((database) => new Accounts(database, secret).read(who)))).toBe('busy');
  expect(await rejection(away((database) => new Accounts(database, secret).rename(who, 'x')))).toBe('busy');
});
