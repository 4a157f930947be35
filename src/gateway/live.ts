/**
 * `/v1/live`: the WebSocket door.
 *
 * 1. Bounds come before work: connections (in all and per address) are counted at the upgrade, frames and open
 *    requests per socket, sales per socket, sockets per account.
 * 2. Nobody is heard before a good token: `authenticate` is the first frame, within 5 s, or the end (4001).
 * 3. What a client asks is answered by the HTTP routes' own code (`live-requests.ts`).
 * 4. Frames about a buyer go to every socket of the account.
 */
import type { HttpRequest, HttpResponse, TemplatedApp, us_socket_context_t } from 'uWebSockets.js';
import type { HoldView, OrderView, TicketView } from '../protocol/commands.ts';
import type { Push } from '../protocol/decider.ts';
import { DoorbusterError } from '../protocol/errors.ts';
import { newId } from '../protocol/ids.ts';
import { idParam, isOperator } from './ask.ts';
import { addressKey, createLimiter } from './limiter.ts';
import { decode, type Frame, msgpackProtocol } from './live-codec.ts';
import { createRequests, type RequestRoutes } from './live-requests.ts';
import { createRooms, type Rooms } from './live-rooms.ts';
import { closeCodes, LiveSocket } from './live-socket.ts';
import { internalReply, problem, problemType, refusalReply } from './problem.ts';
import type { GatewayServices, Reply } from './route.ts';
import { statusLine } from './status-line.ts';
import { tokensOf } from './tokens.ts';
import { admissionJson, holdJson, iso, orderJson, ticketJson } from './views.ts';

const frameBytesMax = 16 * 1024;
/** uWS cuts a connection off at its own limit; up to here a client is told why (1009). */
const frameBytesCutOff = 64 * 1024;
const backpressureBytesMax = 64 * 1024;
/** uWS pings a silent client about 8 s before. */
const idleSecondsMax = 40;
/** Something, a ping at the least, comes this often: a client that hears nothing for longer reconnects. */
const heartbeatSeconds = 40;
const authenticateMsMax = 5_000;
const socketsPerAccountMax = 8;
const openRequestsMax = 16;
const watchesMax = 20;
const stashMax = 16;
/** So long may broadcasts be dropped for a client that does not read. */
const slowMsMax = 30_000;
const limiterKeysMax = 100_000;
const beatMs = 250;
/** Clients come back spread over this time. */
const reconnectSecondsMax = 10;
const drainedPerTurn = 1_000;

export interface LiveStats {
  readonly connections: number;
  readonly authenticated: number;
  readonly rooms: number;
}

export interface Live {
  /** Before the HTTP routes are bound. */
  attach(app: TemplatedApp): void;
  onPush(push: Push): void;
  stats(): LiveStats;
  /** Refuses new sockets and tells the others to come back soon, at different times. */
  drain(): Promise<void>;
  /** Ends what is still there. */
  close(): void;
}

