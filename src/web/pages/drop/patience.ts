/** Requests to a server that may be busy: sent again, with the same ids, until there is an answer that lasts. */
import { signal } from '@preact/signals';
import { ApiError } from '../../api.ts';

const firstMs = 1_000;
const mostMs = 15_000;

export class Patience {
  /** When the server is asked again, by this tab's monotonic clock; null: it was not busy. */
  readonly retryAtMs = signal<number | null>(null);
  #isOver = false;

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Nobody looks any more: what fails from now on has failed. */
  end(): void {
    this.#isOver = true;
  }

  async ask<Result>(attempt: () => Promise<Result>): Promise<Result> {
    try {
      for (let failures = 0; ; failures++) {
        try {
          return await attempt();
        } catch (error) {
          if (this.#isOver || !(error instanceof ApiError) || !isWorthIt(error)) throw error;
          const growingMs = Math.min(mostMs, firstMs * 2 ** failures) * (0.5 + Math.random() / 2);
          const ms = Math.max(growingMs, (error.retryAfterSeconds ?? 0) * 1000);
          this.retryAtMs.value = performance.now() + ms;
          await pause(ms);
        }
      }
    } finally {
      this.retryAtMs.value = null;
    }
  }
}

function isWorthIt(error: ApiError): boolean {
  // A limit that no waiting changes is a refusal.
  if (error.code === 'address_limit') return false;
  return error.isPassing || error.code === 'idempotency_in_progress';
}

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
