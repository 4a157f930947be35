import { expect, test } from 'vitest';
import { addressFault, countries } from '../../../src/market/accounts/countries.ts';

const pathOf = (country: string, postalCode?: string, city: string | undefined = 'X') =>
  addressFault({
    country,
    ...(postalCode === undefined ? {} : { postalCode }),
    ...(city === '' ? {} : { city }),
  })?.path ?? null;

test('countries are the 249 of ISO 3166-1, each once', () => {
  expect(new Set(countries).size).toBe(249);
  for (const unknown of ['ZZ', 'XX', 'AA', 'UK', 'EU', 'QM', 'XK', 'AN', 'us'])
    expect(countries).not.toContain(unknown);
});

test('a postal code that cannot be one of its country is refused', () => {
  for (const [country, ...postalCodes] of [
    ['US', '62701', '62701-1234'],
    ['GB', 'SW1A 1AA', 'sw1a1aa', 'M1 1AE', 'YO1', 'GIR 0AA'],
    ['DE', '10115', 'D-10115'],
    ['NL', '1012 AB', '1012AB'],
    ['CA', 'K1A 0B1', 'k1a0b1'],
    ['JP', '100-0001', '1000001'],
    ['BR', '01310-100'],
    ['PL', '00-001'],
    ['SE', '111 22', '11122'],
    ['IE', 'D02 AF30'],
    ['SG', '018956'],
    ['HK', '999077'],
    ['AQ', 'anything'],
  ] as [string, ...string[]][])
    for (const code of postalCodes)
      expect([country, code, pathOf(country, code)]).toEqual([country, code, null]);
  for (const [country, ...postalCodes] of [
    ['US', 'K1A 0B1', '6270', '627011', 'ABCDE'],
    ['GB', '62701', 'SW1A 1A'],
    ['DE', '1011', '101155', 'SW1A 1AA'],
    ['NL', '0012 AB', '1012'],
    ['CA', '62701', 'D1A 0B1'],
    ['JP', '100'],
    ['SG', '1234'],
  ] as [string, ...string[]][])
    for (const code of postalCodes)
      expect([country, code, pathOf(country, code)]).toEqual([country, code, '/postalCode']);
});

test('a city and a postal code may be absent where the country has none, and nowhere else', () => {
  for (const country of ['HK', 'AE', 'MO', 'QA']) expect([country, pathOf(country)]).toEqual([country, null]);
  for (const country of ['SG', 'MC', 'HK'])
    expect([country, pathOf(country, undefined, '')]).not.toEqual([country, '/city']);
  expect(pathOf('SG', '018956', '')).toBeNull();
  for (const country of ['US', 'DE', 'GB', 'SG'])
    expect([country, pathOf(country)]).toEqual([country, '/postalCode']);
  for (const country of ['US', 'DE', 'AE'])
    expect([country, pathOf(country, '12345', '')]).toEqual([country, '/city']);
});
