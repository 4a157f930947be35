/**
 * The currencies that can be sold: ISO 4217 codes in use that the payment provider charges, with its rules for each.
 *
 * Sources: ISO 4217 list one (digits of the minor unit) and the provider's page "Supported currencies" (docs.stripe.com/currencies:
 * presentment currencies, zero-decimal and three-decimal currencies, special cases, minimum and maximum charge amounts).
 *
 * 1. Our amounts are ISO minor units; the provider's are its own. They differ in three currencies: it counts ISK and UGX, which
 *    have no minor unit, with two decimals that must be 00, and MGA, which has two digits, in whole ariary.
 * 2. Amounts become the provider's, and the provider's become ours, in this file only.
 * 3. The smallest charge is known where the provider publishes it. Elsewhere it depends on the rate to the account's settlement
 *    currency, which nobody knows here: there it is one step.
 */
import type { Money } from './money.ts';

interface Currency {
  /** Digits after the decimal point of the major unit. */
  readonly digits: number;
  /** Amounts are multiples of it; `step`, `least` and `greatest` are ISO minor units. */
  readonly step: number;
  readonly least: number;
  readonly greatest: number;
  /** The provider's amount is ours times this. */
  readonly factor: number;
}

const codes =
  `AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF CLP CNY
COP CRC CVE CZK DJF DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR ISK JMD JOD JPY
KES KGS KHR KMF KRW KWD KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR
NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SEK SGD SHP SLE SOS SRD SZL THB TJS TND TOP TRY TTD TWD
TZS UAH UGX USD UYU UZS VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW`.split(/\s/);

/** ISO 4217: how many digits the minor unit has; two where nothing is said. */
const digitsByCode: Readonly<Record<string, number>> = {
  ...{ BIF: 0, CLP: 0, DJF: 0, GNF: 0, ISK: 0, JPY: 0, KMF: 0, KRW: 0, PYG: 0, RWF: 0 },
  ...{ UGX: 0, VND: 0, VUV: 0, XAF: 0, XOF: 0, XPF: 0 },
  ...{ BHD: 3, JOD: 3, KWD: 3, OMR: 3, TND: 3 },
};

/** Where the provider counts otherwise than ISO 4217. */
const providerDigitsByCode: Readonly<Record<string, number>> = { ISK: 2, UGX: 2, MGA: 0 };

/** The last digit of a three-decimal amount must be 0. */
const threeDecimalStep = 10;

/** The smallest charge, in the provider's units. */
const providerLeastByCode: Readonly<Record<string, number>> = {
  ...{
    AED: 200,
    ARS: 50,
    AUD: 50,
    BRL: 50,
    CAD: 50,
    CHF: 50,
    COP: 50,
    CZK: 1_500,
    DKK: 250,
    EUR: 50,
    GBP: 30,
  },
  ...{ HKD: 400, HUF: 17_500, IDR: 50, ILS: 50, INR: 50, JPY: 50, KRW: 50, MXN: 1_000, MYR: 200, NOK: 300 },
  ...{ NZD: 50, PHP: 50, PLN: 200, RON: 200, RUB: 50, SEK: 300, SGD: 50, THB: 1_000, USD: 50, ZAR: 50 },
};

/** The greatest charge that every payment method takes, in the provider's units: so many digits. */
const providerGreatest = 99_999_999;
const providerGreatestByCode: Readonly<Record<string, number>> = {
  IDR: 999_999_999_999,
  COP: 9_999_999_999,
  INR: 999_999_999,
};

function currency(code: string): Currency {
  const digits = digitsByCode[code] ?? 2;
  const factor = 10 ** ((providerDigitsByCode[code] ?? digits) - digits);
  const step = digits === 3 ? threeDecimalStep : Math.max(1, 1 / factor);
  return {
    digits,
    step,
    least: Math.max(step, Math.ceil((providerLeastByCode[code] ?? 0) / factor)),
    greatest: Math.floor((providerGreatestByCode[code] ?? providerGreatest) / factor / step) * step,
    factor,
  };
}

/** By their ISO 4217 codes. */
export const currencies: ReadonlyMap<string, Currency> = new Map(codes.map((code) => [code, currency(code)]));

/** Why the provider cannot charge this; null when it can. */
export function whyNotChargeable({ amount, currency: code }: Money): string | null {
  const rules = currencies.get(code);
  if (rules === undefined) return `cannot be charged in ${code}`;
  const { step, least, greatest } = rules;
  if (!(amount >= least)) return `must be at least ${least} ${code} minor units: the smallest charge`;
  if (amount > greatest) return `must be at most ${greatest} ${code} minor units: the greatest charge`;
  return amount % step === 0 ? null : `must be a multiple of ${step} ${code} minor units`;
}

/** The amount in the provider's units. A currency that is not sold any more is counted as it was when it was. */
export function providerAmount({ amount, currency: code }: Money): number {
  return Math.round(amount * (currencies.get(code)?.factor ?? 1));
}

/** What the provider calls `amount` of a currency, which it writes in lower case. */
export function fromProvider(amount: number, providerCurrency: string): Money {
  const code = providerCurrency.toUpperCase();
  return { amount: Math.round(amount / (currencies.get(code)?.factor ?? 1)), currency: code };
}
