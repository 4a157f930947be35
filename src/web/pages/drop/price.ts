/** What held units come to; the order that is made of them says what counts. */
import { digitsOf } from '../../format.ts';
import type { Hold } from './state.ts';

interface Money {
  readonly amount: number;
  readonly currency: string;
}

const expressHundredths = 999;

/** Standard shipping is free, express costs 9.99 in the digits of the currency. */
export function shippingOf(method: string, currency: string): Money {
  const amount = method === 'express' ? Math.round((expressHundredths * 10 ** digitsOf(currency)) / 100) : 0;
  return { amount, currency };
}

export function totalOf(holds: readonly Hold[], method: string): Money {
  const currency = holds[0]?.unitPrice.currency ?? 'USD';
  const units = holds.reduce((sum, { unitPrice, quantity }) => sum + unitPrice.amount * quantity, 0);
  return { amount: units + shippingOf(method, currency).amount, currency };
}
