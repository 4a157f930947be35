/** What is wanted of a request's head, copied while uWS still has it: after the handler's first turn it is gone. */
import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import { newId } from './new-id.ts';

export interface RequestHead {
  readonly method: string;
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  readonly requestId: string;
  readonly remoteAddress: string;
  readonly authorization: string;
  readonly contentType: string;
  readonly idempotencyKey: string;
  /** NaN when it is no number. */
  readonly contentLength: number;
  readonly isChunked: boolean;
}

const textDecoder = new TextDecoder();

export function readHead(res: HttpResponse, req: HttpRequest): RequestHead {
  return {
    method: req.getCaseSensitiveMethod(),
    path: req.getUrl(),
    // Not a string when the path has no question mark, whatever the types say.
    query: req.getQuery() ?? '',
    requestId: requestIdFrom(req.getHeader('x-request-id')),
    remoteAddress: textDecoder.decode(res.getRemoteAddressAsText()),
    authorization: req.getHeader('authorization'),
    contentType: req.getHeader('content-type'),
    idempotencyKey: req.getHeader('idempotency-key'),
    contentLength: Number(req.getHeader('content-length') || 0),
    isChunked: req.getHeader('transfer-encoding') !== '',
  };
}

/** The headers that a route reads. */
export function readHeaders(req: HttpRequest, names: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of names) {
    const value = req.getHeader(name);
    if (value !== '') headers[name] = value;
  }
  return headers;
}

function requestIdFrom(sent: string): string {
  return sent !== '' && sent.length <= 128 && /^[\w.-]+$/.test(sent) ? sent : newId('request');
}
