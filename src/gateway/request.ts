/**
 * What comes in after a request's head: its body within bounds; and the gate of one server, which counts what is open.
 */
import { DoorbusterError } from '../protocol/errors.ts';
import { Cors } from './cors.ts';
import { parseJson } from './json.ts';
import type { Pipeline } from './pipeline.ts';
import type { Router } from './router.ts';
import type { Uploads } from './upload.ts';
import type { WebFile } from './web-files.ts';

// ----------------------------------------------------------------
// The body of one request as it comes in, within two bounds: its own, and that of all open bodies together.

export const bodyBytesMax = 64 * 1024;

/** Bytes of all bodies that are kept now. */
export interface BodyBudget {
  readonly openBodyBytesMax: number;
  openBodyBytes: number;
}

const noBytes = Buffer.alloc(0);

export class RequestBody {
  isComplete = false;
  isTooLarge = false;
  readonly #budget: BodyBudget;
  readonly #bytesMax: number;
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(budget: BodyBudget, bytesMax: number) {
    this.#budget = budget;
    this.#bytesMax = bytesMax;
  }

  /** Copies the chunk, whose memory uWS takes back. False when all bodies together have become too many bytes. */
  add(chunk: ArrayBuffer): boolean {
    if (this.#bytes + chunk.byteLength > this.#bytesMax) {
      this.isTooLarge = true;
      this.release();
      return true;
    }
    if (chunk.byteLength > 0) {
      this.#chunks.push(Buffer.from(new Uint8Array(chunk)));
      this.#bytes += chunk.byteLength;
      this.#budget.openBodyBytes += chunk.byteLength;
    }
    return this.#budget.openBodyBytes <= this.#budget.openBodyBytesMax;
  }

  bytes(): Buffer {
    if (this.#chunks.length === 0) return noBytes;
    return this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
  }

  release(): void {
    this.#budget.openBodyBytes -= this.#bytes;
    this.#bytes = 0;
    this.#chunks = [];
  }
}

/** Only the type counts: JSON has no parameters that mean anything (RFC 8259, section 11). */
function isJson(contentType: string): boolean {
  if (contentType === 'application/json') return true;
  return contentType.split(';', 1)[0]!.trim().toLowerCase() === 'application/json';
}

/** Refuses with `unsupported_media_type`, `malformed_json`, `card_data_refused` or `validation_failed`. */
export function parseBody(bytes: Buffer, contentType: string): unknown {
  if (bytes.length > 0 && !isJson(contentType))
    throw new DoorbusterError('unsupported_media_type', 'Send the body as application/json');
  return parseJson(bytes);
}

// ----------------------------------------------------------------
// What all exchanges of one server share: the way on, and how many of them are open, within bounds.

const openMaxDefault = 20_000;

export class Gate implements BodyBudget {
  readonly pipeline: Pipeline;
  readonly router: Router;
  readonly cors: Cors;
  readonly html: WebFile | null;
  readonly openBodyBytesMax = 64 * 1024 * 1024;
  openBodyBytes = 0;
  readonly uploads: Uploads;
  /** Answers that are being sent piece by piece. */
  openStreams = 0;
  isDraining = false;
  readonly #openMax: number;
  #open = 0;
  #onIdle: (() => void) | null = null;

  /** `html`: the page of addresses that do not exist; null: there are no pages. */
  constructor(
    pipeline: Pipeline,
    router: Router,
    uploads: Uploads,
    openMax = openMaxDefault,
    html: WebFile | null = null,
  ) {
    this.html = html;
    this.uploads = uploads;
    this.pipeline = pipeline;
    this.router = router;
    this.cors = new Cors(pipeline.services.config.corsOrigins);
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
