/**
 * The crowd's HTTP side: one pool of connections for everybody.
 *
 * 1. At most `concurrency` requests are open; buyers who are paying go before those who join or look.
 * 2. 429 and 503 are waited out as `Retry-After` says, and a lost connection is tried again with the very same request
 *    (ids and keys included), a bounded number of times, or for `patienceSeconds` when that is longer.
 * 3. While the server is away one prober knocks for everybody; after `reconnectSeconds` the run is over.
 */
import { Pool } from 'undici';
import { type AttemptListener, actionOf, isNewAcknowledgement } from './attempts.ts';
import type { Clock } from './clock.ts';
import { createGate } from './gate.ts';
import type { Histogram, Tally } from './statistics.ts';

// biome-ignore lint/suspicious/noExplicitAny: bodies are the server's; every use reads them defensively
export type Body = any;

export interface Answer {
  readonly status: number;
  readonly body: Body;
}

export interface Ask {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly token?: string;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  /** Goes before the others when connections are short. */
  readonly isUrgent?: boolean;
  /** Gets the time from sending to the whole answer of the attempt that succeeded. */
  readonly timing?: Histogram;
}

/** The server stayed away longer than allowed. */
export class ServerGone extends Error {
  constructor(seconds: number, reason: string) {
    super(`no answer for ${seconds} s: ${reason}`);
    this.name = 'ServerGone';
  }
}

/** One request was refused as busy, or broke, more often than a patient client tries. */
export class NoAnswer extends Error {
  constructor(ask: Ask, reason: string) {
    super(`${ask.method} ${ask.path}: ${reason}`);
    this.name = 'NoAnswer';
  }
}

const attemptsMax = 60;
const probeEveryMs = 200;
/** Checkout may take 5 s by contract. */
const answerTimeoutMs = 20_000;

interface RawAnswer extends Answer {
  readonly retryAfterSeconds: number;
  readonly isReplay: boolean;
}

export interface ClientParts {
  readonly url: string;
  readonly concurrency: number;
  readonly reconnectSeconds: number;
  readonly patienceSeconds: number;
  readonly clock: Clock;
  readonly tally: Tally;
  readonly random: () => number;
  /** Hears of every attempt. */
  readonly onAttempt?: AttemptListener;
}

export class Client {
  /** Seconds that the server was away, each time. */
  readonly outages: number[] = [];
  readonly #parts: ClientParts;
  readonly #pool: Pool;
  readonly #gate: ReturnType<typeof createGate>;
  #probing: Promise<void> | null = null;
  #goneError: ServerGone | null = null;

