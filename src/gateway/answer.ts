/**
 * Writes one reply to one response that is still open: corked, once, with the headers that every answer has.
 *
 * 1. A connection that stays open says for how long (`Keep-Alive`); one that does not says `Connection: close`.
 * 2. Large bytes are written as fast as the client reads, from where they lie: uWS would keep a copy for each client that
 *    reads slowly.
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

const kept = `\r\nConnection: keep-alive\r\nKeep-Alive: timeout=${keepAliveSeconds}`;

/**
 * `route`: null when the path has none, or the answer is no route's. `corsLines`: `Vary` and what pages of other origins are
 * told; empty: nothing.
 */
export function writeReply(
  res: HttpResponse,
  reply: Reply,
  head: RequestHead,
  mustClose: boolean,
  route: Route | null,
  corsLines: string,
): void {
  const { status, body } = reply;
  const bytes = body === undefined ? null : body instanceof Uint8Array ? body : JSON.stringify(body);
  const lines = linesOf(reply, head, mustClose, route, corsLines);
  const typed = bytes === null ? null : typeOf(reply, route) + lines;
  res.cork(() => {
    res.writeStatus(statusLine(status));
    // All lines in one call: uWS writes a value as it is, and each call costs more than the bytes.
    if (typed !== null) res.writeHeader('Content-Type', typed);
    else res.writeHeader('X-Request-Id', lines.slice(requestIdLine.length));
    // HEAD: the length of the body, but not the body.
    const hasNoBody = status === 204 || status === 304 || head.method === 'HEAD';
    // uWS has no way to close behind an answer without a body but to call its length 0, unless it closes by itself.
    if (!hasNoBody && !mustClose && bytes instanceof Uint8Array && bytes.byteLength > streamedBytesMin) {
      stream(res, bytes);
      return;
    }
    if (!hasNoBody || (mustClose && !head.isCut)) {
      res.end(hasNoBody ? '' : (bytes ?? ''), mustClose);
      return;
    }
    // Any argument to `endWithoutBody`, `undefined` too, is a length whose body uWS would wait for.
    if (bytes !== null) res.writeHeader('Content-Length', String(Buffer.byteLength(bytes)));
    res.endWithoutBody();
  });
}

/** All of the answer but its body, which is written piece by piece (streamed.ts). */
export function writeStreamHead(
  res: HttpResponse,
  reply: Reply,
  head: RequestHead,
  mustClose: boolean,
  route: Route | null,
  corsLines: string,
): void {
  const typed = typeOf(reply, route) + linesOf(reply, head, mustClose, route, corsLines);
  res.cork(() => {
    res.writeStatus(statusLine(reply.status));
    res.writeHeader('Content-Type', typed);
  });
}

const streamedBytesMin = 64 * 1024;

/** Goes on whenever the client has read some; uWS ends a connection that does not move. */
function stream(res: HttpResponse, bytes: Uint8Array): void {
  const { byteLength } = bytes;
  res.onWritable((offset) => res.tryEnd(bytes.subarray(offset), byteLength)[0]);
  res.tryEnd(bytes, byteLength);
}

const requestIdLine = '\r\nX-Request-Id: ';

/** All header lines behind the type, each with the line's end before it. */
function linesOf(
  { status, headers, cacheControl }: Reply,
  { requestId, isCut }: RequestHead,
  mustClose: boolean,
  route: Route | null,
  corsLines: string,
): string {
  let lines = requestIdLine + requestId;
  for (const name in headers) lines += `\r\n${name}: ${headers[name]!}`;
  if (corsLines !== '') lines += `\r\nVary: ${corsLines}`;
  const cacheSeconds = status === 200 || status === 304 ? route?.cacheSeconds : undefined;
  // Pages and other spellings of routes share paths: which one it is depends on what is accepted.
  const vary = route?.isPage || route?.respell !== undefined ? 'Accept, Accept-Encoding' : 'Accept-Encoding';
  if (cacheControl !== undefined) lines += `\r\nVary: ${vary}\r\nCache-Control: ${cacheControl}`;
  else if (cacheSeconds !== undefined)
    lines += `\r\nVary: ${vary}\r\nCache-Control: public, max-age=${cacheSeconds}`;
  else lines += '\r\nCache-Control: no-store';
  if (!mustClose) lines += kept;
  return isCut ? `${lines}\r\nConnection: close` : lines;
}

/** Only bytes can be anything else than JSON: most answers are objects, and ask their route nothing. */
function typeOf({ status, body, contentType }: Reply, route: Route | null): string {
  if (contentType !== undefined) return contentType;
  if (status >= 400) return problemType;
  return (body instanceof Uint8Array ? route?.contentType : undefined) ?? 'application/json';
}

// ----------------------------------------------------------------
// Status lines as HTTP wants them, made once each.

const lines: string[] = [];

function statusLine(status: number): string {
  lines[status] ??= `${status} ${STATUS_CODES[status] ?? 'Unknown'}`;
  return lines[status];
}
