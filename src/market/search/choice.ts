/**
 * Which engine answers: the configured one, or PostgreSQL while that one does not.
 *
 * 1. An engine that fails or is late is asked no more for a while (a circuit breaker), so that a broken one costs few
 *    requests their time.
 * 2. So many searches run at once in a gateway, and so many wait: more are `busy`. What is bought waits for none of them.
 * 3. A refusal of the request itself is no fault of the engine's.
 */
import {
  BulkheadRejectedError,
  bulkhead,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhen,
  TimeoutStrategy,
  timeout,
  wrap,
} from 'cockatiel';
import { DoorbusterError } from '../../protocol/errors.ts';
import type { Log } from '../../protocol/log.ts';
import { cursorExpired } from './cursor.ts';
import type { EngineName, SearchEngine } from './engine.ts';

const runningMax = 3;
const waitingMax = 200;
/** How long another engine is waited for before PostgreSQL is asked. */
const patienceMs = 500;
const failuresInARow = 3;
const restMs = 2_000;

export interface Answered<Answer> {
  readonly answer: Answer;
  readonly engine: EngineName;
  /** It is not the engine that is configured. */
  readonly isDegraded: boolean;
}

const isFault = (error: unknown) => !(error instanceof DoorbusterError) || error.code === 'busy';

export class EngineChoice {
  readonly #configured: SearchEngine;
  /** null: the configured one is all there is. */
  readonly #fallback: SearchEngine | null;
  readonly #log: Log;
  readonly #places = bulkhead(runningMax, waitingMax);
  readonly #guarded = wrap(
    circuitBreaker(handleWhen(isFault), {
      halfOpenAfter: restMs,
      breaker: new ConsecutiveBreaker(failuresInARow),
    }),
    timeout(patienceMs, TimeoutStrategy.Aggressive),
  );
  #isWell = true;

  constructor(configured: SearchEngine, fallback: SearchEngine | null, log: Log) {
    this.#configured = configured;
    this.#fallback = fallback;
    this.#log = log;
  }

  /** `only`: the engine that can go on from a cursor; null: any. Refuses with `busy`, and `cursor_expired` without it. */
  async ask<Answer>(
    work: (engine: SearchEngine) => Promise<Answer>,
    only: EngineName | null = null,
  ): Promise<Answered<Answer>> {
    const isOther = (engine: SearchEngine) => only !== null && engine.name !== only;
    if (this.#fallback === null) {
      if (isOther(this.#configured)) throw cursorExpired();
      return {
        answer: await this.#placed(work, this.#configured),
        engine: this.#configured.name,
        isDegraded: false,
      };
    }
    if (!isOther(this.#configured)) {
      try {
        const answer = await this.#guarded.execute(() => work(this.#configured));
        this.#note(null);
        return { answer, engine: this.#configured.name, isDegraded: false };
      } catch (error) {
        if (!isFault(error)) throw error;
        this.#note(error);
      }
    }
    if (isOther(this.#fallback)) throw cursorExpired();
    return {
      answer: await this.#placed(work, this.#fallback),
      engine: this.#fallback.name,
      isDegraded: true,
    };
  }

  async #placed<Answer>(
    work: (engine: SearchEngine) => Promise<Answer>,
    engine: SearchEngine,
  ): Promise<Answer> {
    try {
      return await this.#places.execute(() => work(engine));
    } catch (error) {
      if (!(error instanceof BulkheadRejectedError)) throw error;
      throw new DoorbusterError('busy', 'Too many searches at once: try again');
    }
  }

  /** One line when an engine begins to fail, and one when it answers again. */
  #note(error: unknown): void {
    if ((error === null) === this.#isWell) return;
    this.#isWell = error === null;
    if (error === null)
      this.#log('info', 'the search engine answers again', { engine: this.#configured.name });
    else
      this.#log('warn', 'the search engine does not answer: PostgreSQL stands in', {
        engine: this.#configured.name,
        error: String(error),
      });
  }
}