  constructor(parts: ClientParts) {
    this.#parts = parts;
    this.#gate = createGate(parts.concurrency);
    // One request at a time on a connection: a pipelined one would be answered by closing it.
    this.#pool = new Pool(parts.url, {
      connections: parts.concurrency,
      pipelining: 1,
      allowH2: false,
      headersTimeout: answerTimeoutMs,
      bodyTimeout: answerTimeoutMs,
      connectTimeout: 5_000,
    });
  }

  get openRequests(): number {
    return this.#gate.inside;
  }

  /** Never answers 503, nor 429 but for a share that no waiting makes larger. Throws ServerGone or NoAnswer. */
  async ask(wanted: Ask): Promise<Answer> {
    const { clock, tally, random } = this.#parts;
    let reason = '';
    const patientUntilMs = performance.now() + this.#parts.patienceSeconds * 1_000;
    let attempts = 0;
    while (attempts < attemptsMax || performance.now() < patientUntilMs) {
      attempts++;
      if (this.#goneError) throw this.#goneError;
      await this.#enterWhenReachable(wanted.isUrgent ?? false);
      const answer = await this.#attempt(wanted);
      if (typeof answer === 'string') {
        tally.add('retries after a lost connection');
        reason = answer;
        await this.reachable();
        await clock.pause(random() * probeEveryMs);
        continue;
      }
      if (!isRefusal(answer.status) || answer.body?.code === 'address_limit') return answer;
      tally.add(`retries after ${answer.status}`);
      reason = `${answer.status} ${answer.body?.code ?? ''}`;
      await clock.pause(answer.retryAfterSeconds * 1_000 * (1 + random() / 2));
    }
    throw new NoAnswer(wanted, `gave up after ${attempts} attempts (${reason})`);
  }

  /** One attempt, whatever it is answered; null when the connection broke. */
  async tryOnce(wanted: Ask): Promise<Answer | null> {
    await this.#gate.enter(wanted.isUrgent ?? false);
    const answer = await this.#attempt(wanted);
    return typeof answer === 'string' ? null : answer;
  }

  /** Resolves when the server answers; throws ServerGone when it stays away for too long. */
  async reachable(): Promise<void> {
    if (this.#goneError) throw this.#goneError;
    const outagesBefore = this.outages.length;
    this.#probing ??= this.#probe().finally(() => {
      this.#probing = null;
    });
    await this.#probing;
    // After a real outage everybody comes back at once: spread them.
    if (this.outages.length > outagesBefore) await this.#parts.clock.pause(this.#parts.random() * 1_000);
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }

  async #probe(): Promise<void> {
    const { clock, reconnectSeconds } = this.#parts;
    const sinceMs = performance.now();
    for (let knocks = 1; ; knocks++) {
      let reason: string;
      try {
        // Any answer will do: a server that is busy recovering says so with a 503, which every request waits out itself.
        await send(this.#pool, { method: 'GET', path: '/v1/sales?limit=1' });
        if (knocks > 1) this.outages.push((performance.now() - sinceMs) / 1_000);
        return;
      } catch (error) {
        reason = error instanceof Error ? error.message : String(error);
      }
      if (performance.now() - sinceMs > reconnectSeconds * 1_000) {
        this.#goneError = new ServerGone(reconnectSeconds, reason);
        throw this.#goneError;
      }
      await clock.pause(probeEveryMs);
    }
  }

  /** Who waits at the gate when the server goes away must not find out one by one that it is gone. */
  async #enterWhenReachable(isUrgent: boolean): Promise<void> {
    for (;;) {
      if (this.#probing) await this.reachable();
      await this.#gate.enter(isUrgent);
      if (!this.#probing) return;
      this.#gate.leave();
    }
  }

  /** Sends once, past the gate. The answer, or why there is none. */
  async #attempt(wanted: Ask): Promise<RawAnswer | string> {
    const sentAtMs = performance.now();
    let answer: RawAnswer | string;
    try {
      answer = await send(this.#pool, wanted);
    } catch (error) {
      answer = error instanceof Error ? error.message : String(error);
    } finally {
      this.#gate.leave();
    }
    const tookMs = performance.now() - sentAtMs;
    const { status, isReplay } = typeof answer === 'string' ? { status: 0, isReplay: false } : answer;
    if (status !== 0 && !isRefusal(status)) wanted.timing?.record(tookMs);
    const action = actionOf(wanted.method, wanted.path);
    const isNew = isNewAcknowledgement(action, status, isReplay);
    this.#parts.onAttempt?.({ action, sentAtMs, tookMs, status, isNew });
    return answer;
  }
}

/** Nothing was done: come back later. */
const isRefusal = (status: number) => status === 429 || status === 503;

/** One attempt. Rejects when the connection broke or the answer did not come in time. */
function send(pool: Pool, { method, path, token, body, headers }: Ask): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const sent: Record<string, string> = { ...headers };
    if (token) sent.authorization = `Bearer ${token}`;
    if (body) sent['content-type'] = 'application/json';
    let status = 0;
    let retryAfterSeconds = 1;
    let isReplay = false;
    const chunks: Buffer[] = [];
    pool.dispatch(
      { method, path, headers: sent, body: body ? JSON.stringify(body) : null },
      {
        onRequestStart() {},
        onResponseStart(_controller, statusCode, received) {
          status = statusCode;
          isReplay = received['idempotency-replayed'] === 'true';
          const seconds = Number(received['retry-after']);
          if (seconds >= 0 && seconds <= 60) retryAfterSeconds = Math.max(0.1, seconds);
        },
        onResponseData(_controller, chunk) {
          chunks.push(chunk);
        },
        onResponseEnd() {
          resolve({ status, body: parseBody(chunks), retryAfterSeconds, isReplay });
        },
        onResponseError(_controller, error) {
          reject(error);
        },
      },
    );
  });
}

function parseBody(chunks: readonly Buffer[]): Body {
  if (chunks.length === 0) return null;
  const text = chunks.length === 1 ? chunks[0]!.toString() : Buffer.concat(chunks).toString();
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