export function createLive(services: GatewayServices, routes: RequestRoutes): Live {
  const { limits } = services.config;
  const { now, shards } = services;
  const tokens = tokensOf(services);
  const sign = tokens.signAdmission;
  const limiter = createLimiter(
    {
      name: 'account',
      perSecond: limits.accountPerSecond,
      burst: limits.accountBurst,
      keysMax: limiterKeysMax,
    },
    now,
  );
  const requests = createRequests(services, routes, limiter);
  const sockets = new Set<LiveSocket>();
  /** Those without a good token yet, oldest first. */
  const strangers = new Set<LiveSocket>();
  const socketsByAccount = new Map<string, LiveSocket[]>();
  const countByAddress = new Map<string, number>();
  const opsSockets = new Set<LiveSocket>();
  let rooms: Rooms | null = null;
  let isDraining = false;
  let beats = 0;

  // ---------------------------------------------------------------- coming and going

  function refuseUpgrade(res: HttpResponse, code: 'busy' | 'rate_limited', detail: string): void {
    const { status, headers, body } = refusalReply(
      new DoorbusterError(code, detail, { retryAfterSeconds: 5 }),
    )!;
    res.cork(() => {
      res.writeStatus(statusLine(status));
      res.writeHeader('Content-Type', problemType);
      res.writeHeader('X-Request-Id', newId('request'));
      for (const [name, value] of Object.entries(headers!)) res.writeHeader(name, value);
      res.end(JSON.stringify(body), true);
    });
  }

  function upgrade(res: HttpResponse, req: HttpRequest, context: us_socket_context_t): void {
    if (isDraining) return refuseUpgrade(res, 'busy', 'This server is about to stop: connect again');
    if (sockets.size >= limits.connectionsMax)
      return refuseUpgrade(res, 'busy', 'Too many connections: try again');
    const address = addressKey(Buffer.from(res.getRemoteAddressAsText()).toString());
    if ((countByAddress.get(address) ?? 0) >= limits.connectionsPerAddressMax)
      return refuseUpgrade(res, 'rate_limited', 'Too many connections from this address');
    const offered = req.getHeader('sec-websocket-protocol').split(',', 10);
    const isBinary = offered.some((name) => name.trim() === msgpackProtocol);
    res.upgrade(
      new LiveSocket(isBinary, address, now()),
      req.getHeader('sec-websocket-key'),
      isBinary ? msgpackProtocol : '',
      req.getHeader('sec-websocket-extensions'),
      context,
    );
  }

  function opened(socket: LiveSocket): void {
    sockets.add(socket);
    strangers.add(socket);
    countByAddress.set(socket.address, (countByAddress.get(socket.address) ?? 0) + 1);
  }

  function closed(socket: LiveSocket): void {
    socket.ws = null;
    sockets.delete(socket);
    strangers.delete(socket);
    opsSockets.delete(socket);
    for (const { board } of [...socket.watches]) rooms!.unsubscribe(socket, board.saleId);
    const left = countByAddress.get(socket.address)! - 1;
    if (left > 0) countByAddress.set(socket.address, left);
    else countByAddress.delete(socket.address);
    if (socket.identity === null) return;
    const { accountId } = socket.identity;
    const others = socketsByAccount.get(accountId)!.filter((other) => other !== socket);
    if (others.length > 0) socketsByAccount.set(accountId, others);
    else socketsByAccount.delete(accountId);
  }

  // ---------------------------------------------------------------- frames from clients

  function received(socket: LiveSocket, message: ArrayBuffer, isBinary: boolean): void {
    if (!socket.takeFrame(now())) return socket.end(closeCodes.rateLimited, 'too many frames');
    if (message.byteLength > frameBytesMax) return socket.end(closeCodes.tooBig, 'frame over 16 KiB');
    // Text on a msgpack socket, or bytes on a text one: not the encoding that was agreed upon.
    if (isBinary !== socket.isBinary) return socket.end(closeCodes.notUtf8, 'wrong kind of frame');
    let frame: Frame;
    try {
      frame = decode(message, isBinary);
    } catch (error) {
      return complain(socket, error);
    }
    if (socket.identity !== null) return handle(socket, frame);
    if (socket.stash === null) return void authenticate(socket, frame);
    // The token is being checked: what comes meanwhile waits, within bounds.
    if (socket.stash.push(frame) > stashMax) socket.end(closeCodes.rateLimited, 'too many frames');
  }

  /** For frames that are no requests: an error frame, and the end when there were too many. */
  function complain(socket: LiveSocket, error: unknown, id: unknown = undefined): void {
    if (!socket.takeStrike()) return socket.end(closeCodes.rateLimited, 'too many bad frames');
    const { body } = refusalReply(error) ?? internalReply;
    socket.send({ ...(body as object), type: 'error', ...(id === undefined ? {} : { id }) });
  }

  async function authenticate(socket: LiveSocket, frame: Frame): Promise<void> {
    socket.stash = [];
    try {
      if (frame['type'] !== 'authenticate' || typeof frame['accessToken'] !== 'string')
        throw new DoorbusterError(
          'unauthenticated',
          'The first frame must be authenticate with an accessToken',
        );
      const identity = await tokens.verifyAccessToken(frame['accessToken']);
      if (socket.ws === null) return;
      if (socket.identity !== null && socket.identity.accountId !== identity.accountId)
        return socket.end(closeCodes.forbidden, 'another account');
      if (socket.identity === null) admit(socket, identity.accountId);
      socket.identity = identity;
    } catch (error) {
      socket.send({ ...((refusalReply(error) ?? internalReply).body as object), type: 'error' });
      return socket.end(closeCodes.unauthenticated, 'unauthenticated');
    }
    const stash: Frame[] = socket.stash;
    socket.stash = null;
    socket.send({ type: 'ready', serverTime: iso(now()), heartbeatSeconds });
    for (const next of stash) handle(socket, next);
  }

  function admit(socket: LiveSocket, accountId: string): void {
    strangers.delete(socket);
    const own = socketsByAccount.get(accountId) ?? [];
    socketsByAccount.set(accountId, [...own, socket]);
    // Many devices are welcome, not any number: the oldest gives way.
    if (own.length >= socketsPerAccountMax)
      own[0]!.end(closeCodes.replaced, 'replaced by a newer connection');
  }

  function handle(socket: LiveSocket, frame: Frame): void {
    if (socket.ws === null) return;
    const { type, id, ...fields } = frame;
    const isIdGood =
      id === undefined || (typeof id === 'string' && id.length <= 128) || Number.isSafeInteger(id);
    if (typeof type !== 'string' || !isIdGood)
      return complain(
        socket,
        new DoorbusterError('validation_failed', 'type must be text, id short text or a number'),
      );
    if (type === 'authenticate') return void authenticate(socket, frame);
    const isKnown = type === 'subscribe' || type === 'unsubscribe' || requests.has(type);
    if (!isKnown)
      return complain(socket, new DoorbusterError('validation_failed', 'No such type of frame'), id);
    void answer(socket, type, id, fields);
  }

  async function answer(socket: LiveSocket, type: string, id: unknown, fields: Frame): Promise<void> {
    let reply: Reply;
    if (socket.openRequests >= openRequestsMax) {
      reply = { status: 429, body: problem('rate_limited', 'Too many requests are open on this socket') };
    } else {
      socket.openRequests += 1;
      reply = requests.has(type)
        ? await requests.answer(socket, type, fields)
        : await watch(socket, type, fields);
      socket.openRequests -= 1;
    }
    if (type === 'join' && reply.status < 300) socket.send({ type: 'ticket', ...(reply.body as object) });
    socket.send({ type: 'reply', id: id ?? null, status: reply.status, body: reply.body ?? null });
    if (fields['topic'] === 'ops' && reply.status === 403) socket.end(closeCodes.forbidden, 'forbidden');
  }

  async function watch(socket: LiveSocket, type: string, fields: Frame): Promise<Reply> {
    try {
      if (fields['topic'] === 'ops') return watchOps(socket, type);
      const saleId = idParam('sale', text(fields, 'saleId'));
      if (type === 'unsubscribe') {
        rooms!.unsubscribe(socket, saleId);
        return { status: 200, body: { saleId } };
      }
      const isNew = !socket.watches.some(({ board }) => board.saleId === saleId);
      if (isNew && socket.watches.length >= watchesMax)
        throw new DoorbusterError('rate_limited', `One socket may watch ${watchesMax} sales`);
      const ticketId = fields['ticketId'] === undefined ? null : idParam('ticket', text(fields, 'ticketId'));
      const state = await rooms!.subscribe(socket, saleId, ticketId);
      if (state.ticket !== null) socket.send({ type: 'ticket', ...state.ticket });
      return { status: 200, body: state };
    } catch (error) {
      const refusal = refusalReply(error);
      if (refusal !== null) return refusal;
      services.log('error', 'live subscription failed', {
        stack: error instanceof Error ? error.stack : String(error),
      });
      return internalReply;
    }
  }

  function watchOps(socket: LiveSocket, type: string): Reply {
    if (!isOperator(socket.identity!)) throw new DoorbusterError('forbidden', 'Only for operators');
    if (type === 'subscribe' && socket.ws !== null) opsSockets.add(socket);
    else opsSockets.delete(socket);
    return { status: 200, body: { topic: 'ops' } };
  }

  // ---------------------------------------------------------------- frames to clients

  function onPush(push: Push): void {
    if (rooms === null) return;
    const slash = push.topic.indexOf('/');
    const name = push.topic.slice(slash + 1);
    if (push.topic.startsWith('sale/')) return rooms.onSalePush(name, push);
    const own = socketsByAccount.get(name);
    if (!own) return;
    const frame = personalFrame(push);
    for (const socket of [...own]) socket.send(frame);
    if (push.type === 'ticket' || push.type.startsWith('admission.'))
      rooms.onTicketSent(name, push.body as TicketView);
  }

  function personalFrame({ type, body }: Push): object {
    if (type === 'ticket') return { type, ...ticketJson(body as TicketView, sign) };
    if (type.startsWith('admission.')) {
      const ticket = body as TicketView;
      return { type, saleId: ticket.saleId, ticketId: ticket.ticketId, ...admissionJson(ticket, sign) };
    }
    if (type.startsWith('hold.')) return { type, ...holdJson(body as HoldView) };
    if (type === 'order.updated') return { type, ...orderJson(body as OrderView) };
    return { type, ...(body as object) };
  }

  async function showOps(): Promise<void> {
    const frame = { type: 'ops.shards', shards: await shards.stats(), asOf: iso(now()) };
    for (const socket of opsSockets) socket.sendPosition(frame);
  }

  function beat(): void {
    beats += 1;
    const lastMs = now() - authenticateMsMax;
    for (const socket of strangers) {
      if (socket.openedAtMs > lastMs) break;
      socket.end(closeCodes.unauthenticated, 'no authentication within 5 s');
    }
    if (beats % (1000 / beatMs) !== 0) return;
    rooms!.beat();
    if (opsSockets.size > 0) void showOps();
  }

  /** A broadcast did not fit. uWS is in the middle of sending it, so the socket is ended afterwards. */
  function dropped(socket: LiveSocket): void {
    if (socket.slowSinceMs === 0) socket.slowSinceMs = now();
    else if (now() - socket.slowSinceMs > slowMsMax)
      setImmediate(() => socket.end(closeCodes.tooSlow, 'too slow'));
  }

  let timer: NodeJS.Timeout | undefined;

  return {
    attach(app) {
      rooms = createRooms(services, app, sign);
      app.ws<LiveSocket>('/v1/live', {
        maxPayloadLength: frameBytesCutOff,
        maxBackpressure: backpressureBytesMax,
        closeOnBackpressureLimit: false,
        idleTimeout: idleSecondsMax,
        sendPingsAutomatically: true,
        upgrade,
        open(ws) {
          const socket = ws.getUserData();
          socket.ws = ws;
          opened(socket);
        },
        message: (ws, message, isBinary) => received(ws.getUserData(), message, isBinary),
        dropped: (ws) => dropped(ws.getUserData()),
        drain: (ws) => {
          ws.getUserData().slowSinceMs = 0;
        },
        close: (ws) => closed(ws.getUserData()),
      });
      timer = setInterval(beat, beatMs);
    },
    onPush,
    stats: () => ({
      connections: sockets.size,
      authenticated: sockets.size - strangers.size,
      rooms: rooms?.size ?? 0,
    }),
    async drain() {
      isDraining = true;
      let sent = 0;
      for (const socket of [...sockets]) {
        const reconnectAfterSeconds = 1 + Math.round(Math.random() * (reconnectSecondsMax - 1) * 10) / 10;
        socket.send({ type: 'drain', reconnectAfterSeconds });
        if (++sent % drainedPerTurn === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    },
    close() {
      isDraining = true;
      clearInterval(timer);
      for (const socket of [...sockets]) socket.end(closeCodes.goingAway, 'server stops');
    },
  };
}

function text(fields: Frame, name: string): string {
  const value = fields[name];
  if (typeof value === 'string') return value;
  const errors = [{ path: `/${name}`, message: 'must be text' }];
  throw new DoorbusterError('validation_failed', 'The frame does not match its schema', { errors });
}
