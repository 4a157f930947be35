/**
 * The four things that are done to one order's money, each until the provider's final answer.
 *
 * 1. Every attempt of a step carries the step's idempotency key. After a final refusal the payment itself is read,
 *    and its state decides: captured before is captured, cancelled before is cancelled.
 * 2. Another key is used only after the payment showed that the step was not done under the first one.
 * 3. An authorisation whose time has passed is found out (same key, or by the order's id) and cancelled; unless the
 *    order has learned of it in time by a webhook and goes on with it: then it is left alone.
 */
import Stripe from 'stripe';
import type {
  AuthorizePayment,
  CapturePayment,
  RefundPayment,
  VoidPayment,
} from '../../actors/payments/commands.ts';
import type { Log } from '../../protocol/log.ts';
import type { Answer } from '../../protocol/peer.ts';
import { GaveUp, type Provider, Superseded } from './provider.ts';
import { declineCodeOf } from './report.ts';

export interface PaymentSteps {
  /** `known` is aborted with the payment's id when the order knows its authorisation from elsewhere. */
  authorize(command: AuthorizePayment, known: AbortSignal): Promise<Answer>;
  capture(command: CapturePayment): Promise<Answer>;
  void(command: VoidPayment): Promise<Answer>;
  refund(command: RefundPayment): Promise<Answer>;
}

/** What this process knows of an order's payment; null: surely none that is open. */
export interface RecentPayments {
  get(orderId: string): { paymentId: string | null } | undefined;
  set(orderId: string, payment: { paymentId: string | null }): void;
}

const ok = (body: object | null = null): Answer => ({ code: 'ok', body });
const failed = (reason: string): Answer => ({ code: 'payment_failed', body: { reason } });

function reasonOf(error: unknown): string {
  if (error instanceof Stripe.errors.StripeError) return error.code ?? error.rawType ?? error.type;
  throw error;
}

const isMissing = (error: unknown) =>
  error instanceof Stripe.errors.StripeError && error.code === 'resource_missing' && error.statusCode === 404;

/** Wrong or revoked keys are put right by people: until then the step waits. */
const isLockedOut = (error: unknown) =>
  error instanceof Stripe.errors.StripeAuthenticationError ||
  error instanceof Stripe.errors.StripePermissionError;

