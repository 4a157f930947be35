/** Amounts as people write them. */
import { digitsOf } from '../format.ts';

export const isCurrency = (currency: string): boolean =>
  Intl.supportedValuesOf('currency').includes(currency);

/** Minor units; undefined: none was written; null: it is none. */
export function minorUnits(written: string, currency: string): number | undefined | null {
  if (written.trim() === '') return undefined;
  if (!/^\d{1,10}(?:\.\d+)?$/.test(written.trim())) return null;
  const amount = Number(written) * 10 ** digitsOf(currency);
  const rounded = Math.round(amount);
  return Math.abs(amount - rounded) < 1e-6 ? rounded : null;
}
