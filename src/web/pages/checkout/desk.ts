/**
 * Paying for a cart: what it comes to as the form is filled in, and one request with one key, sent until it is answered.
 *
 * 1. A quote is asked for again when the cart, the address or the method is another one, when it has run out, and after a
 *    payment that was refused: it serves one order.
 * 2. A payment is stored before it is sent, and sent again with its key after a reload.
 */
import { signal } from '@preact/signals';
import type { NewAddress } from '../../../market/accounts/schemas.ts';
import type { Quote } from '../../../market/checkout/schemas.ts';
import type { Order } from '../../../market/orders/schemas.ts';
import { ApiError, call } from '../../api.ts';
import { readCart } from '../../cart.ts';
import { go } from '../../router.ts';
import { uuid } from '../../uuid.ts';
import { cartWords } from '../../words-cart.ts';
import { keepDraft } from '../drop/draft.ts';
import { Patience } from '../drop/patience.ts';
import { type CartPayment, keepPayment, keptPayment } from './kept.ts';

/** Where it goes: an address that is saved, or one that is typed; null while there is none that would do. */
export type Destination =
  | { readonly shippingAddressId: string }
  | { readonly shippingAddress: NewAddress }
  | null;

const text = cartWords.checkout;
const settleMs = 400;
/** A quote that runs out while somebody pays would be refused. */
const earlyMs = 20_000;

export class CheckoutDesk {
  readonly #accountId: string;
  readonly #cartId: string;
  readonly patience = new Patience();
  readonly quote = signal<Quote | null>(null);
  readonly quoteError = signal<unknown>(null);
  readonly method = signal<string | null>(null);
  readonly isPaying = signal(false);
  /** What the last payment came to, in a sentence. */
  readonly notice = signal<string | null>(null);
  /** Why the last payment was not taken, where it is not said in a sentence of this page. */
  readonly refusal = signal<ApiError | null>(null);
  /** Whether what is shown is not yet what the form says. */
  readonly isCounting = signal(true);
  #destination: Destination = null;
  /** Why the address that is typed does for no quote. */
  #addressRefusal: ApiError | null = null;
  #round = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(accountId: string) {
    this.#accountId = accountId;
    this.#cartId = `crt_${accountId.slice(-36)}`;
  }

  end(): void {
    clearTimeout(this.#timer);
    this.patience.end();
  }

  /** Goes on with a payment of before a reload. */
  resume(): void {
    const payment = keptPayment(this.#accountId).peek();
    if (payment !== null) void this.#send(payment);
  }

  goesTo(destination: Destination): void {
    if (JSON.stringify(destination) === JSON.stringify(this.#destination)) return;
    this.#destination = destination;
    this.#addressRefusal = null;
    this.isCounting.value = true;
    this.#askIn(settleMs);
  }

  choose(method: string): void {
    this.method.value = method;
    this.isCounting.value = true;
    this.#askIn(0);
  }

  /** The cart is another one. */
  askAgain(): void {
    this.#askIn(0);
  }

  #askIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#round += 1;
    this.#timer = setTimeout(() => void this.#ask(), ms);
  }

  async #ask(): Promise<void> {
    const round = this.#round;
    const method = this.#destination === null ? null : this.method.peek();
    const body = {
      cartId: this.#cartId,
      ...(this.#destination ?? {}),
      ...(method === null ? {} : { shippingMethod: method }),
    };
    try {
      const send = () => call<Quote>('POST', '/v1/checkout/quote', { body });
      const quote = (await this.patience.ask(send)).body;
      if (round === this.#round) this.#hear(quote);
    } catch (error) {
      if (round === this.#round && !this.patience.isOver) this.#onQuoteRefused(error);
    }
  }

  #hear(quote: Quote): void {
    this.quote.value = quote;
    this.quoteError.value = null;
    const [first] = quote.shippingOptions;
    if (quote.shippingMethod === null && first !== undefined) this.choose(first.method);
    else {
      this.isCounting.value = false;
      this.#askIn(Math.max(0, Date.parse(quote.expiresAt) - Date.now() - earlyMs));
    }
  }

  #onQuoteRefused(error: unknown): void {
    if (!(error instanceof ApiError)) return;
    const { code } = error;
    if (code === 'shipping_not_available' && this.method.peek() !== null) {
      // Not to there: what is offered says the next one.
      this.method.value = null;
      this.#askIn(0);
    } else if (code === 'validation_failed' && this.#destination !== null) {
      // An address that is not whole yet: what it comes to without it is known all the same.
      this.#destination = null;
      this.#addressRefusal = error;
      this.#askIn(0);
    } else {
      this.quote.value = null;
      this.quoteError.value = error;
      this.isCounting.value = false;
    }
  }

  pay(destination: NonNullable<Destination>, paymentMethod: string | null): void {
    const quote = this.quote.peek();
    if (this.isPaying.peek() || this.isCounting.peek() || quote === null) return;
    if (keptPayment(this.#accountId).peek() !== null) return;
    if (this.#addressRefusal !== null) {
      this.refusal.value = this.#addressRefusal;
      return;
    }
    const payment: CartPayment = {
      key: uuid(),
      body: {
        ...{ cartId: this.#cartId, quoteId: quote.quoteId, ...destination },
        ...(quote.shippingMethod !== null && { shippingMethod: quote.shippingMethod }),
        ...(paymentMethod !== null && { paymentMethod }),
      },
    };
    keepPayment(this.#accountId, payment);
    void this.#send(payment);
  }

  async #send({ key, body }: CartPayment): Promise<void> {
    this.isPaying.value = true;
    this.notice.value = null;
    this.refusal.value = null;
    try {
      const headers = { 'Idempotency-Key': key };
      const { body: order } = await this.patience.ask(() =>
        call<Order>('POST', '/v1/checkout', { body, headers }),
      );
      keepPayment(this.#accountId, null);
      keepDraft({ declinedMethod: null });
      void readCart();
      go(`/orders/${order.orderId}`);
    } catch (error) {
      if (this.patience.isOver) return;
      keepPayment(this.#accountId, null);
      this.#onRefused(error, body);
    } finally {
      this.isPaying.value = false;
    }
  }

  #onRefused(error: unknown, { paymentMethod }: CartPayment['body']): void {
    if (!(error instanceof ApiError)) return;
    this.askAgain();
    switch (error.code) {
      case 'payment_declined':
        keepDraft({ declinedMethod: String(paymentMethod) });
        this.notice.value = text.declined;
        break;
      case 'payment_failed':
        this.notice.value = text.failed;
        break;
      case 'sold_out':
      case 'insufficient_stock':
      case 'only_in_sale':
        this.notice.value = text.soldOut;
        void readCart();
        break;
      case 'price_changed':
      case 'not_found':
      case 'wrong_state':
        // Its quote has run out, or another tab has used it.
        this.notice.value = text.priceChanged;
        void readCart();
        break;
      default:
        this.refusal.value = error;
    }
  }
}
