/** Money: integer minor units of an ISO 4217 currency. Amounts stay below 2^53; nothing here ever divides. */

export interface Money {
  /** Minor units (cents for USD, yen for JPY, fils for BHD). */
  readonly amount: number;
  readonly currency: string;
}

export function money(amount: number, currency: string): Money {
  return { amount, currency };
}

/** The sum of amounts in one currency; mixing currencies is a programmer error. */
export function sum(currency: string, parts: Iterable<Money>): Money {
  let amount = 0;
  for (const part of parts) {
    if (part.currency !== currency) throw new Error(`cannot add ${part.currency} to ${currency}`);
    amount += part.amount;
  }
  return { amount, currency };
}

export function times(price: Money, quantity: number): Money {
  return { amount: price.amount * quantity, currency: price.currency };
}
