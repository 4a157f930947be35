/** The tables of rates: administrators read and replace each as a whole. Quotes go by them within 5 seconds. */
import type { TSchema } from 'typebox';
import { etagHeader, etagOf, ifMatchHeader, versionsOf } from '../../gateway/etag.ts';
import { type Identity, type Route, reply, route, type Services } from '../../gateway/route.ts';
import { checkRates } from './rate-checks.ts';
import {
  ExchangeRates,
  NewExchangeRates,
  NewShippingRates,
  NewTaxRates,
  type RateTables,
  ShippingRates,
  TaxRates,
} from './rate-schemas.ts';
import { readRateTable, replaceRateTable } from './rate-store.ts';

const tag = 'Administration';
const who = ['admin'] as const;
/** A thousand entries. */
const bodyBytesMax = 256 * 1024;

const shown = <Schema extends TSchema>(schema: Schema) => ({
  200: { description: 'The whole table', schema, headers: etagHeader },
});

async function read<Name extends keyof RateTables>({ database }: Services, name: Name) {
  const { content, version } = await readRateTable(database.query, name);
  return reply(200, content, { ETag: etagOf(version) });
}

async function replace<Name extends keyof RateTables>(
  { database }: Services,
  { accountId }: Identity,
  name: Name,
  given: RateTables[Name],
  ifMatch: string | undefined,
) {
  checkRates(name, given);
  const actor = { accountId, role: 'admin' } as const;
  const { content, version } = await database.transaction((query) =>
    replaceRateTable(query, actor, name, given, versionsOf(ifMatch)),
  );
  return reply(200, content, { ETag: etagOf(version) });
}

const readTax = route({
  method: 'GET',
  path: '/v1/tax-rates',
  operationId: 'getTaxRates',
  summary: 'What tax is added to a line, or contained in it, by place and category',
  ...{ tag, who },
  replies: shown(TaxRates),
  handle: ({ services }) => read(services, 'tax'),
});

const setTax = route({
  method: 'PUT',
  path: '/v1/tax-rates',
  operationId: 'setTaxRates',
  summary: 'Replace all tax rates',
  ...{ tag, who, bodyBytesMax },
  body: NewTaxRates,
  headers: ifMatchHeader,
  replies: shown(TaxRates),
  refusals: ['stale_version'],
  handle: ({ services, identity, headers, body }) =>
    replace(services, identity, 'tax', body, headers['if-match']),
});

const readShipping = route({
  method: 'GET',
  path: '/v1/shipping-rates',
  operationId: 'getShippingRates',
  summary: 'What each way of shipping costs, by country and weight',
  ...{ tag, who },
  replies: shown(ShippingRates),
  handle: ({ services }) => read(services, 'shipping'),
});

const setShipping = route({
  method: 'PUT',
  path: '/v1/shipping-rates',
  operationId: 'setShippingRates',
  summary: 'Replace all shipping rates',
  ...{ tag, who, bodyBytesMax },
  body: NewShippingRates,
  headers: ifMatchHeader,
  replies: shown(ShippingRates),
  refusals: ['stale_version'],
  handle: ({ services, identity, headers, body }) =>
    replace(services, identity, 'shipping', body, headers['if-match']),
});

const readExchange = route({
  method: 'GET',
  path: '/v1/exchange-rates',
  operationId: 'getExchangeRates',
  summary: 'What one of the base currency is worth in others',
  ...{ tag, who },
  replies: shown(ExchangeRates),
  handle: ({ services }) => read(services, 'exchange'),
});

const setExchange = route({
  method: 'PUT',
  path: '/v1/exchange-rates',
  operationId: 'setExchangeRates',
  summary: 'Replace all exchange rates; carts that have a currency keep the rates that they have',
  ...{ tag, who },
  body: NewExchangeRates,
  headers: ifMatchHeader,
  replies: shown(ExchangeRates),
  refusals: ['stale_version'],
  handle: ({ services, identity, headers, body }) =>
    replace(services, identity, 'exchange', body, headers['if-match']),
});

export const rateRoutes: readonly Route[] = [
  ...[readTax, setTax, readShipping, setShipping],
  ...[readExchange, setExchange],
];
