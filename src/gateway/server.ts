/**
 * One HTTP server: all routes behind one wrapper (`exchange.ts`) on one uWebSockets.js app. Several threads may listen
 * on the same port: the kernel spreads connections among them.
 *
 * 1. No route touches the socket, so uWS's fatal mistakes (no answer, use after abort) cannot be made in one.
 * 2. Stopping: no new connections, what runs is finished within the grace period, then everything is closed.
 * 3. HTTP pipelining is refused by uWS: a second request on a connection whose first has no answer yet closes it.
 */
import {
  App,
  type TemplatedApp,
  type us_listen_socket,
  us_listen_socket_close,
  us_socket_local_port,
} from 'uWebSockets.js';
import type { Log } from '../protocol/log.ts';
import { type Family, gauge } from '../protocol/metric.ts';
import { Exchange, type Gate } from './exchange.ts';
import { HttpMetrics } from './http-metrics.ts';
import { createLimiter } from './limiter.ts';
import { openApiRoute } from './openapi.ts';
import type { GatewayServices, Route } from './route.ts';
import { createRouter } from './router.ts';
import { tokensOf } from './tokens.ts';

export interface ServerOptions {
  readonly services: GatewayServices;
  readonly routes: readonly Route[];
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** Adds WebSocket routes before the HTTP routes are bound. */
  readonly onLive?: (app: TemplatedApp) => void;
  readonly log: Log;
  readonly openRequestsMax?: number;
}

export interface HttpStats {
  readonly openRequests: number;
  readonly openBodyBytes: number;
}

export interface RunningServer {
  readonly port: number;
  stats(): HttpStats;
  metrics(): Family[];
  /** Resolves when every socket is closed. */
  stop(graceMs: number): Promise<void>;
  /** Closes every socket at once. */
  cut(): void;
}

const openRequestsMaxDefault = 20_000;
const openBodyBytesMax = 64 * 1024 * 1024;
const limiterKeysMax = 200_000;

export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { services, host, port, log } = options;
  const { limits } = services.config;
  const gate: Gate = {
    services,
    router: createRouter([...options.routes, openApiRoute(options.routes)]),
    tokens: tokensOf(services),
    accountLimiter: createLimiter(
      {
        name: 'account',
        perSecond: limits.accountPerSecond,
        burst: limits.accountBurst,
        keysMax: limiterKeysMax,
      },
      services.now,
    ),
    addressLimiter: createLimiter(
      {
        name: 'address',
        perSecond: limits.addressPerSecond,
        burst: limits.addressBurst,
        keysMax: limiterKeysMax,
      },
      services.now,
    ),
    metrics: new HttpMetrics(),
    openMax: options.openRequestsMax ?? openRequestsMaxDefault,
    openBodyBytesMax,
    open: 0,
    openBodyBytes: 0,
    isDraining: false,
    onIdle: null,
  };

  const app = App();
  options.onLive?.(app);
  app.any('/*', (res, req) => void new Exchange(gate, res, req));

  const listening = await new Promise<us_listen_socket>((resolve, reject) => {
    app.listen(host, port, (socket) => {
      if (socket) resolve(socket);
      else {
        app.close();
        reject(new Error(`cannot listen on ${host}:${port}: is it in use?`));
      }
    });
  });
  const boundPort = us_socket_local_port(listening);
  log('debug', 'gateway listens', { host, port: boundPort });

  let stopping: Promise<void> | null = null;
  let isClosed = false;

  function close(): void {
    if (isClosed) return;
    isClosed = true;
    app.close();
  }

  async function stop(graceMs: number): Promise<void> {
    gate.isDraining = true;
    us_listen_socket_close(listening);
    if (gate.open > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, graceMs);
        gate.onIdle = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      if (gate.open > 0)
        log('warn', 'requests were cut off at the end of the grace period', { open: gate.open });
    }
    close();
  }

  return {
    port: boundPort,
    stats: () => ({
      openRequests: gate.open,
      openBodyBytes: gate.openBodyBytes,
    }),
    metrics: () => [
      gauge('doorbuster_http_open_requests', 'HTTP requests being answered', gate.open),
      gate.metrics.family(),
    ],
    stop: (graceMs) => (stopping ??= stop(graceMs)),
    cut() {
      gate.isDraining = true;
      close();
    },
  };
}
