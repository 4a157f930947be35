/** What all exchanges of one server share: the way on, and how many of them are open, within bounds. */
import type { Pipeline } from './pipeline.ts';
import type { BodyBudget } from './request-body.ts';
import type { Router } from './router.ts';

const openMaxDefault = 20_000;

export class Gate implements BodyBudget {
  readonly pipeline: Pipeline;
  readonly router: Router;
  readonly openBodyBytesMax = 64 * 1024 * 1024;
  openBodyBytes = 0;
  isDraining = false;
  readonly #openMax: number;
  #open = 0;
  #onIdle: (() => void) | null = null;

  constructor(pipeline: Pipeline, router: Router, openMax = openMaxDefault) {
    this.pipeline = pipeline;
    this.router = router;
    this.#openMax = openMax;
  }

  /** Requests that have no answer yet. */
  get open(): number {
    return this.#open;
  }

  get isOverfull(): boolean {
    return this.#open > this.#openMax;
  }

  enter(): void {
    this.#open += 1;
  }

  leave(): void {
    this.#open -= 1;
    if (this.#open === 0) this.#onIdle?.();
  }

  /** Resolves when no request is open, or when the time is over. */
  async idle(msMax: number): Promise<void> {
    if (this.#open === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, msMax);
      this.#onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
