/** Answers a request for a WebSocket that is refused, over HTTP. */
import type { HttpResponse } from 'uWebSockets.js';
import type { DoorbusterError } from '../../protocol/errors.ts';
import { statusLine } from '../answer.ts';
import { newId } from '../handling.ts';
import { problemOf, problemType } from '../problem.ts';

export function refuseUpgrade(res: HttpResponse, refusal: DoorbusterError): void {
  const { status, headers, body } = problemOf(refusal);
  res.cork(() => {
    res.writeStatus(statusLine(status));
    res.writeHeader('Content-Type', problemType);
    res.writeHeader('X-Request-Id', newId('request'));
    for (const [name, value] of Object.entries(headers)) res.writeHeader(name, value);
    res.end(JSON.stringify(body), true);
  });
}
