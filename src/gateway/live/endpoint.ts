/**
 * `/v1/live`: the WebSocket door.
 *
 * 1. Bounds come before work: connections are counted at the upgrade, in all and per address.
 * 2. Whoever has not authenticated after 5 s is sent away (4001).
 * 3. Frames about a buyer go to every socket of the account.
 * 4. A client that reads too slowly loses positions first, then the connection (4008).
 */
import type { HttpRequest, HttpResponse, TemplatedApp, us_socket_context_t } from 'uWebSockets.js';
import type { OrderView } from '../../actors/order/commands.ts';
import type { TicketView } from '../../actors/sale/commands.ts';
import type { HoldView } from '../../actors/sku/commands.ts';
import { createRooms, type Rooms } from '../../market/waiting-room/live.ts';
import type { Push } from '../../protocol/decider.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { newId } from '../../protocol/ids.ts';
import { type Family, gauge } from '../../protocol/metric.ts';
import { addressKey, createLimiter } from '../limiter.ts';
import { problemType, refusalReply } from '../problem.ts';
import type { GatewayServices } from '../route.ts';
import { statusLine } from '../status-line.ts';
import { tokensOf } from '../tokens.ts';
import { admissionJson, holdJson, iso, orderJson, type SignAdmission, ticketJson } from '../views.ts';
import { msgpackProtocol } from './codec.ts';
import { Crowd } from './crowd.ts';
import { createReceive, heartbeatSeconds } from './frames.ts';
import { createRequests, type RequestRoutes } from './requests.ts';
import { closeCodes, LiveSocket, type SocketData } from './socket.ts';

/** uWS cuts a connection off at its own limit; below it a client is told why (1009). */
const frameBytesCutOff = 64 * 1024;
const backpressureBytesMax = 64 * 1024;
const authenticateMsMax = 5_000;
/** So long may broadcasts be dropped for a client that does not read. */
const slowMsMax = 30_000;
const limiterKeysMax = 100_000;
const beatMs = 250;
const beatsPerSecond = 1_000 / beatMs;
/** Clients come back spread over this time. */
const reconnectSecondsMax = 10;
const drainedPerTurn = 1_000;

export interface LiveStats {
  readonly connections: number;
  readonly authenticated: number;
  readonly openRequests: number;
  /** Sales that somebody watches. */
  readonly rooms: number;
}

export interface Live {
  onPush(push: Push): void;
  stats(): LiveStats;
  metrics(): Family[];
  /** Refuses new sockets and tells the others to come back soon, at different times. */
  drain(): Promise<void>;
  /** Ends what is still there. */
  close(): void;
}

