/**
 * Calls to the payment provider that end in a final answer.
 *
 * 1. A fault (no connection, timeout, 409, 429, 5xx) is tried again with growing, jittered pauses; the caller's
 *    closure carries the same idempotency key and body each time, so the provider acts once.
 * 2. At most `callsMax` calls run at once, the others wait in line; the line is bounded by the caller's own bound.
 * 3. After many faults in a row the breaker opens: one call in a while probes, the others wait without calling.
 * 4. What is not a fault (declines, bad parameters) is thrown at once.
 */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { setTimeout as wait } from 'node:timers/promises';
import {
  BrokenCircuitError,
  bulkhead,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleWhen,
  type IPolicy,
  wrap,
} from 'cockatiel';
import Stripe from 'stripe';
import { backoffMs } from '../../protocol/backoff.ts';
import type { Log } from '../../protocol/log.ts';
import { GaveUp, isFault, isUnreached, Stopped, Superseded } from './faults.ts';
import type { ProviderApi } from './provider-api.ts';
import { connectSandbox } from './sandbox-client.ts';

export interface ProviderOptions {
  readonly stripe: { readonly secretKey: string | null; readonly sandboxUrl: string | null };
  readonly log: Log;
  readonly now: () => number;
  /** Waiting for one answer; 10 s when not given. */
  readonly timeoutMs?: number;
  /** First pause between attempts; 100 ms when not given. It doubles up to 30 s. */
  readonly pauseMs?: number;
}

const callsMax = 64;
const faultsToBreak = 20;
const pauseMaxMs = 30_000;
/** While the breaker is open nothing is sent, so looking again costs nothing. */
const brokenPauseMaxMs = 2_000;
/** The sandbox closes idle connections after 10 s: none is used that it may be closing. */
const sandboxIdleMs = 5_000;

export interface ProviderCounts {
  readonly faults: number;
  readonly breaker: 'closed' | 'open' | 'half_open';
  /** Calls under way. */
  readonly running: number;
}

export class Provider {
  readonly api: ProviderApi;
  readonly #log: Log;
  readonly #now: () => number;
  readonly #pauseMs: number;
  readonly #agent: HttpAgent;
  readonly #lane = bulkhead(callsMax, Number.MAX_SAFE_INTEGER);
  readonly #breaker: CircuitBreakerPolicy;
  readonly #guarded: IPolicy;
  readonly #stopping = new AbortController();
  #faults = 0;

  constructor(options: ProviderOptions) {
    const { log, now, pauseMs = 100 } = options;
    this.#log = log;
    this.#now = now;
    this.#pauseMs = pauseMs;
    const { api, agent } = connect(options);
    this.api = api;
    this.#agent = agent;
    this.#breaker = breakerOf(log, pauseMs);
    this.#guarded = wrap(this.#lane, this.#breaker);
  }

  /** Throws what is final, GaveUp after `untilMs`, Superseded when `superseded` is aborted between attempts, Stopped. */
  async call<Result>(
    attempt: () => Promise<Result>,
    untilMs = Number.POSITIVE_INFINITY,
    superseded: AbortSignal | null = null,
  ): Promise<Result> {
    let hasReached = false;
    for (let attempts = 0; ; attempts++) {
      if (superseded?.aborted) throw this.#interruption();
      this.#throwIfOver(untilMs, hasReached);
      try {
        return await this.#guarded.execute(async () => {
          // The line may have been long.
          this.#throwIfOver(untilMs, hasReached);
          return attempt();
        });
      } catch (error) {
        if (!isFault(error)) throw error;
        hasReached ||= !isUnreached(error);
        this.#countFault(error, attempts);
        const wantedMs = this.#pauseAfter(error, attempts);
        await this.#rest(Math.max(1, Math.min(wantedMs, untilMs - this.#now())), superseded);
      }
    }
  }

  #throwIfOver(untilMs: number, hasReached: boolean): void {
    if (this.#stopping.signal.aborted) throw new Stopped();
    if (this.#now() >= untilMs) throw new GaveUp(hasReached);
  }

  #countFault(error: unknown, attempts: number): void {
    this.#faults++;
    // While the breaker is open it has been said once, for everybody.
    if (attempts === 5 && !(error instanceof BrokenCircuitError))
      this.#log('warn', 'payments: a call keeps failing', { error: String(error) });
  }

  #pauseAfter(fault: unknown, attempts: number): number {
    const maxMs = fault instanceof BrokenCircuitError ? brokenPauseMaxMs : pauseMaxMs;
    return backoffMs(this.#pauseMs, maxMs, attempts) * (0.5 + Math.random() / 2);
  }

  /** Throws Stopped. */
  pause(attempts: number): Promise<void> {
    return this.#rest(backoffMs(this.#pauseMs, pauseMaxMs, attempts), null);
  }

  async #rest(ms: number, superseded: AbortSignal | null): Promise<void> {
    const stopping = this.#stopping.signal;
    const signal = superseded ? AbortSignal.any([stopping, superseded]) : stopping;
    await wait(ms, undefined, { signal }).catch(() => {
      throw this.#interruption();
    });
  }

  #interruption(): Stopped | Superseded {
    return this.#stopping.signal.aborted ? new Stopped() : new Superseded();
  }

  counts(): ProviderCounts {
    return {
      faults: this.#faults,
      breaker: breakerNames[this.#breaker.state],
      running: callsMax - this.#lane.executionSlots,
    };
  }

  stop(): void {
    this.#stopping.abort();
    this.#agent.destroy();
  }
}

/** One way in for the sandbox, one for the real provider. */
function connect({ stripe, timeoutMs = 10_000 }: ProviderOptions): { api: ProviderApi; agent: HttpAgent } {
  const { secretKey, sandboxUrl } = stripe;
  const kept = { keepAlive: true, maxSockets: callsMax, maxFreeSockets: callsMax };
  if (sandboxUrl !== null) {
    const agent = new HttpAgent({ ...kept, timeout: sandboxIdleMs });
    return { api: connectSandbox(sandboxUrl, agent, timeoutMs), agent };
  }
  if (secretKey === null) throw new Error('payments need a secret key or a sandbox');
  const agent = new HttpsAgent(kept);
  const httpClient = Stripe.createNodeHttpClient(agent);
  const api = new Stripe(secretKey, {
    httpClient,
    maxNetworkRetries: 0,
    telemetry: false,
    timeout: timeoutMs,
  });
  return { api, agent };
}

const breakerNames: Readonly<Record<CircuitState, ProviderCounts['breaker']>> = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.HalfOpen]: 'half_open',
  [CircuitState.Open]: 'open',
  [CircuitState.Isolated]: 'open',
};

function breakerOf(log: Log, pauseMs: number): CircuitBreakerPolicy {
  const breaker = circuitBreaker(handleWhen(isFault), {
    breaker: new ConsecutiveBreaker(faultsToBreak),
    halfOpenAfter: new ExponentialBackoff({ initialDelay: pauseMs * 2, maxDelay: 10_000 }),
  });
  breaker.onBreak(() => log('warn', 'payments: the provider does not answer, calls are held back'));
  breaker.onReset(() => log('info', 'payments: the provider answers again'));
  return breaker;
}
