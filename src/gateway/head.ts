/**
 * The head of a request, copied while uWS still has it.
 *
 * 1. Every header line is walked once. What may stand once and stands twice is a fault, whatever it says: uWS takes
 *    the first, a proxy in front may take the last, and between the two readings requests are smuggled.
 * 2. The length of the body is said in one way: either one plain Content-Length, or exactly `chunked`.
 * 3. A head with a fault is refused (`malformed_request`) and its connection closed, because nobody knows where the
 *    next request begins.
 *
 * What the machine under it refuses by itself, before this is reached, is listed in docs/OPERATIONS.md.
 */
import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import { type ClientAddress, nobody } from './client-address.ts';
import { newId } from './handling.ts';

const noHeaders: Readonly<Record<string, string>> = Object.freeze({});
const noNames: readonly string[] = Object.freeze([]);

/** Headers that are lists: several lines are one list, in their order (RFC 9110, 5.3). */
const lists: ReadonlySet<string> = new Set([
  'if-match',
  'sec-websocket-protocol',
  'sec-websocket-extensions',
]);

const hostPattern = /^(?:[\w.-]{1,253}|\[[\da-fA-F:.]{2,45}\])(?::\d{1,5})?$/;
const lengthPattern = /^\d{1,15}$/;
const requestIdPattern = /^[\x21-\x7e]{1,128}$/;
const closePattern = /(?:^|,)\s*close\s*(?:,|$)/i;

/** One bit for each header that may stand once. */
const bits = {
  host: 1,
  contentLength: 2,
  transferEncoding: 4,
  authorization: 8,
  contentType: 16,
  idempotencyKey: 32,
  requestId: 64,
  origin: 128,
} as const;

/** The last good Host: most requests of one server have the same. */
let knownHost = '';

export class RequestHead {
  readonly method: string;
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  /** The peer's address, as bytes. */
  readonly peer: ArrayBuffer;
  client: ClientAddress = nobody;
  /** What is wrong with the head, or null. */
  fault: string | null = null;
  /** The client's, when it is 1 to 128 visible ASCII characters, else one of ours. */
  requestId = '';
  authorization = '';
  contentType = '';
  /** null when there was no such line. */
  idempotencyKey: string | null = null;
  contentLength = 0;
  isChunked = false;
  /** All lines of X-Forwarded-For as one list. */
  forwardedFor = '';
  ifNoneMatch = '';
  accept = '';
  acceptEncoding = '';
  origin = '';
  /** The client wants the connection closed after the answer. */
  isLast = false;
  /** uWS closes it by itself and does not say so: it does whenever Connection has a word of five letters. */
  isCut = false;
  /** Those that the route reads, by their names in lower case. */
  headers: Record<string, string> = noHeaders;
  #names = noNames;
  #host = '';
  #seen = 0;

  constructor(res: HttpResponse, req: HttpRequest) {
    this.method = req.getCaseSensitiveMethod();
    this.path = req.getUrl();
    // Not a string when the path has no question mark, whatever the types say.
    this.query = req.getQuery() ?? '';
    this.peer = res.getRemoteAddress();
  }

  /** Reads the header lines; `names` are those that the route wants. */
  walk(req: HttpRequest, names: readonly string[]): void {
    this.#names = names;
    if (names.length > 0) this.headers = {};
    walked = this;
    req.forEach(visit);
    walked = null;
    if (this.requestId === '' || !requestIdPattern.test(this.requestId)) this.requestId = newId('request');
    if (this.#host !== knownHost) {
      if (hostPattern.test(this.#host)) knownHost = this.#host;
      else this.fault ??= 'Host must be there and name a host';
    }
    if (this.isChunked && (this.#seen & bits.contentLength) !== 0)
      this.fault ??= 'Transfer-Encoding and Content-Length exclude each other';
  }

  take(name: string, value: string): void {
    switch (name) {
      case 'host':
        this.#once(bits.host, name);
        this.#host = value;
        if (this.#names.includes(name)) this.headers.host = value;
        break;
      case 'authorization':
        this.#once(bits.authorization, name);
        this.authorization = value;
        break;
      case 'content-type':
        this.#once(bits.contentType, name);
        this.contentType = value;
        break;
      case 'content-length':
        this.#once(bits.contentLength, name);
        if (lengthPattern.test(value)) this.contentLength = Number(value);
        else this.fault ??= 'Content-Length must be a plain number';
        break;
      case 'transfer-encoding':
        this.#once(bits.transferEncoding, name);
        this.isChunked = true;
        if (value !== 'chunked') this.fault ??= 'Transfer-Encoding must be chunked and nothing else';
        break;
      case 'idempotency-key':
        this.#once(bits.idempotencyKey, name);
        this.idempotencyKey = value;
        break;
      case 'x-request-id':
        // Two ids are none.
        this.requestId = (this.#seen & bits.requestId) === 0 ? value : '';
        this.#seen |= bits.requestId;
        break;
      case 'origin':
        this.#once(bits.origin, name);
        this.origin = value;
        break;
      case 'x-forwarded-for':
        this.forwardedFor = listed(this.forwardedFor, value);
        break;
      case 'if-none-match':
        this.ifNoneMatch = listed(this.ifNoneMatch, value);
        break;
      case 'accept':
        this.accept = listed(this.accept, value);
        break;
      case 'accept-encoding':
        this.acceptEncoding = listed(this.acceptEncoding, value);
        break;
      case 'connection':
        this.isCut = value.length === 5;
        if (this.isCut || closePattern.test(value)) this.isLast = true;
        break;
      default:
        if (this.#names.length > 0 && this.#names.includes(name)) this.#takeForRoute(name, value);
    }
  }

  #takeForRoute(name: string, value: string): void {
    const known = this.headers[name];
    if (known === undefined) this.headers[name] = value;
    else if (lists.has(name)) this.headers[name] = listed(known, value);
    else this.fault ??= `${name} must not stand twice`;
  }

  #once(bit: number, name: string): void {
    if ((this.#seen & bit) !== 0) this.fault ??= `${name} must not stand twice`;
    this.#seen |= bit;
  }
}

/** The head whose lines uWS is handing out: one function for all requests, instead of a closure for each. */
let walked: RequestHead | null = null;

function visit(name: string, value: string): void {
  walked!.take(name, value);
}

function listed(known: string, value: string): string {
  return known === '' ? value : `${known}, ${value}`;
}
