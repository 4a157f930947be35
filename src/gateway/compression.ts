/**
 * Compressed answers to public reads.
 *
 * 1. No thread is held: the work is done by Node's pool, within a bound of what runs at once; beyond it, and for bodies
 *    that are small or huge, the answer goes out as it is.
 * 2. A body that is the same bytes object every time (the OpenAPI document) is compressed once.
 */
import { promisify } from 'node:util';
import { type BrotliOptions, brotliCompress, constants, gzip } from 'node:zlib';

export type Coding = 'br' | 'gzip';

const bytesMin = 1_024;
const bytesMax = 2 * 1024 * 1024;
const runningMax = 8;
/** Brotli's own default takes a hundred times as long for a tenth fewer bytes. */
const brotliQuality = 4;

const brotli = promisify<Uint8Array, BrotliOptions, Uint8Array>(brotliCompress);
const options = { params: { [constants.BROTLI_PARAM_QUALITY]: brotliQuality } };

const encoders: Readonly<Record<Coding, (bytes: Uint8Array) => Promise<Uint8Array>>> = {
  br: (bytes) => brotli(bytes, options),
  gzip: promisify<Uint8Array, Uint8Array>(gzip),
};

/** The coding that the client likes best of ours, brotli before gzip; null: none (RFC 9110, 12.5.3). */
export function codingFor(acceptEncoding: string): Coding | null {
  let any = 0;
  const qualities = { br: -1, gzip: -1 };
  for (const part of acceptEncoding.toLowerCase().split(',', 32)) {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim());
    const weight = parameters.find((text) => text.startsWith('q='));
    const quality = weight === undefined ? 1 : Number(weight.slice(2)) || 0;
    if (name === 'br' || name === 'gzip') qualities[name] = quality;
    else if (name === 'x-gzip') qualities.gzip = quality;
    else if (name === '*') any = quality;
  }
  const br = qualities.br < 0 ? any : qualities.br;
  const gz = qualities.gzip < 0 ? any : qualities.gzip;
  if (br <= 0 && gz <= 0) return null;
  return br >= gz ? 'br' : 'gzip';
}

export class Compressor {
  readonly #known: Readonly<Record<Coding, WeakMap<Uint8Array, Promise<Uint8Array>>>> = {
    br: new WeakMap(),
    gzip: new WeakMap(),
  };
  #running = 0;

  /** null: send it as it is. `isConstant`: the same object will be asked for again. */
  compress(bytes: Uint8Array, coding: Coding, isConstant: boolean): Promise<Uint8Array> | null {
    const known = isConstant ? this.#known[coding].get(bytes) : undefined;
    if (known) return known;
    if (bytes.length < bytesMin || bytes.length > bytesMax || this.#running >= runningMax) return null;
    this.#running += 1;
    const compressed = encoders[coding](bytes).finally(() => {
      this.#running -= 1;
    });
    if (isConstant) this.#known[coding].set(bytes, compressed);
    return compressed;
  }
}
