/** The rates that a server has before an administrator sets any: those of `RATES_FILE`, else the sample's. */
import { readFile } from 'node:fs/promises';
import type { Pool } from 'pg';
import { compileCheck } from '../../gateway/check.ts';
import { openDatabase } from '../../persistence/database.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import type { Log } from '../../protocol/log.ts';
import { checkRates } from './rate-checks.ts';
import { RatesFile, type RateTables } from './rate-schemas.ts';
import { setFirstRates } from './rate-store.ts';

/** Throws one line that says what is wrong with the file. */
async function readRatesFile(path: string): Promise<Partial<RateTables>> {
  try {
    const file = compileCheck(RatesFile, 'The file')(JSON.parse(await readFile(path, 'utf8'))) as RatesFile;
    const { taxRates: tax, shippingRates: shipping, exchangeRates: exchange } = file;
    if (tax !== undefined) checkRates('tax', tax);
    if (shipping !== undefined) checkRates('shipping', shipping);
    if (exchange !== undefined) checkRates('exchange', exchange);
    return {
      ...(tax !== undefined && { tax }),
      ...(shipping !== undefined && { shipping }),
      ...(exchange !== undefined && { exchange }),
    };
  } catch (error) {
    throw new Error(`RATES_FILE ${path}: ${reasonOf(error)}`);
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof DoorbusterError)) return error instanceof Error ? error.message : String(error);
  const { errors } = error.details as { errors?: readonly { path: string; message: string }[] };
  return errors?.map(({ path, message }) => `${path} ${message}`).join('; ') ?? error.message;
}

const anywhere = { method: 'standard', country: '*', minDays: 3, maxDays: 5 } as const;
const states = { CA: '0.0725', NY: '0.04', TX: '0.0625', WA: '0.065' };
const contained = { DE: '0.19', ES: '0.21', FR: '0.2', GB: '0.2', IT: '0.22', JP: '0.1' };

/** Of the sample shop: near to what is usual, and no advice. */
const sampleRates: RateTables = {
  tax: {
    items: [
      ...Object.entries(states).map(([state, rate]) => ({ country: 'US', state, rate, inclusive: false })),
      ...Object.entries(contained).map(([country, rate]) => ({ country, rate, inclusive: true })),
    ],
  },
  shipping: {
    items: [
      { ...anywhere, amount: { amount: 0, currency: 'USD' } },
      {
        ...{ method: 'express', country: '*', minDays: 1, maxDays: 2 },
        amount: { amount: 999, currency: 'USD' },
      },
    ],
  },
  exchange: { base: 'USD', rates: { EUR: '0.9', GBP: '0.78', JPY: '150', CHF: '0.88', BHD: '0.376' } },
};

/** Sets the tables that nobody has set yet. */
export async function keepFirstRates(
  pool: Pool,
  { ratesFile, hasSample }: { readonly ratesFile: string | null; readonly hasSample: boolean },
  log: Log,
): Promise<void> {
  const tables = ratesFile === null ? (hasSample ? sampleRates : {}) : await readRatesFile(ratesFile);
  const set = await setFirstRates(openDatabase(pool).query, tables);
  if (ratesFile !== null) log('info', 'rates of the file', { set, before: 'tables that were set are kept' });
}
