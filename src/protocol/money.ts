/** Money: integer minor units of an ISO 4217 currency. Amounts stay below 2^53; nothing here ever divides. */

export interface Money {
  /** Minor units (cents for USD, yen for JPY, fils for BHD). */
  readonly amount: number;
  readonly currency: string;
}

/** Currencies whose minor unit is not two digits (ISO 4217, list one). */
const digitsByCurrency: Readonly<Record<string, number>> = {
  BIF: 0,
  CLP: 0,
  DJF: 0,
  GNF: 0,
  ISK: 0,
  JPY: 0,
  KMF: 0,
  KRW: 0,
  PYG: 0,
  RWF: 0,
  UGX: 0,
  VND: 0,
  VUV: 0,
  XAF: 0,
  XOF: 0,
  XPF: 0,
  BHD: 3,
  IQD: 3,
  JOD: 3,
  KWD: 3,
  LYD: 3,
  OMR: 3,
  TND: 3,
};

/** Digits after the decimal point of the currency's major unit. */
export function minorDigits(currency: string): number {
  return digitsByCurrency[currency] ?? 2;
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
