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
import { setTimeout as pause } from 'node:timers/promises';
import {
  BrokenCircuitError,
  bulkhead,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleWhen,
  wrap,
} from 'cockatiel';
import Stripe from 'stripe';
import type { Log } from '../../protocol/log.ts';

/** `untilMs` passed. `hasReached`: some attempt may have been carried out. */
export class GaveUp extends Error {
  readonly hasReached: boolean;
  constructor(hasReached: boolean) {
    super('the provider did not answer in time');
    this.hasReached = hasReached;
  }
}

/** The process is going down: nothing is known, ask again later. */
export class Stopped extends Error {}

/** The caller has no use for the answer any more. */
export class Superseded extends Error {}

export interface ProviderOptions {
  readonly stripe: { readonly secretKey: string | null; readonly sandboxUrl: string | null };
  readonly log: Log;
  readonly now: () => number;
  /** Waiting for one answer; 10 s when not given. */
  readonly timeoutMs?: number;
  /** First pause between attempts; 100 ms when not given. It doubles up to 30 s. */
  readonly pauseMs?: number;
}

export interface Provider {
  readonly stripe: Stripe;
  /** Throws what is final, GaveUp after `untilMs`, Superseded when `superseded` is aborted between attempts, Stopped. */
  call<Result>(
    attempt: () => Promise<Result>,
    untilMs?: number,
    superseded?: AbortSignal | null,
  ): Promise<Result>;
  /** Throws Stopped. */
  pause(attempts: number): Promise<void>;
  counts(): { faults: number; breaker: 'closed' | 'open' | 'half_open'; running: number };
  stop(): void;
}

const callsMax = 64;
const faultsToBreak = 20;
const pauseMaxMs = 30_000;
/** While the breaker is open nothing is sent, so looking again costs nothing. */
const brokenPauseMaxMs = 2_000;

function isReplay(error: Stripe.errors.StripeError): boolean {
  return (error.headers as Record<string, string> | undefined)?.['idempotent-replayed'] === 'true';
}

/** A fault passes; anything else is an answer. A 5xx that is replayed under our key will never change. */
export function isFault(error: unknown): boolean {
  if (error instanceof BrokenCircuitError) return true;
  if (error instanceof Stripe.errors.StripeConnectionError) return true;
  if (!(error instanceof Stripe.errors.StripeError)) return false;
  const status = error.statusCode ?? 0;
  if (status === 409 || status === 429) return true;
  return (status >= 500 || error instanceof Stripe.errors.StripeAPIError) && !isReplay(error);
}

/** Faults after which the provider has surely not carried out this attempt. */
function isUnreached(error: unknown): boolean {
  if (error instanceof BrokenCircuitError) return true;
  return error instanceof Stripe.errors.StripeError && error.statusCode === 429;
}

function connect(options: ProviderOptions, agent: HttpAgent | HttpsAgent): Stripe {
  const { secretKey, sandboxUrl } = options.stripe;
  const common = { maxNetworkRetries: 0, telemetry: false, timeout: options.timeoutMs ?? 10_000 } as const;
  if (sandboxUrl !== null) {
    const { hostname, port } = new URL(sandboxUrl);
    const httpClient = Stripe.createNodeHttpClient(agent);
    return new Stripe('sk_test_sandbox', { ...common, httpClient, host: hostname, port, protocol: 'http' });
  }
  if (secretKey === null) throw new Error('payments need a secret key or a sandbox');
  return new Stripe(secretKey, { ...common, httpClient: Stripe.createNodeHttpClient(agent) });
}

export function createProvider(options: ProviderOptions): Provider {
  const { log, now, pauseMs = 100 } = options;
  const agentOptions = { keepAlive: true, maxSockets: callsMax, maxFreeSockets: callsMax };
  const agent =
    options.stripe.sandboxUrl === null ? new HttpsAgent(agentOptions) : new HttpAgent(agentOptions);
  const stripe = connect(options, agent);
  const breaker = circuitBreaker(handleWhen(isFault), {
    breaker: new ConsecutiveBreaker(faultsToBreak),
    halfOpenAfter: new ExponentialBackoff({ initialDelay: pauseMs * 2, maxDelay: 10_000 }),
  });
  breaker.onBreak(() => log('warn', 'payments: the provider does not answer, calls are held back'));
  breaker.onReset(() => log('info', 'payments: the provider answers again'));
  const lane = bulkhead(callsMax, Number.MAX_SAFE_INTEGER);
  const guarded = wrap(lane, breaker);
  const stopping = new AbortController();
  let faults = 0;

  async function rest(ms: number, superseded: AbortSignal | null = null): Promise<void> {
    const signal = superseded ? AbortSignal.any([stopping.signal, superseded]) : stopping.signal;
    await pause(ms, undefined, { signal }).catch(() => {
      throw stopping.signal.aborted ? new Stopped() : new Superseded();
    });
  }

  async function call<Result>(
    attempt: () => Promise<Result>,
    untilMs = Infinity,
    superseded: AbortSignal | null = null,
  ): Promise<Result> {
    let hasReached = false;
    for (let attempts = 0; ; attempts++) {
      if (stopping.signal.aborted) throw new Stopped();
      if (superseded?.aborted) throw new Superseded();
      if (now() >= untilMs) throw new GaveUp(hasReached);
      try {
        return await guarded.execute(async () => {
          // The line may have been long.
          if (stopping.signal.aborted) throw new Stopped();
          if (now() >= untilMs) throw new GaveUp(hasReached);
          return attempt();
        });
      } catch (error) {
        if (!isFault(error)) throw error;
        faults++;
        hasReached ||= !isUnreached(error);
        const maxMs = error instanceof BrokenCircuitError ? brokenPauseMaxMs : pauseMaxMs;
        // While the breaker is open it has been said once, for everybody.
        if (attempts === 5 && !(error instanceof BrokenCircuitError))
          log('warn', 'payments: a call keeps failing', { error: String(error) });
        const wantedMs = Math.min(maxMs, pauseMs * 2 ** Math.min(attempts, 20)) * (0.5 + Math.random() / 2);
        await rest(Math.max(1, Math.min(wantedMs, untilMs - now())), superseded);
      }
    }
  }

  return {
    stripe,
    call,
    pause: (attempts) => rest(Math.min(pauseMaxMs, pauseMs * 2 ** Math.min(attempts, 20))),
    counts: () => ({
      faults,
      breaker:
        breaker.state === CircuitState.Closed
          ? 'closed'
          : breaker.state === CircuitState.HalfOpen
            ? 'half_open'
            : 'open',
      running: callsMax - lane.executionSlots,
    }),
    stop() {
      stopping.abort();
      agent.destroy();
    },
  };
}
