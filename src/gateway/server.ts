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
import { Exchange } from './exchange.ts';
import type { Pipeline } from './pipeline.ts';
import { Gate } from './request.ts';
import type { Route } from './route.ts';
import { Router } from './router.ts';
import { Uploads } from './upload.ts';
import type { WebFile } from './web-files.ts';

interface ServerOptions {
  readonly pipeline: Pipeline;
  readonly routes: readonly Route[];
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** Adds WebSocket routes before the HTTP routes are bound. */
  readonly onApp?: (app: TemplatedApp) => void;
  readonly openRequestsMax?: number;
  /** Where bodies are received that are too large for memory: this server's own folder. */
  readonly uploadFolder: string;
  /** The page of addresses that do not exist. */
  readonly html?: WebFile | null;
}

export interface HttpStats {
  readonly openRequests: number;
  readonly openBodyBytes: number;
  readonly openUploads: number;
  readonly openStreams: number;
}

export async function startServer(options: ServerOptions): Promise<HttpServer> {
  const { pipeline, host, port } = options;
  const uploads = new Uploads(options.uploadFolder);
  await uploads.clear();
  const gate = new Gate(pipeline, new Router(options.routes), uploads, options.openRequestsMax, options.html);
  const app = App();
  options.onApp?.(app);
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
  const server = new HttpServer(app, listening, gate);
  pipeline.services.log('debug', 'gateway listens', { host, port: server.port });
  return server;
}

export class HttpServer {
  readonly port: number;
  readonly #app: TemplatedApp;
  readonly #listening: us_listen_socket;
  readonly #gate: Gate;
  readonly #log: Log;
  #stopping: Promise<void> | null = null;
  #isClosed = false;

  constructor(app: TemplatedApp, listening: us_listen_socket, gate: Gate) {
    this.port = us_socket_local_port(listening);
    this.#app = app;
    this.#listening = listening;
    this.#gate = gate;
    this.#log = gate.pipeline.services.log;
  }

  stats(): HttpStats {
    const { open, openBodyBytes, uploads, openStreams } = this.#gate;
    return { openRequests: open, openBodyBytes, openUploads: uploads.open, openStreams };
  }

  metrics(): Family[] {
    const { open, pipeline } = this.#gate;
    return [
      gauge('doorbuster_http_open_requests', 'HTTP requests being answered', open),
      pipeline.metrics.family(),
    ];
  }

  /** Resolves when every socket is closed. */
  stop(graceMs: number): Promise<void> {
    this.#stopping ??= this.#stop(graceMs);
    return this.#stopping;
  }

  /** Closes every socket at once. */
  cut(): void {
    this.#gate.isDraining = true;
    this.#close();
  }

  async #stop(graceMs: number): Promise<void> {
    const gate = this.#gate;
    gate.isDraining = true;
    us_listen_socket_close(this.#listening);
    await gate.idle(graceMs);
    if (gate.open > 0)
      this.#log('warn', 'requests were cut off at the end of the grace period', { open: gate.open });
    this.#close();
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#app.close();
  }
}
