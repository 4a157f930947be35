/**
 * Payments as the order actor asks for them: one final answer per command.
 *
 * 1. The commands of one order are done one after the other, in the order of their coming.
 * 2. A command that comes again while it runs gets the running one's answer.
 * 3. A capture tells that its order knows the authorisation (a webhook was faster than the answer): an authorisation
 *    that still waits for the provider ends with it, or it would cancel the payment when its time is over.
 * 4. At most `commandsMax` commands are open; beyond that the answer is `busy`, and so it is when the process stops.
 */
import { LRUCache } from 'lru-cache';
import type { PaymentCommand } from '../../actors/payments/commands.ts';
import type { EffectType } from '../../protocol/effect.ts';
import { type Answer, busy } from '../../protocol/peer.ts';
import { createProvider, type ProviderOptions, Stopped } from './provider.ts';
import { type OrderReport, reportOf } from './report.ts';
import { createPaymentSteps, type PaymentSteps } from './steps.ts';

export interface PaymentCounters {
  /** Answers given, by command type and code. */
  readonly results: readonly { type: PaymentCommand['type']; code: string; count: number; seconds: number }[];
  /** Commands not answered yet, and how long the oldest has been waiting. */
  readonly open: number;
  readonly oldestSeconds: number;
  readonly calls: number;
  readonly faults: number;
  readonly breaker: 'closed' | 'open' | 'half_open';
}

export interface Payments {
  handle(command: PaymentCommand): Promise<Answer>;
  /** What became of a payment; null while nothing is decided. Rejects when it is not known to the provider. */
  poll(paymentId: string): Promise<OrderReport | null>;
  counters(): PaymentCounters;
  /** Open commands are answered `busy`: they are asked again after the start. */
  stop(): Promise<void>;
}

export interface PaymentOptions extends ProviderOptions {
  /** Told of every answer, for metrics. */
  readonly onAnswer?: (type: PaymentCommand['type'], code: string, seconds: number) => void;
}

export interface PaymentSettings {
  readonly stripe: ProviderOptions['stripe'];
}

/** Registered in features.ts. */
export const paymentsEffect: EffectType<PaymentSettings, PaymentCommand> = {
  kind: 'payments',
  create({ log, now, settings }) {
    const payments = createPayments({ stripe: settings.stripe, log, now });
    return { handle: payments.handle, numbers: payments.counters, stop: payments.stop };
  },
};

const commandsMax = 20_000;
const recentMax = 50_000;
/** The real provider's search may lag a minute behind; the sandbox's does not. */
const providerSearchLagMs = 60_000;

interface OpenCommand {
  readonly answer: Promise<Answer>;
  readonly startedAtMs: number;
}

function run(steps: PaymentSteps, command: PaymentCommand, known: AbortSignal): Promise<Answer> {
  switch (command.type) {
    case 'AuthorizePayment':
      return steps.authorize(command, known);
    case 'CapturePayment':
      return steps.capture(command);
    case 'VoidPayment':
      return steps.void(command);
    case 'RefundPayment':
      return steps.refund(command);
  }
}

export function createPayments(options: PaymentOptions): Payments {
  const { log, now, onAnswer } = options;
  const provider = createProvider(options);
  const recent = new LRUCache<string, { paymentId: string | null }>({ max: recentMax });
  const searchLagMs = options.stripe.sandboxUrl === null ? providerSearchLagMs : 0;
  const steps = createPaymentSteps({ provider, recent, log, now, searchLagMs });
  // In order of their coming, so the first is the oldest.
  const openByKey = new Map<string, OpenCommand>();
  const lastByOrder = new Map<string, Promise<Answer>>();
  const authorizingByOrder = new Map<string, AbortController>();
  const results = new Map<
    string,
    { type: PaymentCommand['type']; code: string; count: number; seconds: number }
  >();
  let isStopping = false;

  async function answerOf(command: PaymentCommand, startedAtMs: number): Promise<Answer> {
    const known = new AbortController();
    if (command.type === 'AuthorizePayment') authorizingByOrder.set(command.orderId, known);
    const answer = await run(steps, command, known.signal).catch((error: unknown) => {
      if (!(error instanceof Stopped))
        log('error', 'payments: a step broke', { orderId: command.orderId, error: String(error) });
      return busy;
    });
    if (command.type === 'AuthorizePayment') authorizingByOrder.delete(command.orderId);
    const seconds = (performance.now() - startedAtMs) / 1000;
    const name = `${command.type} ${answer.code}`;
    const result = results.get(name) ?? { type: command.type, code: answer.code, count: 0, seconds: 0 };
    result.count++;
    result.seconds += seconds;
    results.set(name, result);
    onAnswer?.(command.type, answer.code, seconds);
    return answer;
  }

  function handle(command: PaymentCommand): Promise<Answer> {
    const key = `${command.type} ${command.idempotencyKey}`;
    const open = openByKey.get(key);
    if (open) return open.answer;
    if (isStopping || openByKey.size >= commandsMax) return Promise.resolve(busy);
    if (command.type === 'CapturePayment') authorizingByOrder.get(command.orderId)?.abort(command.paymentId);
    const startedAtMs = performance.now();
    const before = lastByOrder.get(command.orderId);
    const answer = before
      ? before.then(() => answerOf(command, startedAtMs))
      : answerOf(command, startedAtMs);
    openByKey.set(key, { answer, startedAtMs });
    lastByOrder.set(command.orderId, answer);
    void answer.finally(() => {
      openByKey.delete(key);
      if (lastByOrder.get(command.orderId) === answer) lastByOrder.delete(command.orderId);
    });
    return answer;
  }

  return {
    handle,
    async poll(paymentId) {
      const intent = await provider.call(() =>
        provider.stripe.paymentIntents.retrieve(paymentId, { expand: ['latest_charge'] }),
      );
      return reportOf(intent);
    },
    counters() {
      const oldest = openByKey.values().next().value;
      const { faults, breaker, running } = provider.counts();
      return {
        results: [...results.values()].map((result) => ({ ...result })),
        open: openByKey.size,
        oldestSeconds: oldest ? (performance.now() - oldest.startedAtMs) / 1000 : 0,
        calls: running,
        faults,
        breaker,
      };
    },
    async stop() {
      isStopping = true;
      provider.stop();
      await Promise.all([...openByKey.values()].map((open) => open.answer));
    },
  };
}
