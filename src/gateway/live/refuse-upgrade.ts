/** Answers a request for a WebSocket that is refused, over HTTP. */
import type { HttpResponse } from 'uWebSockets.js';
import { statusLine } from '../answer.ts';
import { problemType } from '../problem.ts';
import type { Reply } from '../route.ts';

export function refuseUpgrade(
  res: HttpResponse,
  { status, headers = {}, body }: Reply,
  requestId: string,
): void {
  res.cork(() => {
    res.writeStatus(statusLine(status));
    res.writeHeader('Content-Type', problemType);
    res.writeHeader('X-Request-Id', requestId);
    for (const [name, value] of Object.entries(headers)) res.writeHeader(name, value);
    res.end(JSON.stringify(body), true);
  });
}