export function createPaymentSteps(options: {
  readonly provider: Provider;
  readonly recent: RecentPayments;
  readonly log: Log;
  readonly now: () => number;
  /** How long after its making a payment may be missing from the provider's search. */
  readonly searchLagMs: number;
}): PaymentSteps {
  const { provider, recent, log, now, searchLagMs } = options;
  const { stripe } = provider;

  const read = (paymentId: string) =>
    provider.call(() => stripe.paymentIntents.retrieve(paymentId, { expand: ['latest_charge'] }));

  async function search(orderId: string): Promise<Stripe.PaymentIntent[]> {
    if (!/^[\w-]{1,200}$/.test(orderId)) return [];
    const askedAtMs = performance.now();
    for (let attempts = 0; ; attempts++) {
      const query = `metadata['orderId']:'${orderId}'`;
      const found = await provider.call(() => stripe.paymentIntents.search({ query, limit: 100 }));
      if (found.data.length > 0 || performance.now() - askedAtMs >= searchLagMs) return found.data;
      await provider.pause(Math.min(attempts, 6));
    }
  }

  /**
   * Does `step` until it is done. After a final refusal `judge` looks at the payment: an answer ends it, null
   * means that it is still to do.
   */
  async function insist(
    paymentId: string,
    key: string,
    step: (key: string) => Promise<unknown>,
    judge: (intent: Stripe.PaymentIntent | null, error: unknown) => Promise<Answer | null>,
  ): Promise<Answer> {
    for (let attempts = 0; ; attempts++) {
      try {
        await provider.call(() => step(attempts === 0 ? key : `${key}:${attempts}`));
        return ok({ paymentId });
      } catch (error) {
        if (!(error instanceof Stripe.errors.StripeError)) throw error;
        const verdict = await judgeBy(paymentId, error, judge);
        if (verdict) return verdict;
        log('error', 'payments: refused, will be tried again', { paymentId, key, reason: error.message });
        await provider.pause(attempts + 3);
      }
    }
  }

  async function judgeBy(
    paymentId: string,
    error: unknown,
    judge: (intent: Stripe.PaymentIntent | null, error: unknown) => Promise<Answer | null>,
  ): Promise<Answer | null> {
    if (isLockedOut(error)) return null;
    try {
      return await judge(await read(paymentId), error);
    } catch (unread) {
      if (isMissing(unread)) return judge(null, error);
      if (unread instanceof Stripe.errors.StripeError) return null;
      throw unread;
    }
  }

  function cancel(paymentId: string, key: string): Promise<Answer> {
    return insist(
      paymentId,
      key,
      (idempotencyKey) => stripe.paymentIntents.cancel(paymentId, {}, { idempotencyKey }),
      async (intent) => {
        if (intent === null) {
          log('error', 'payments: a payment to cancel is unknown to the provider', { paymentId });
          return ok({ paymentId });
        }
        if (intent.status === 'canceled') return ok({ paymentId });
        // Money that was taken all the same goes back.
        if (intent.status === 'succeeded')
          return giveBack(paymentId, intent.amount_received, `${key}:refund`);
        return null;
      },
    );
  }

  function giveBack(paymentId: string, amount: number, key: string): Promise<Answer> {
    return insist(
      paymentId,
      key,
      (idempotencyKey) => stripe.refunds.create({ payment_intent: paymentId, amount }, { idempotencyKey }),
      async (intent) => {
        if (intent === null) {
          log('error', 'payments: a payment to refund is unknown to the provider', { paymentId });
          return ok({ paymentId });
        }
        if (intent.status === 'requires_capture') return cancel(paymentId, `${key}:cancel`);
        if (intent.status !== 'succeeded') return ok({ paymentId });
        const charge = intent.latest_charge;
        const refunded = typeof charge === 'object' && charge !== null ? charge.amount_refunded : 0;
        return refunded >= Math.min(amount, intent.amount_received) ? ok({ paymentId }) : null;
      },
    );
  }

  /** What the provider made of an authorisation. null: it has not decided yet. */
  async function settled(intent: Stripe.PaymentIntent, key: string): Promise<Answer | null> {
    switch (intent.status) {
      case 'requires_capture':
      case 'succeeded':
        return ok({ paymentId: intent.id });
      case 'processing':
        return null;
      case 'requires_action':
        // Nobody is there to answer the bank's question.
        await cancel(intent.id, `${key}:cancel`);
        return declined(intent.id, 'authentication_required');
      case 'canceled':
        return failed('canceled');
      default:
        return declined(intent.id, declineCodeOf(intent));
    }
  }

  function declined(paymentId: string | null, declineCode: string | null): Answer {
    return { code: 'payment_declined', body: { paymentId, declineCode } };
  }

  function create(command: AuthorizePayment): Promise<Stripe.PaymentIntent> {
    return stripe.paymentIntents.create(
      {
        amount: command.amount.amount,
        currency: command.amount.currency.toLowerCase(),
        payment_method: command.paymentMethod,
        allowed_payment_method_types: ['card'],
        capture_method: 'manual',
        confirm: true,
        error_on_requires_action: true,
        metadata: { orderId: command.orderId, buyerId: command.buyerId },
      },
      { idempotencyKey: command.idempotencyKey },
    );
  }

  async function decided(
    command: AuthorizePayment,
    intent: Stripe.PaymentIntent,
    known: AbortSignal,
  ): Promise<Answer> {
    let latest = intent;
    for (let attempts = 0; ; attempts++) {
      const answer = await settled(latest, command.idempotencyKey);
      if (answer) return answer;
      if (now() >= command.untilMs) return undo(latest.id, command, known);
      await provider.pause(attempts);
      latest = await read(latest.id);
    }
  }

  async function undo(paymentId: string, command: AuthorizePayment, known: AbortSignal): Promise<Answer> {
    if (known.aborted) throw new Superseded();
    await cancel(paymentId, `${command.idempotencyKey}:cancel`);
    recent.set(command.orderId, { paymentId: null });
    return failed('expired');
  }

  /** The payment that an authorisation made, if any. */
  async function refusedOrMade(
    command: AuthorizePayment,
    error: unknown,
  ): Promise<Stripe.PaymentIntent | Answer> {
    if (!(error instanceof Stripe.errors.StripeError)) throw error;
    if (error instanceof Stripe.errors.StripeCardError)
      return declined(error.payment_intent?.id ?? null, error.decline_code || (error.code ?? null));
    const status = error.statusCode ?? 0;
    // A server error that is replayed under our key says nothing: the payment may exist.
    const made = status >= 500 ? await search(command.orderId) : [];
    if (made[0]) return made[0];
    log('error', 'payments: an authorisation was refused', {
      orderId: command.orderId,
      reason: error.message,
    });
    return failed(isLockedOut(error) ? 'provider_refused' : reasonOf(error));
  }

  /** The time for it has passed while the provider was silent. */
  async function findOut(
    command: AuthorizePayment,
    hasReached: boolean,
    known: AbortSignal,
  ): Promise<Answer> {
    if (!hasReached) {
      // Not by us; perhaps by an earlier run of the server.
      const [earlier] = await search(command.orderId);
      return earlier ? undo(earlier.id, command, known) : failed('expired');
    }
    const made = await provider
      .call(() => create(command), Infinity, known)
      .catch((error: unknown) => refusedOrMade(command, error));
    return 'code' in made ? made : undo(made.id, command, known);
  }

  async function authorization(command: AuthorizePayment, known: AbortSignal): Promise<Answer> {
    try {
      const made = await provider
        .call(() => create(command), command.untilMs, known)
        .catch((error: unknown) => refusedOrMade(command, error));
      return 'code' in made ? made : await decided(command, made, known);
    } catch (error) {
      if (!(error instanceof GaveUp)) throw error;
      return findOut(command, error.hasReached, known);
    }
  }

  return {
    async authorize(command, known) {
      const answer = await authorization(command, known).catch((error: unknown) => {
        if (!(error instanceof Superseded)) throw error;
        return ok({ paymentId: known.reason as string });
      });
      const paymentId = answer.code === 'ok' ? (answer.body as { paymentId: string }).paymentId : null;
      recent.set(command.orderId, { paymentId });
      return answer;
    },

    capture(command) {
      const { paymentId, amount, idempotencyKey } = command;
      return insist(
        paymentId,
        idempotencyKey,
        (key) =>
          stripe.paymentIntents.capture(
            paymentId,
            { amount_to_capture: amount.amount },
            { idempotencyKey: key },
          ),
        async (intent, error) => {
          if (intent === null) return failed('resource_missing');
          if (intent.status === 'succeeded') return ok({ paymentId });
          if (intent.status !== 'requires_capture') return failed(intent.status);
          // Still open: only a spoilt key is worth another try.
          const isKeySpoilt =
            error instanceof Stripe.errors.StripeIdempotencyError ||
            (error instanceof Stripe.errors.StripeError && (error.statusCode ?? 0) >= 500);
          return isKeySpoilt ? null : failed(reasonOf(error));
        },
      );
    },

    async void(command) {
      const { orderId, paymentId, idempotencyKey } = command;
      if (paymentId !== null) return cancel(paymentId, idempotencyKey);
      const remembered = recent.get(orderId);
      const ids = remembered
        ? [remembered.paymentId].filter((id) => id !== null)
        : (await search(orderId)).map((intent) => intent.id);
      for (const id of ids) await cancel(id, ids.length === 1 ? idempotencyKey : `${idempotencyKey}:${id}`);
      return ok({ paymentId: ids[0] ?? null });
    },

    refund: ({ paymentId, amount, idempotencyKey }) => giveBack(paymentId, amount.amount, idempotencyKey),
  };
}
