/**
 * `/v1/live`: the WebSocket endpoint.
 *
 * 1. Bounds come before work: connections are counted at the upgrade, in all and per address.
 * 2. A socket that has not authenticated after 5 s is closed (4001).
 * 3. A socket ends (4001) with its access token, and with its session, at most two seconds later.
 * 4. Frames about an account go to every socket of the account.
 * 5. A client that reads too slowly loses positions first, then the connection (4008).
 */
import type { HttpRequest, HttpResponse, TemplatedApp, us_socket_context_t } from 'uWebSockets.js';
import type { Push } from '../../protocol/decider.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { type Family, gauge } from '../../protocol/metric.ts';
import { writeReply } from '../answer.ts';
import type { ClientAddress } from '../client-address.ts';
import { RequestHead } from '../head.ts';
import type { Pipeline } from '../pipeline.ts';
import type { Reply, Route } from '../route.ts';
import { Audiences } from './audiences.ts';
import { msgpackProtocol } from './codec.ts';
import { Connections } from './connections.ts';
import type { LiveFeature, LiveHost } from './feature.ts';
import { FrameReceiver, heartbeatSeconds } from './frames.ts';
import { LiveRegistry } from './registry.ts';
import { LiveRequests } from './requests.ts';
import { closeCodes, LiveSocket, type SocketData } from './socket.ts';

/** What the log and the metrics call the opening of a socket. */
const upgradeRoute = { operationId: 'openLive' };
const socketHeaders = ['sec-websocket-key', 'sec-websocket-protocol', 'sec-websocket-extensions'];
/** uWS cuts a connection off at its own limit; below it a client is told why (1009). */
const frameBytesCutOff = 64 * 1024;
const backpressureBytesMax = 64 * 1024;
const authenticateMsMax = 5_000;
/** So long may broadcasts be dropped for a client that does not read. */
const slowMsMax = 30_000;
const beatMs = 250;
const beatsPerSecond = 1_000 / beatMs;
/** In so many beats every socket's token is looked at once. */
const beatsPerRound = 8;
/** Clients come back spread over this time. */
const reconnectSecondsMax = 10;
const drainedPerTurn = 1_000;

export interface LiveStats {
  readonly connections: number;
  readonly authenticated: number;
  readonly openRequests: number;
  /** Things that somebody is subscribed to. */
  readonly subscribed: number;
}

export class LiveEndpoint {
  readonly #pipeline: Pipeline;
  readonly #connections: Connections;
  /** Goes round all sockets, a share each beat. */
  #round: IterableIterator<LiveSocket>;
  readonly #registry: LiveRegistry;
  readonly #receiver: FrameReceiver;
  #app: TemplatedApp | null = null;
  #timer: NodeJS.Timeout | undefined;
  #isDraining = false;
  #beats = 0;

