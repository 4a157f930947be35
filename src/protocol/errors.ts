/** Faults as exceptions: what a client is told of them is one of the refusal codes. */
import type { Refusal } from './codes.ts';

/** An outside fault with a stable code; business refusals inside the engine are plain codes instead. */
export class DoorbusterError extends Error {
  readonly code: Refusal;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: Refusal, detail: string, details: Readonly<Record<string, unknown>> = {}) {
    super(detail);
    this.name = 'DoorbusterError';
    this.code = code;
    this.details = details;
  }
}
