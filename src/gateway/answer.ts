/** Writes one reply to one response that is still open: corked, once, with the headers that every answer has. */

import type { HttpResponse } from 'uWebSockets.js';
import { problemType } from './problem.ts';
import type { Reply } from './route.ts';
import { statusLine } from './status-line.ts';

interface AnswerOptions {
  readonly requestId: string;
  /** HEAD: the length of the body, but not the body. */
  readonly isHead: boolean;
  readonly mustClose: boolean;
}

export function writeReply(res: HttpResponse, reply: Reply, options: AnswerOptions): void {
  const { status, headers, body } = reply;
  const bytes = body === undefined ? null : body instanceof Uint8Array ? body : JSON.stringify(body);
  res.cork(() => {
    res.writeStatus(statusLine(status));
    if (bytes !== null) res.writeHeader('Content-Type', status >= 400 ? problemType : 'application/json');
    res.writeHeader('X-Request-Id', options.requestId);
    for (const name in headers) res.writeHeader(name, headers[name]!);
    if (headers?.['Cache-Control'] === undefined) res.writeHeader('Cache-Control', 'no-store');
    const hasNoBody = status === 204 || options.isHead;
    if (!hasNoBody || options.mustClose) {
      res.end(hasNoBody ? '' : (bytes ?? ''), options.mustClose);
      return;
    }
    // Any argument to `endWithoutBody`, `undefined` too, is a length whose body uWS would wait for.
    if (bytes !== null) res.writeHeader('Content-Length', String(Buffer.byteLength(bytes)));
    res.endWithoutBody();
  });
}