/** Adds the endpoint to the app: before the HTTP routes are bound. */
export function attachLive(app: TemplatedApp, services: GatewayServices, routes: RequestRoutes): Live {
  const { now, log } = services;
  const { accountPerSecond, accountBurst } = services.config.limits;
  const limit = {
    name: 'account',
    perSecond: accountPerSecond,
    burst: accountBurst,
    keysMax: limiterKeysMax,
  };
  const tokens = tokensOf(services);
  const crowd = new Crowd();
  const rooms = createRooms(services, app, tokens.signAdmission);
  const requests = createRequests(services, routes, createLimiter(limit, now));
  const receive = createReceive({ tokens, crowd, requests, rooms, now, log });
  let isDraining = false;
  let beats = 0;

  function upgrade(res: HttpResponse, req: HttpRequest, context: us_socket_context_t): void {
    const address = addressKey(Buffer.from(res.getRemoteAddressAsText()).toString());
    const refusal = refusalOf(services, crowd, address, isDraining);
    if (refusal !== null) {
      refuseUpgrade(res, refusal);
      return;
    }
    const offered = req.getHeader('sec-websocket-protocol').split(',', 10);
    const isBinary = offered.some((name) => name.trim() === msgpackProtocol);
    res.upgrade(
      { socket: new LiveSocket(isBinary, address, now()) },
      req.getHeader('sec-websocket-key'),
      isBinary ? msgpackProtocol : '',
      req.getHeader('sec-websocket-extensions'),
      context,
    );
  }

  /** A bug ends one connection: thrown into uWS it would end the process. */
  function received(socket: LiveSocket, message: ArrayBuffer, isBinary: boolean): void {
    try {
      receive(socket, message, isBinary);
    } catch (error) {
      log('error', 'live frame failed', { stack: error instanceof Error ? error.stack : String(error) });
      socket.end(closeCodes.internalError, 'internal error');
    }
  }

  function closed(socket: LiveSocket): void {
    socket.ws = null;
    for (const { board } of [...socket.watches]) rooms.unsubscribe(socket, board.saleId);
    crowd.leave(socket);
  }

  /** A broadcast did not fit. uWS is in the middle of sending it, so the socket is ended afterwards. */
  function dropped(socket: LiveSocket): void {
    if (socket.slowSinceMs === 0) socket.slowSinceMs = now();
    else if (now() - socket.slowSinceMs > slowMsMax)
      setImmediate(() => socket.end(closeCodes.tooSlow, 'too slow'));
  }

  function beat(): void {
    beats += 1;
    const lastMs = now() - authenticateMsMax;
    for (const socket of crowd.strangers) {
      if (socket.openedAtMs > lastMs) break;
      socket.end(closeCodes.unauthenticated, 'no authentication within 5 s');
    }
    if (beats % beatsPerSecond !== 0) return;
    rooms.beat();
    if (crowd.watchers.size > 0) void showShards();
  }

  async function showShards(): Promise<void> {
    const frame = { type: 'ops.shards', shards: await services.shards.stats(), asOf: iso(now()) };
    for (const socket of crowd.watchers) socket.sendPosition(frame);
  }

  app.ws<SocketData>('/v1/live', {
    maxPayloadLength: frameBytesCutOff,
    maxBackpressure: backpressureBytesMax,
    closeOnBackpressureLimit: false,
    idleTimeout: heartbeatSeconds,
    sendPingsAutomatically: true,
    upgrade,
    open(ws) {
      const { socket } = ws.getUserData();
      socket.ws = ws;
      crowd.enter(socket);
    },
    message: (ws, message, isBinary) => received(ws.getUserData().socket, message, isBinary),
    dropped: (ws) => dropped(ws.getUserData().socket),
    drain: (ws) => {
      ws.getUserData().socket.slowSinceMs = 0;
    },
    close: (ws) => closed(ws.getUserData().socket),
  });
  const timer = setInterval(beat, beatMs);

  return {
    onPush: (push) => deliver(push, crowd, rooms, tokens.signAdmission),
    stats: () => ({
      connections: crowd.sockets.size,
      authenticated: crowd.sockets.size - crowd.strangers.size,
      openRequests: crowd.openRequests,
      rooms: rooms.size,
    }),
    metrics: () => [gauge('doorbuster_connections', 'Live sockets', crowd.sockets.size)],
    async drain() {
      isDraining = true;
      let sent = 0;
      for (const socket of [...crowd.sockets]) {
        const reconnectAfterSeconds = 1 + Math.round(Math.random() * (reconnectSecondsMax - 1) * 10) / 10;
        socket.send({ type: 'drain', reconnectAfterSeconds });
        if (++sent % drainedPerTurn === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    },
    close() {
      isDraining = true;
      clearInterval(timer);
      for (const socket of [...crowd.sockets]) socket.end(closeCodes.goingAway, 'server stops');
    },
  };
}

function refusalOf(
  services: GatewayServices,
  crowd: Crowd,
  address: string,
  isDraining: boolean,
): DoorbusterError | null {
  const { connectionsMax, connectionsPerAddressMax } = services.config.limits;
  const later = { retryAfterSeconds: 5 };
  if (isDraining) return new DoorbusterError('busy', 'This server is about to stop: connect again', later);
  if (crowd.sockets.size >= connectionsMax)
    return new DoorbusterError('busy', 'Too many connections: try again', later);
  if (crowd.countOf(address) >= connectionsPerAddressMax)
    return new DoorbusterError('rate_limited', 'Too many connections from this address', later);
  return null;
}

function refuseUpgrade(res: HttpResponse, refusal: DoorbusterError): void {
  const { status, headers, body } = refusalReply(refusal)!;
  res.cork(() => {
    res.writeStatus(statusLine(status));
    res.writeHeader('Content-Type', problemType);
    res.writeHeader('X-Request-Id', newId('request'));
    for (const [name, value] of Object.entries(headers!)) res.writeHeader(name, value);
    res.end(JSON.stringify(body), true);
  });
}

/** A push to those whom it is for. */
function deliver(push: Push, crowd: Crowd, rooms: Rooms, sign: SignAdmission): void {
  const slash = push.topic.indexOf('/');
  const name = push.topic.slice(slash + 1);
  if (push.topic.startsWith('sale/')) {
    rooms.onSalePush(name, push);
    return;
  }
  const sockets = crowd.ofAccount(name);
  if (sockets.length === 0) return;
  const frame = personalFrame(push, sign);
  for (const socket of sockets) socket.send(frame);
  if (push.type === 'ticket' || push.type.startsWith('admission.'))
    rooms.onTicketSent(name, push.body as TicketView);
}

function personalFrame({ type, body }: Push, sign: SignAdmission): object {
  if (type === 'ticket') return { type, ...ticketJson(body as TicketView, sign) };
  if (type.startsWith('admission.')) {
    const ticket = body as TicketView;
    return { type, saleId: ticket.saleId, ticketId: ticket.ticketId, ...admissionJson(ticket, sign) };
  }
  if (type.startsWith('hold.')) return { type, ...holdJson(body as HoldView) };
  if (type === 'order.updated') return { type, ...orderJson(body as OrderView) };
  return { type, ...(body as object) };
}
