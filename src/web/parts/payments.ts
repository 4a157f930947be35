/** Who takes the money at this server; null: not known yet. Read once. */
import { signal } from '@preact/signals';
import type { CheckoutOptions } from '../../market/checkout/schemas.ts';
import { get } from '../api.ts';

export const payments = signal<CheckoutOptions['payments'] | null>(null);

const retryMs = 5_000;

export async function readPayments(): Promise<void> {
  if (payments.peek() !== null) return;
  try {
    payments.value = (await get<CheckoutOptions>('/v1/checkout/options')).payments;
  } catch {
    setTimeout(readPayments, retryMs);
  }
}
