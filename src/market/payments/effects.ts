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
import type { PaymentCommand, PaymentCommands } from '../../actors/payments/commands.ts';
import type { AnswerTo } from '../../protocol/command.ts';
import type { Effect, EffectType } from '../../protocol/effect.ts';
import { counter, type Family, gauge, summary } from '../../protocol/metric.ts';
import { Authorization } from './authorize.ts';
import { capture } from './capture.ts';
import { examine } from './examine.ts';
import { Stopped } from './faults.ts';
import { Provider, type ProviderCounts, type ProviderOptions } from './provider.ts';
import { type PaymentReport, reportOf } from './report.ts';
import { readPayment, type StepContext } from './step.ts';
import { refund, voidOrder } from './undo.ts';

type Answer = AnswerTo<PaymentCommands>;

/** Answers given, by command type and result: the answer's code, or what an examination found. */
interface ResultCount {
  readonly type: PaymentCommand['type'];
  readonly code: Answer['code'] | 'refunded' | 'disputed';
  readonly count: number;
  readonly seconds: number;
}

export interface PaymentNumbers {
  readonly results: readonly ResultCount[];
  /** Commands not answered yet. */
  readonly open: number;
  readonly calls: number;
  readonly faults: number;
  readonly breaker: ProviderCounts['breaker'];
}

const commandsMax = 20_000;
const recentMax = 50_000;
/** The real provider's search may lag a minute behind; the sandbox's does not. */
const providerSearchLagMs = 60_000;

const busy: Answer = { code: 'busy', body: null };

export class Payments implements Effect<PaymentCommand> {
  readonly #provider: Provider;
  readonly #context: StepContext;
  readonly #openByKey = new Map<string, Promise<Answer>>();
  /** The command that the order's next one waits for. */
  readonly #lastByOrder = new Map<string, Promise<Answer>>();
  readonly #authorizingByOrder = new Map<string, Authorization>();
  readonly #results = new Map<string, ResultCount>();
  #isStopping = false;

  constructor(options: ProviderOptions) {
    const { log, now } = options;
    this.#provider = new Provider(options);
    this.#context = {
      provider: this.#provider,
      recent: new LRUCache<string, { paymentId: string | null }>({ max: recentMax }),
      log,
      now,
      searchLagMs: options.stripe.sandboxUrl === null ? providerSearchLagMs : 0,
    };
  }

  handle(command: PaymentCommand): Promise<Answer> {
    const key = `${command.type} ${command.idempotencyKey}`;
    const open = this.#openByKey.get(key);
    if (open) return open;
    if (this.#isStopping || this.#openByKey.size >= commandsMax) return Promise.resolve(busy);
    if (command.type === 'CapturePayment')
      this.#authorizingByOrder.get(command.orderId)?.learn(command.paymentId);
    return this.#open(key, command);
  }

  #open(key: string, command: PaymentCommand): Promise<Answer> {
    const { orderId } = command;
    const startedAtMs = performance.now();
    const before = this.#lastByOrder.get(orderId);
    const answer = before
      ? before.then(() => this.#answer(command, startedAtMs))
      : this.#answer(command, startedAtMs);
    this.#openByKey.set(key, answer);
    this.#lastByOrder.set(orderId, answer);
    void answer.finally(() => {
      this.#openByKey.delete(key);
      if (this.#lastByOrder.get(orderId) === answer) this.#lastByOrder.delete(orderId);
    });
    return answer;
  }

  /** Never rejects, so that the order's next command can wait for it. */
  async #answer(command: PaymentCommand, startedAtMs: number): Promise<Answer> {
    const answer = await this.#run(command).catch((error: unknown) => {
      if (!(error instanceof Stopped))
        this.#context.log('error', 'payments: a step broke', {
          orderId: command.orderId,
          error: String(error),
        });
      return busy;
    });
    this.#count(command.type, resultOf(answer), (performance.now() - startedAtMs) / 1000);
    return answer;
  }

  #run(command: PaymentCommand): Promise<Answer> {
    switch (command.type) {
      case 'AuthorizePayment':
        return this.#authorize(new Authorization(this.#context, command), command.orderId);
      case 'CapturePayment':
        return capture(this.#context, command);
      case 'VoidPayment':
        return voidOrder(this.#context, command);
      case 'RefundPayment':
        return refund(this.#context, command);
      case 'ExaminePayment':
        return examine(this.#context, command);
    }
  }

  async #authorize(authorization: Authorization, orderId: string): Promise<Answer> {
    this.#authorizingByOrder.set(orderId, authorization);
    try {
      return await authorization.run();
    } finally {
      this.#authorizingByOrder.delete(orderId);
    }
  }

  #count(type: PaymentCommand['type'], code: ResultCount['code'], seconds: number): void {
    const name = `${type} ${code}`;
    const before = this.#results.get(name) ?? { count: 0, seconds: 0 };
    this.#results.set(name, { type, code, count: before.count + 1, seconds: before.seconds + seconds });
  }

  /** What became of a payment; null while nothing is decided. Rejects when it is not known to the provider. */
  async poll(paymentId: string): Promise<PaymentReport | null> {
    return reportOf(await readPayment(this.#context, paymentId));
  }

  metrics(): Family[] {
    const { results, open, breaker } = this.numbers();
    const labelled = results.map(({ type, code, ...sums }) => ({ labels: { type, result: code }, ...sums }));
    return [
      counter(
        'doorbuster_payments_total',
        'Final answers of the payment provider',
        labelled.map(({ labels, count }) => ({ labels, value: count })),
      ),
      summary(
        'doorbuster_payment_seconds',
        'From an order asking to the final answer',
        labelled.map(({ labels, count, seconds }) => ({ labels, count, sum: seconds })),
      ),
      gauge('doorbuster_payments_open', 'Payment commands without an answer yet', open),
      gauge(
        'doorbuster_payment_breaker_open',
        '1 while the provider is given a rest',
        breaker === 'closed' ? 0 : 1,
      ),
    ];
  }

  numbers(): PaymentNumbers {
    const { faults, breaker, running } = this.#provider.counts();
    return {
      results: [...this.#results.values()],
      open: this.#openByKey.size,
      calls: running,
      faults,
      breaker,
    };
  }

  /** Open commands are answered `busy`: they are asked again after the start. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#provider.stop();
    await Promise.all(this.#openByKey.values());
  }
}

/** Money that others moved is counted as that, whole or in part. */
function resultOf(answer: Answer): ResultCount['code'] {
  if (answer.code !== 'ok' || !('refunded' in answer.body)) return answer.code;
  if (answer.body.disputed !== null) return 'disputed';
  return answer.body.refunded.amount > 0 ? 'refunded' : 'ok';
}

export interface PaymentSettings {
  readonly stripe: ProviderOptions['stripe'];
}

export const effect: EffectType<PaymentSettings, PaymentCommand> = {
  kind: 'payments',
  create: ({ log, now, settings }) => new Payments({ stripe: settings.stripe, log, now }),
};
