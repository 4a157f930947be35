/**
 * The buyers' side of HTTP: every attempt is timed and noted; `settle` repeats the very same request, ids and keys
 * included, until its outcome is known.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { Attempt, Ledger } from './ledger.ts';

export interface Ask {
  readonly action: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly token?: string;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  /** 0: no answer came. */
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: an outside client knows the shape by the contract
  readonly body: any;
}

export interface FaultClient {
  /** One attempt; never rejects. */
  once(ask: Ask, url?: string): Promise<Answer>;
  /** Until the outcome is known. Rejects when it is not before the deadline. */
  settle(ask: Ask): Promise<Answer>;
  /** Attempts on their way. */
  readonly open: number;
  /** Ends every `settle`. */
  close(): Promise<void>;
}

/** Checkout may take 5 s by contract; longer than that means that nobody answers. */
const attemptMsMax = 8_000;
const pauseMs = { min: 100, spread: 200 };

const isUnknown = ({ status, body }: Answer) =>
  status === 0 || status === 429 || status >= 500 || body?.code === 'idempotency_in_progress';

export function createFaultClient(parts: {
  readonly url: () => string;
  readonly ledger: Ledger;
  readonly random: () => number;
  readonly deadlineMs: number;
}): FaultClient {
  const { ledger, random } = parts;
  const agent = new Agent({
    connections: 600,
    pipelining: 1,
    allowH2: false,
    headersTimeout: attemptMsMax,
    bodyTimeout: attemptMsMax,
    connect: { timeout: 2_000 },
  });

  let open = 0;
  let isClosed = false;

  async function once(ask: Ask, url = parts.url()): Promise<Answer> {
    const sentAtMs = performance.now();
    let answer: Answer = { status: 0, body: null };
    let isReplayed = false;
    open++;
    try {
      const response = await request(`${url}${ask.path}`, {
        dispatcher: agent,
        method: ask.method,
        headers: {
          ...(ask.token ? { authorization: `Bearer ${ask.token}` } : {}),
          ...(ask.body ? { 'content-type': 'application/json' } : {}),
          ...ask.headers,
        },
        body: ask.body ? JSON.stringify(ask.body) : null,
      });
      const text = await response.body.text();
      isReplayed = response.headers['idempotency-replayed'] === 'true';
      answer = { status: response.statusCode, body: text === '' ? null : JSON.parse(text) };
    } catch {
      // Refused, cut or silent: nothing is known.
    } finally {
      open--;
    }
    ledger.note(attemptOf(ask, sentAtMs, answer, isReplayed));
    return answer;
  }

  async function settle(ask: Ask): Promise<Answer> {
    for (;;) {
      const answer = await once(ask);
      if (!isUnknown(answer)) return answer;
      if (isClosed || performance.now() > parts.deadlineMs)
        throw new Error(`${ask.action} was never answered: ${answer.status} ${answer.body?.code ?? ''}`);
      await wait(pauseMs.min + random() * pauseMs.spread);
    }
  }

  return {
    once,
    settle,
    get open() {
      return open;
    },
    close() {
      isClosed = true;
      return agent.destroy();
    },
  };
}

function attemptOf(ask: Ask, sentAtMs: number, answer: Answer, isReplayed: boolean): Attempt {
  const isYes = answer.status >= 200 && answer.status < 300;
  return {
    action: ask.action,
    sentAtMs,
    tookMs: performance.now() - sentAtMs,
    status: answer.status,
    code: answer.body?.code ?? '',
    // 200 repeats what was there already, except for a release.
    isNew:
      isYes && !isReplayed && (ask.method === 'DELETE' || (ask.method === 'POST' && answer.status > 200)),
  };
}
