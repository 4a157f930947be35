/** What was typed into the checkout: kept for as long as the tab, so that neither a reload nor a declined card loses it. */
import { signal } from '@preact/signals';
import type { NewAddress } from '../../../market/accounts/schemas.ts';

interface Draft {
  readonly address: Partial<NewAddress>;
  readonly shippingMethod: string;
  readonly paymentMethod: string;
  /** The card that was declined last. */
  readonly declinedMethod: string | null;
}

const name = 'doorbuster:checkout';
const empty: Draft = {
  ...{ address: {}, shippingMethod: 'standard', paymentMethod: 'pm_card_visa', declinedMethod: null },
};

export const draft = signal<Draft>({ ...empty, ...read() });

function read(): Partial<Draft> {
  try {
    return JSON.parse(sessionStorage.getItem(name) ?? '{}') as Partial<Draft>;
  } catch {
    return {};
  }
}

export function keepDraft(changes: Partial<Draft>): void {
  draft.value = { ...draft.value, ...changes };
  try {
    sessionStorage.setItem(name, JSON.stringify(draft.value));
  } catch {
    // Without storage it lives as long as the page.
  }
}