  constructor(pipeline: Pipeline, routes: readonly Route[], features: readonly LiveFeature[]) {
    const host: LiveHost = {
      services: pipeline.services,
      audiences: new Audiences({
        now: () => performance.now(),
        publish: (name, bytes, isBinary) => this.#app!.publish(name, bytes, isBinary),
        after: (ms, run) => void setTimeout(run, ms).unref(),
      }),
    };
    this.#pipeline = pipeline;
    this.#connections = new Connections(pipeline.limits.sockets);
    this.#round = this.#connections.sockets.values();
    this.#registry = new LiveRegistry(
      features.map((feature) => feature.make(host)),
      this.#connections,
    );
    const requests = new LiveRequests(pipeline, routes);
    this.#receiver = new FrameReceiver(pipeline, this.#connections, requests, this.#registry);
  }

  /** Adds the endpoint to the app: before the HTTP routes are bound. */
  attach(app: TemplatedApp): void {
    this.#app = app;
    app.ws<SocketData>('/v1/live', {
      maxPayloadLength: frameBytesCutOff,
      maxBackpressure: backpressureBytesMax,
      closeOnBackpressureLimit: false,
      idleTimeout: heartbeatSeconds,
      sendPingsAutomatically: true,
      upgrade: (res, req, context) => this.#upgrade(res, req, context),
      open: (ws) => {
        const { socket } = ws.getUserData();
        socket.ws = ws;
        this.#connections.enter(socket);
      },
      message: (ws, message, isBinary) => this.#receive(ws.getUserData().socket, message, isBinary),
      dropped: (ws) => this.#dropped(ws.getUserData().socket),
      drain: (ws) => {
        ws.getUserData().socket.slowSinceMs = 0;
      },
      close: (ws) => this.#closed(ws.getUserData().socket),
    });
    this.#timer = setInterval(() => this.#beat(), beatMs);
  }

  onPush(push: Push): void {
    this.#registry.onPush(push);
  }

  stats(): LiveStats {
    return {
      connections: this.#connections.sockets.size,
      authenticated: this.#connections.sockets.size - this.#connections.unauthenticated.size,
      openRequests: this.#connections.openRequests,
      subscribed: this.#registry.size,
    };
  }

  metrics(): Family[] {
    return [gauge('doorbuster_connections', 'Live sockets', this.#connections.sockets.size)];
  }

  /** Refuses new sockets and tells the others to come back soon, at different times. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    let sent = 0;
    for (const socket of [...this.#connections.sockets]) {
      const reconnectAfterSeconds = 1 + Math.round(Math.random() * (reconnectSecondsMax - 1) * 10) / 10;
      socket.send({ type: 'drain', reconnectAfterSeconds });
      if (++sent % drainedPerTurn === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Ends what is still there. */
  close(): void {
    this.#isDraining = true;
    clearInterval(this.#timer);
    for (const socket of [...this.#connections.sockets]) socket.end(closeCodes.goingAway, 'server stops');
  }

  #upgrade(res: HttpResponse, req: HttpRequest, context: us_socket_context_t): void {
    const startedAtMs = performance.now();
    const head = new RequestHead(res, req);
    head.walk(req, socketHeaders);
    const client = this.#pipeline.addresses.of(head.peer, head.forwardedFor);
    head.client = client;
    try {
      if (head.fault !== null) throw new DoorbusterError('malformed_request', head.fault);
      this.#checkRoom(client);
      this.#pipeline.arrive(client);
    } catch (error) {
      this.#refuse(res, head, startedAtMs, this.#pipeline.replyTo(error, head.requestId, null));
      return;
    }
    this.#observe(head, 101, startedAtMs);
    const offered = (head.headers['sec-websocket-protocol'] ?? '').split(',', 10);
    const isBinary = offered.some((name) => name.trim() === msgpackProtocol);
    res.writeStatus('101 Switching Protocols');
    res.writeHeader('X-Request-Id', head.requestId);
    res.upgrade(
      { socket: new LiveSocket(isBinary, client, this.#pipeline.services.now()) },
      head.headers['sec-websocket-key'] ?? '',
      isBinary ? msgpackProtocol : '',
      head.headers['sec-websocket-extensions'] ?? '',
      context,
    );
  }

  /** Over HTTP, and a turn later: nothing that came behind it in the same segment is read as a request. */
  #refuse(res: HttpResponse, head: RequestHead, startedAtMs: number, reply: Reply): void {
    let isAborted = false;
    res.onAborted(() => {
      isAborted = true;
    });
    this.#observe(head, reply.status, startedAtMs);
    setImmediate(() => {
      if (!isAborted) writeReply(res, reply, head, true, null, '');
    });
  }

  #observe({ requestId, client }: RequestHead, status: number, startedAtMs: number): void {
    this.#pipeline.observe(upgradeRoute, status, startedAtMs, requestId, client.text, null, 'http');
  }

  /** Refuses with `busy`, and with `rate_limited` when this address has its share of sockets. */
  #checkRoom(client: ClientAddress): void {
    const { config, limits } = this.#pipeline.services;
    const later = { retryAfterSeconds: 5 };
    if (this.#isDraining)
      throw new DoorbusterError('busy', 'This server is about to stop: connect again', later);
    if (this.#connections.sockets.size >= config.limits.connectionsMax)
      throw new DoorbusterError('busy', 'Too many connections: try again', later);
    limits.sockets.check(client);
  }

  /** A bug ends one connection: thrown into uWS it would end the process. */
  #receive(socket: LiveSocket, message: ArrayBuffer, isBinary: boolean): void {
    try {
      this.#receiver.receive(socket, message, isBinary);
    } catch (error) {
      this.#pipeline.replyTo(error, null, null);
      socket.end(closeCodes.internalError, 'internal error');
    }
  }

  #closed(socket: LiveSocket): void {
    socket.ws = null;
    this.#registry.leave(socket);
    this.#connections.leave(socket);
  }

  /** A broadcast did not fit. uWS is in the middle of sending it, so the socket is ended afterwards. */
  #dropped(socket: LiveSocket): void {
    const nowMs = this.#pipeline.services.now();
    if (socket.slowSinceMs === 0) socket.slowSinceMs = nowMs;
    else if (nowMs - socket.slowSinceMs > slowMsMax)
      setImmediate(() => socket.end(closeCodes.tooSlow, 'too slow'));
  }

  #beat(): void {
    this.#beats += 1;
    const lastMs = this.#pipeline.services.now() - authenticateMsMax;
    for (const socket of this.#connections.unauthenticated) {
      if (socket.openedAtMs > lastMs) break;
      socket.end(closeCodes.unauthenticated, 'no authentication within 5 s');
    }
    this.#expireSome();
    if (this.#beats % beatsPerSecond === 0) this.#registry.beat();
  }

  #expireSome(): void {
    const { sockets } = this.#connections;
    for (let left = Math.ceil(sockets.size / beatsPerRound); left > 0; left--) {
      const next = this.#round.next();
      if (next.done) {
        this.#round = sockets.values();
        break;
      }
      this.#receiver.expire(next.value);
    }
  }
}
