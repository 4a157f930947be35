/** The baselines' live sockets: the frames of ours that a hold needs, and a position a second for each socket. */
import type { TemplatedApp, WebSocket } from 'uWebSockets.js';
import type { Auth } from './auth.ts';
import { type HoldBody, holdOf, type Take } from './hold.ts';

interface Client {
  authorization: string;
}

interface HoldFrame extends HoldBody {
  readonly type: 'hold';
  readonly id: string;
  readonly saleId: string;
  readonly admissionToken: string;
}

type Frame = HoldFrame | { readonly type: 'authenticate'; readonly accessToken: string };

const ready = '{"type":"ready"}';

export function serveHolds(app: TemplatedApp, auth: Auth, take: Take): void {
  const open = new Set<WebSocket<Client>>();
  serve(app, open, (socket, frame) => {
    const { id, saleId, admissionToken, sku, quantity } = frame;
    const buyer = auth.buyer(socket.getUserData().authorization, admissionToken, saleId);
    if (buyer === null) return void socket.send(`{"type":"reply","id":"${id}","status":403}`);
    take(sku, quantity).then(
      (isTaken) => {
        const body = holdOf(saleId, frame);
        const reply = { type: 'reply', id, status: isTaken ? 201 : 409, ...(isTaken ? { body } : {}) };
        if (open.has(socket)) socket.send(JSON.stringify(reply));
      },
      () => {
        if (open.has(socket)) socket.send(`{"type":"reply","id":"${id}","status":503}`);
      },
    );
  });
}

/** Each frame comes back at once. */
export function serveEchoes(app: TemplatedApp): void {
  serve(app, new Set(), (socket, _frame, text) => {
    socket.send(`{"type":"reply","id":"r","status":201,"body":${text}}`);
  });
}

/** What a waiting room without one channel for all does: each socket is told its own place, once a second. */
export function servePositions(app: TemplatedApp): void {
  const open = new Set<WebSocket<Client>>();
  serve(app, open, () => {});
  setInterval(() => {
    const asOf = new Date().toISOString();
    let place = 0;
    for (const socket of open)
      socket.send(
        `{"type":"position","usersAhead":${++place},"waitTimeSeconds":${place / 100},"asOf":"${asOf}"}`,
      );
  }, 1_000);
}

function serve(
  app: TemplatedApp,
  open: Set<WebSocket<Client>>,
  onHold: (socket: WebSocket<Client>, frame: HoldFrame, text: string) => void,
): void {
  app.ws<Client>('/v1/live', {
    maxPayloadLength: 16 * 1024,
    upgrade(response, request, context) {
      const header = (name: string) => request.getHeader(name);
      const handshake = ['sec-websocket-key', 'sec-websocket-protocol', 'sec-websocket-extensions'] as const;
      const [key, protocol, extensions] = handshake.map(header) as [string, string, string];
      response.upgrade<Client>({ authorization: '' }, key, protocol, extensions, context);
    },
    open: (socket) => void open.add(socket),
    message(socket, message) {
      const text = Buffer.from(message).toString();
      const frame = JSON.parse(text) as Frame;
      if (frame.type === 'hold') onHold(socket, frame, text);
      else if (frame.type === 'authenticate') {
        socket.getUserData().authorization = `Bearer ${frame.accessToken}`;
        socket.send(ready);
      }
    },
    close: (socket) => void open.delete(socket),
  });
}
