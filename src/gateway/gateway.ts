/**
 * One gateway: the server and the live endpoint, before one pipeline. Several run side by side in threads of their own
 * on one port; each gets every push and serves its own sockets.
 *
 * Stopping goes outside in: nobody new, clients are told to come back elsewhere, what runs is finished, and only
 * then are connections closed.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Push } from '../protocol/decider.ts';
import type { Family } from '../protocol/metric.ts';
import { documented } from './documents.ts';
import type { Limits } from './limits.ts';
import { LiveEndpoint, type LiveStats } from './live/endpoint.ts';
import type { LiveFeature } from './live/feature.ts';
import type { About } from './openapi.ts';
import { pageRoutes, type WebPage } from './pages.ts';
import { Pipeline } from './pipeline.ts';
import type { Route, Services } from './route.ts';
import { type HttpServer, type HttpStats, startServer } from './server.ts';
import type { WebFiles } from './web-files.ts';

/** How long clients may take to leave by themselves after `drain`. */
const leaveMsMax = 1_000;
const lookEveryMs = 20;

interface GatewayOptions {
  readonly services: Services;
  readonly routes: readonly Route[];
  readonly live: readonly LiveFeature[];
  /** null: the API alone. */
  readonly web?: { readonly files: WebFiles; readonly pages: readonly WebPage[] } | null;
  readonly about: About;
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** This gateway's own: what an earlier run of it left there is removed. */
  readonly uploadFolder: string;
}

interface GatewayStats {
  readonly http: HttpStats;
  readonly live: LiveStats;
}

export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { services, routes, host, port } = options;
  const web = options.web ?? null;
  const pipeline = new Pipeline(services);
  const live = new LiveEndpoint(pipeline, routes, options.live);
  const server = await startServer({
    pipeline,
    routes: [
      ...documented(routes, options.live, options.about),
      ...(web === null ? [] : pageRoutes(web.files, web.pages, routes)),
    ],
    html: web?.files.html ?? null,
    ...{ host, port, uploadFolder: options.uploadFolder },
    onApp: (app) => live.attach(app),
  });
  return new Gateway(server, live, pipeline.limits);
}

export class Gateway {
  readonly port: number;
  readonly #server: HttpServer;
  readonly #live: LiveEndpoint;
  readonly #limits: Limits;
  #stopping: Promise<void> | null = null;

  constructor(server: HttpServer, live: LiveEndpoint, limits: Limits) {
    this.port = server.port;
    this.#server = server;
    this.#live = live;
    this.#limits = limits;
  }

  /** Every push of every shard. */
  onPush(push: Push): void {
    this.#live.onPush(push);
  }

  stats(): GatewayStats {
    return { http: this.#server.stats(), live: this.#live.stats() };
  }

  metrics(): Family[] {
    return [...this.#live.metrics(), ...this.#server.metrics(), ...this.#limits.metrics()];
  }

  stop(graceMs: number): Promise<void> {
    this.#stopping ??= this.#stop(graceMs);
    return this.#stopping;
  }

  /** Closes everything at once: uWS handles that are open when their thread ends abort the whole process. */
  cut(): void {
    this.#live.close();
    this.#server.cut();
  }

  async #stop(graceMs: number): Promise<void> {
    const startedAtMs = performance.now();
    const spentMs = () => performance.now() - startedAtMs;
    await this.#live.drain();
    while (this.#live.stats().connections > 0 && spentMs() < Math.min(leaveMsMax, graceMs / 3))
      await delay(lookEveryMs);
    while (this.#live.stats().openRequests > 0 && spentMs() < graceMs / 2) await delay(lookEveryMs);
    this.#live.close();
    await this.#server.stop(Math.max(0, graceMs - spentMs()));
  }
}
