/**
 * What this browser keeps of one account's way through one drop, so that a reload, another tab or a restart goes on
 * where it was. What is asked for is stored before it is sent: asked again with the same ids it is taken once.
 */
import { store, stored } from '../../stored.ts';

export interface CheckoutBody {
  readonly holdIds: readonly string[];
  readonly shippingAddress: Readonly<Record<string, string>>;
  readonly shippingMethod: string;
  readonly paymentMethod: string;
}

export interface Payment {
  readonly key: string;
  readonly body: CheckoutBody;
}

interface WantedHold {
  readonly holdId: string;
  readonly sku: string;
  readonly quantity: number;
}

export interface Kept {
  /** Of a join that has not been answered. */
  readonly join: { readonly requestId: string; readonly accessCode?: string } | null;
  readonly ticketId: string | null;
  readonly holds: readonly WantedHold[];
  /** How many holds this ticket has had: each gets another id. */
  readonly turns: number;
  readonly payment: Payment | null;
  readonly orderId: string | null;
  /** When the last turn ended, or ends; ISO. */
  readonly turnEnds: string | null;
}

const nothing: Kept = {
  ...{ join: null, ticketId: null, holds: [], turns: 0 },
  ...{ payment: null, orderId: null, turnEnds: null },
};

export class KeptPlace {
  readonly #name: string;

  constructor(saleId: string, accountId: string) {
    this.#name = `drop:${saleId}:${accountId}`;
  }

  /** Every tab's, as a signal. */
  get value(): Kept {
    // What an earlier version stored may lack fields.
    return { ...nothing, ...stored<Kept>(this.#name).value };
  }

  change(changes: Partial<Kept>): void {
    store<Kept>(this.#name, { ...this.value, ...changes });
  }
}
