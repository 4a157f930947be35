/**
 * The gateway that both baselines share: one uWS thread, the check of `auth.ts`, JSON in and out, one call to the store a
 * request. It does what a hand-written service would and no more: no schema, no limits, no idempotency, no metrics.
 */
import { App, type HttpRequest, type HttpResponse, us_socket_local_port } from 'uWebSockets.js';
import { Auth } from './auth.ts';
import { type HoldBody, holdOf, type Take } from './hold.ts';
import { serveEchoes, serveHolds, servePositions } from './live.ts';

interface Asked {
  readonly saleId: string;
  readonly buyer: string | null;
}

export function listenForHolds(secret: string, take: Take): Promise<number> {
  const auth = new Auth(secret);
  const app = App().post('/v1/sales/:saleId/holds', (response, request) => {
    const asked = read(auth, request);
    let isOpen = true;
    response.onAborted(() => {
      isOpen = false;
    });
    collect(response, (bytes) => {
      const { saleId, buyer } = asked;
      if (buyer === null) return answer(response, '403 Forbidden', '{"code":"admission_invalid"}');
      const { holdId, sku, quantity } = JSON.parse(bytes.toString()) as HoldBody;
      take(sku, quantity).then(
        (isTaken) => {
          if (!isOpen) return;
          if (!isTaken) return answer(response, '409 Conflict', '{"code":"sold_out"}');
          answer(response, '201 Created', JSON.stringify(holdOf(saleId, { holdId, sku, quantity })));
        },
        () => {
          if (isOpen) answer(response, '503 Service Unavailable', '{"code":"busy"}');
        },
      );
    });
  });
  serveHolds(app, auth, take);
  return listen(app);
}

export function listenForEcho(): Promise<number> {
  const app = App().post('/*', (response) => {
    response.onAborted(() => {});
    collect(response, (bytes) => response.end(bytes));
  });
  serveEchoes(app);
  app.get('/*', (response) => void response.end('{"hello":"world"}'));
  return listen(app);
}

/** Tells every socket its place once a second, one frame each. */
export function listenForWatchers(): Promise<number> {
  const app = App();
  servePositions(app);
  return listen(app);
}

function listen(app: ReturnType<typeof App>): Promise<number> {
  return new Promise((resolve, reject) => {
    app.listen('127.0.0.1', 0, (socket) => {
      if (socket === false) reject(new Error('there is no free port'));
      else resolve(us_socket_local_port(socket));
    });
  });
}

/** A request's head is gone when its handler returns. */
function read(auth: Auth, request: HttpRequest): Asked {
  const saleId = request.getParameter(0) ?? '';
  const buyer = auth.buyer(request.getHeader('authorization'), request.getHeader('admission-token'), saleId);
  return { saleId, buyer };
}

/** The body, at once when it comes in one piece: the bytes are uWS's and gone when `done` returns. */
function collect(response: HttpResponse, done: (bytes: Buffer) => void): void {
  let before: Buffer | null = null;
  response.onData((chunk, isLast) => {
    const piece = Buffer.from(chunk);
    if (isLast) done(before === null ? piece : Buffer.concat([before, piece]));
    else before = before === null ? Buffer.from(piece) : Buffer.concat([before, piece]);
  });
}

function answer(response: HttpResponse, status: string, json: string): void {
  response.cork(() => {
    response.writeStatus(status).writeHeader('content-type', 'application/json').end(json);
  });
}
