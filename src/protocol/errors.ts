/** Faults as exceptions: what a client is told of them is one of the refusal codes. */
import type { Refusal } from './codes.ts';

/**
 * An outside fault with a stable code; business refusals inside the engine are plain codes instead.
 *
 * It has no stack: its code and detail say all, in a rush most answers are refusals, and to walk over the stack costs as
 * much as a sixth of a refused request.
 */
export class DoorbusterError extends Error {
  readonly code: Refusal;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: Refusal, detail: string, details: Readonly<Record<string, unknown>> = {}) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(detail);
    Error.stackTraceLimit = stackTraceLimit;
    this.name = 'DoorbusterError';
    this.code = code;
    this.details = details;
  }
}
