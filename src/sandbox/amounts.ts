/** What the provider refuses of an amount and a currency: in its own units, with its own codes. */
import { currencies, fromProvider, providerAmount } from '../protocol/currencies.ts';
import { amountMax, integer, invalid, type Params, required } from './call.ts';

/** The charge that a call asks for; the currency in lower case, as the provider writes it. */
export function chargeOf(params: Params): { amount: number; currency: string } {
  required(params, 'amount');
  const amount = integer(params, 'amount', 0, 1, amountMax);
  const currency = required(params, 'currency').toLowerCase();
  const rules = currencies.get(currency.toUpperCase());
  if (rules === undefined) {
    const known = [...currencies.keys()].join(', ').toLowerCase();
    throw invalid(`Invalid currency: ${currency}. These currencies are supported: ${known}`, {
      param: 'currency',
    });
  }
  refuseFraction(amount, currency, 'amount');
  const bound = (minor: number) => providerAmount({ amount: minor, currency: currency.toUpperCase() });
  const { least, greatest } = rules;
  if (amount < bound(least))
    throw invalid(`Amount must be at least ${bound(least)} ${currency}`, {
      code: 'amount_too_small',
      param: 'amount',
    });
  if (amount > bound(greatest))
    throw invalid(`Amount must be no more than ${bound(greatest)} ${currency}`, {
      code: 'amount_too_large',
      param: 'amount',
    });
  return { amount, currency };
}

/** Some currencies are counted with more digits than can be charged: those must be 0. */
export function refuseFraction(amount: number, currency: string, param: string): void {
  const ours = fromProvider(amount, currency);
  const step = currencies.get(ours.currency)?.step ?? 1;
  if (providerAmount(ours) !== amount || ours.amount % step !== 0)
    throw invalid(`Invalid amount: ${amount} ${currency} cannot be charged, its last digits must be 0`, {
      code: 'invalid_charge_amount',
      param,
    });
}
