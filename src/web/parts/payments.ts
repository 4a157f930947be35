/** Who takes the money at this server, and whether a quote says what a checkout comes to; null: not known yet. Read once. */
import { computed, signal } from '@preact/signals';
import type { CheckoutOptions } from '../../market/checkout/schemas.ts';
import { get } from '../api.ts';

const options = signal<CheckoutOptions | null>(null);
export const payments = computed(() => options.value?.payments ?? null);
export const isQuoted = computed(() => options.value?.isQuoted ?? false);

const retryMs = 5_000;

export async function readPayments(): Promise<void> {
  if (options.peek() !== null) return;
  try {
    options.value = await get<CheckoutOptions>('/v1/checkout/options');
  } catch {
    setTimeout(readPayments, retryMs);
  }
}
