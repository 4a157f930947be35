/** A payment for the cart that was not answered yet: kept before it is sent, so that a reload cannot pay twice. */
import { store, stored } from '../../stored.ts';

export interface CartPayment {
  readonly key: string;
  readonly body: Readonly<Record<string, unknown>>;
}

const nameOf = (accountId: string) => `checkout:${accountId}`;

export const keptPayment = (accountId: string) => stored<CartPayment>(nameOf(accountId));

export function keepPayment(accountId: string, payment: CartPayment | null): void {
  store<CartPayment>(nameOf(accountId), payment);
}
