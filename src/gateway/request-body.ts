/** The body of one request as it comes in, within two bounds: its own, and that of all open bodies together. */
import { DoorbusterError } from '../protocol/errors.ts';
import { parseJson } from './check.ts';

export const bodyBytesMax = 64 * 1024;

/** Bytes of all bodies that are kept now. */
export interface BodyBudget {
  readonly openBodyBytesMax: number;
  openBodyBytes: number;
}

const jsonTypes = /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?;?$/i;
const noBytes = Buffer.alloc(0);

export class RequestBody {
  isComplete = false;
  isTooLarge = false;
  readonly #budget: BodyBudget;
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(budget: BodyBudget) {
    this.#budget = budget;
  }

  /** Copies the chunk, whose memory uWS takes back. False when all bodies together have become too many bytes. */
  add(chunk: ArrayBuffer, isLast: boolean): boolean {
    if (this.#bytes + chunk.byteLength > bodyBytesMax) {
      this.isTooLarge = true;
      this.release();
      return true;
    }
    if (chunk.byteLength > 0) {
      this.#chunks.push(Buffer.from(new Uint8Array(chunk)));
      this.#bytes += chunk.byteLength;
      this.#budget.openBodyBytes += chunk.byteLength;
    }
    this.isComplete = isLast;
    return isLast || this.#budget.openBodyBytes <= this.#budget.openBodyBytesMax;
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

/** Refuses with `unsupported_media_type`, `malformed_json`, `card_data_refused` or `validation_failed`. */
export function parseBody(bytes: Buffer, contentType: string): unknown {
  if (bytes.length > 0 && !jsonTypes.test(contentType))
    throw new DoorbusterError('unsupported_media_type', 'Send the body as application/json');
  return parseJson(bytes);
}
