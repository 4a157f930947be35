/**
 * Writes one reply to one response that is still open: corked, once, with the headers that every answer has.
 *
 * 1. A connection that stays open says for how long (`Keep-Alive`); one that does not says `Connection: close`.
 */

import type { HttpResponse } from 'uWebSockets.js';
import { STATUS_CODES } from 'node:http';
import type { RequestHead } from './head.ts';
import { problemType } from './problem.ts';
import type { Reply, Route } from './route.ts';

/**
 * uWS closes an idle connection after 10 s, give or take a tick of its clock, which is 4 s: never before the ninth
 * second. What is announced leaves a second for the way.
 */
const keepAliveSeconds = 7;

/** Several lines in one call: uWS writes a value as it is, and each call costs more than the bytes. */
const keepAlive = `\r\nConnection: keep-alive\r\nKeep-Alive: timeout=${keepAliveSeconds}`;
const privateKeptAlive = `no-store${keepAlive}`;

/**
 * `route`: null when the path has none, or the answer is no route's. `corsLines`: `Vary` and what pages of other origins are
 * told; empty: nothing.
 */
export function writeReply(
  res: HttpResponse,
  { status, headers, body, contentType, cacheControl }: Reply,
  { requestId, method, isCut }: RequestHead,
  mustClose: boolean,
  route: Route | null,
  corsLines: string,
): void {
  const isBytes = body instanceof Uint8Array;
  const bytes = body === undefined ? null : isBytes ? body : JSON.stringify(body);
  const cacheSeconds = route?.cacheSeconds;
  res.cork(() => {
    res.writeStatus(statusLine(status));
    // Only bytes can be anything else than JSON: most answers are objects, and ask their route nothing.
    const type = contentType ?? (isBytes ? route?.contentType : undefined) ?? 'application/json';
    const isProblem = status >= 400 && contentType === undefined;
    if (bytes !== null) res.writeHeader('Content-Type', isProblem ? problemType : type);
    res.writeHeader('X-Request-Id', requestId);
    for (const name in headers) res.writeHeader(name, headers[name]!);
    if (corsLines !== '') res.writeHeader('Vary', corsLines);
    if (cacheControl !== undefined) {
      res.writeHeader('Vary', 'Accept-Encoding');
      res.writeHeader('Cache-Control', mustClose ? cacheControl : `${cacheControl}${keepAlive}`);
    } else if (cacheSeconds !== undefined && (status === 200 || status === 304)) {
      res.writeHeader('Vary', 'Accept-Encoding');
      res.writeHeader('Cache-Control', `public, max-age=${cacheSeconds}${mustClose ? '' : keepAlive}`);
    } else {
      res.writeHeader('Cache-Control', mustClose ? 'no-store' : privateKeptAlive);
    }
    if (isCut) res.writeHeader('Connection', 'close');
    // HEAD: the length of the body, but not the body.
    const hasNoBody = status === 204 || status === 304 || method === 'HEAD';
    // uWS has no way to close behind an answer without a body but to call its length 0, unless it closes by itself.
    if (!hasNoBody || (mustClose && !isCut)) {
      res.end(hasNoBody ? '' : (bytes ?? ''), mustClose);
      return;
    }
    // Any argument to `endWithoutBody`, `undefined` too, is a length whose body uWS would wait for.
    if (bytes !== null) res.writeHeader('Content-Length', String(Buffer.byteLength(bytes)));
    res.endWithoutBody();
  });
}

// ----------------------------------------------------------------
// Status lines as HTTP wants them, made once each.

const lineByStatus = new Map<number, string>();

function statusLine(status: number): string {
  let line = lineByStatus.get(status);
  if (line === undefined) {
    line = `${status} ${STATUS_CODES[status] ?? 'Unknown'}`;
    lineByStatus.set(status, line);
  }
  return line;
}
