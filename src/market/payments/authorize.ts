/**
 * Sets an order's money aside, with one final answer.
 *
 * 1. Until `untilMs` the payment is made under the command's idempotency key, and its decision awaited.
 * 2. A payment of another amount or currency than was asked for is cancelled, and the order fails.
 * 3. An authorisation whose time has passed is found out (same key, or by the order's id) and cancelled; unless the
 *    order has learned of it in time by a webhook and goes on with it: then it is left alone.
 */
import Stripe from 'stripe';
import type { AuthorizePayment } from '../../actors/payments/commands.ts';
import { providerAmount } from '../../protocol/currencies.ts';
import { isFor, isPayment } from './expected.ts';
import { GaveUp, Superseded } from './faults.ts';
import { declineCodeOf } from './report.ts';
import {
  declined,
  failed,
  isLockedOut,
  ok,
  type PaymentAnswer,
  readPayment,
  reasonOf,
  refusalOf,
  type StepContext,
  searchPayments,
} from './step.ts';
import { cancel } from './undo.ts';

export class Authorization {
  readonly #context: StepContext;
  readonly #command: AuthorizePayment;
  readonly #known = new AbortController();
  #knownPaymentId: string | null = null;

  constructor(context: StepContext, command: AuthorizePayment) {
    this.#context = context;
    this.#command = command;
  }

  /** The order knows the payment from elsewhere: `run` ends with it as soon as no call is under way. */
  learn(paymentId: string): void {
    this.#knownPaymentId ??= paymentId;
    this.#known.abort();
  }

  async run(): Promise<PaymentAnswer> {
    const answer = await this.#decision();
    const paymentId = answer.code === 'ok' ? answer.body.paymentId : null;
    this.#context.recent.set(this.#command.orderId, { paymentId });
    return answer;
  }

  async #decision(): Promise<PaymentAnswer> {
    try {
      return await this.#inTime();
    } catch (error) {
      if (error instanceof Superseded && this.#knownPaymentId !== null) return ok(this.#knownPaymentId);
      throw error;
    }
  }

  async #inTime(): Promise<PaymentAnswer> {
    try {
      const made = await this.#make(this.#command.untilMs);
      return 'code' in made ? made : await this.#awaitDecision(made);
    } catch (error) {
      if (!(error instanceof GaveUp)) throw error;
      return this.#findOut(error.hasReached);
    }
  }

  /** The payment, or the provider's final refusal to make it. */
  async #make(untilMs: number): Promise<Stripe.PaymentIntent | PaymentAnswer> {
    const { provider } = this.#context;
    let made: Stripe.PaymentIntent;
    try {
      made = await provider.call(() => this.#create(), untilMs, this.#known.signal);
    } catch (error) {
      return this.#refusedOrMade(refusalOf(error));
    }
    return isPayment(made, null) && isFor(made, this.#command.amount) ? made : this.#readAgain(made);
  }

  /** What was answered is no payment, or one of another amount: what the provider has counts. */
  async #readAgain(answer: Stripe.PaymentIntent): Promise<Stripe.PaymentIntent | PaymentAnswer> {
    const { orderId, amount } = this.#command;
    this.#context.log('error', 'payments: an authorisation was answered oddly', { orderId });
    const made = isPayment(answer, null)
      ? await readPayment(this.#context, answer.id)
      : (await searchPayments(this.#context, orderId))[0];
    if (made === undefined) return failed('odd_answer');
    return isFor(made, amount) ? made : this.#wrongAmount(made.id);
  }

  async #wrongAmount(paymentId: string): Promise<PaymentAnswer> {
    await this.#cancel(paymentId);
    return failed('wrong_amount');
  }

  #create(): Promise<Stripe.PaymentIntent> {
    const { amount, paymentMethod, orderId, buyerId, idempotencyKey } = this.#command;
    return this.#context.provider.api.paymentIntents.create(
      {
        amount: providerAmount(amount),
        currency: amount.currency.toLowerCase(),
        payment_method: paymentMethod,
        allowed_payment_method_types: ['card'],
        capture_method: 'manual',
        confirm: true,
        error_on_requires_action: true,
        metadata: { orderId, buyerId },
      },
      { idempotencyKey },
    );
  }

  async #refusedOrMade(error: Stripe.errors.StripeError): Promise<Stripe.PaymentIntent | PaymentAnswer> {
    if (error instanceof Stripe.errors.StripeCardError)
      return declined(error.payment_intent?.id ?? null, error.decline_code || (error.code ?? null));
    const { orderId } = this.#command;
    // A server error that is replayed under our key says nothing: the payment may exist.
    const made = (error.statusCode ?? 0) >= 500 ? await searchPayments(this.#context, orderId) : [];
    if (made[0]) return made[0];
    this.#context.log('error', 'payments: an authorisation was refused', { orderId, reason: error.message });
    return failed(isLockedOut(error) ? 'provider_refused' : reasonOf(error));
  }

  async #awaitDecision(intent: Stripe.PaymentIntent): Promise<PaymentAnswer> {
    let latest = intent;
    for (let attempts = 0; ; attempts++) {
      const answer = await this.#decided(latest);
      if (answer) return answer;
      if (this.#context.now() >= this.#command.untilMs) return this.#undo(latest.id);
      await this.#context.provider.pause(attempts);
      latest = await readPayment(this.#context, latest.id);
    }
  }

  /** What the provider made of the authorisation. null: it has not decided yet. */
  async #decided(intent: Stripe.PaymentIntent): Promise<PaymentAnswer | null> {
    switch (intent.status) {
      case 'requires_capture':
      case 'succeeded':
        return isFor(intent, this.#command.amount) ? ok(intent.id) : this.#wrongAmount(intent.id);
      case 'processing':
        return null;
      case 'requires_action':
        // Nobody is there to answer the bank's question.
        await this.#cancel(intent.id);
        return declined(intent.id, 'authentication_required');
      case 'canceled':
        return failed('canceled');
      default:
        return declined(intent.id, declineCodeOf(intent));
    }
  }

  /** The time for the authorisation has passed while the provider was silent. */
  async #findOut(hasReached: boolean): Promise<PaymentAnswer> {
    if (!hasReached) {
      // No attempt of this run has made a payment; perhaps one of an earlier run of the server has.
      const [earlier] = await searchPayments(this.#context, this.#command.orderId);
      return earlier ? this.#undo(earlier.id) : failed('expired');
    }
    const made = await this.#make(Number.POSITIVE_INFINITY);
    return 'code' in made ? made : this.#undo(made.id);
  }

  async #undo(paymentId: string): Promise<PaymentAnswer> {
    if (this.#known.signal.aborted) throw new Superseded();
    await this.#cancel(paymentId);
    this.#context.recent.set(this.#command.orderId, { paymentId: null });
    return failed('expired');
  }

  #cancel(paymentId: string): Promise<PaymentAnswer> {
    return cancel(this.#context, paymentId, `${this.#command.idempotencyKey}:cancel`);
  }
}
