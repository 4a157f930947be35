import { expect, test } from 'vitest';
import { Registration } from '../../../src/market/catalog/registration.ts';
import { Catalog } from '../../../src/market/catalog/store.ts';
import { away, rejection } from '../away.ts';

test('the catalogue is busy when the database cannot be reached', async () => {
  const list = away((database) => {
    const registration = new Registration(
      database,
      async () => ({ code: 'busy', body: null }),
      () => {},
    );
    return new Catalog(database, registration).list({ categoryIds: null });
  });
  expect(await rejection(list)).toBe('busy');
});
