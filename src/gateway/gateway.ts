/**
 * One gateway: every route of both halves, the server, the live endpoint, and what they share. Several run side by
 * side in threads of their own on one port; each gets every push and serves its own sockets.
 *
 * Stopping goes outside in: nobody new, clients are told to come back elsewhere, what runs is finished, and only
 * then are connections closed.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { OrderView } from '../actors/order/commands.ts';
import { meRoutes } from '../market/accounts/me-routes.ts';
import { authRoutes } from '../market/accounts/routes.ts';
import { productRoutes } from '../market/catalog/routes.ts';
import { createOrderWaits, type OrderWaits } from '../market/checkout/order-waits.ts';
import { checkoutRoute } from '../market/checkout/routes.ts';
import { inventoryRoutes } from '../market/inventory/routes.ts';
import { orderRoutes } from '../market/orders/routes.ts';
import { type ReadWebhook, webhookRoute } from '../market/payments/routes.ts';
import { saleRoutes } from '../market/sales/routes.ts';
import { createHoldIndex } from '../market/waiting-room/hold-index.ts';
import { holdRoutes } from '../market/waiting-room/hold-routes.ts';
import { joinRoute, leaveRoute, ticketRoutes } from '../market/waiting-room/routes.ts';
import { opsRoutes } from '../ops/routes.ts';
import type { Push } from '../protocol/decider.ts';
import type { Family } from '../protocol/metric.ts';
import { attachLive, type Live, type LiveStats } from './live/endpoint.ts';
import type { RequestRoutes } from './live/requests.ts';
import type { GatewayServices, Route, Shards } from './route.ts';
import { type HttpStats, startServer } from './server.ts';

/** How long clients may take to leave by themselves after `drain`. */
const leaveMsMax = 1_000;
const lookEveryMs = 20;

export interface GatewayOptions {
  readonly services: GatewayServices;
  readonly readWebhook: ReadWebhook;
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
}

export interface GatewayStats {
  readonly http: HttpStats;
  readonly live: LiveStats;
}

export interface Gateway {
  readonly port: number;
  /** Every push of every shard. */
  onPush(push: Push): void;
  stats(): GatewayStats;
  metrics(): Family[];
  stop(graceMs: number): Promise<void>;
  /** Closes everything at once: uWS handles that are open when their thread ends abort the whole process. */
  cut(): void;
}

export interface GatewayRoutes {
  readonly routes: readonly Route[];
  /** Those that the live endpoint offers as well. */
  readonly live: RequestRoutes;
  readonly orderWaits: OrderWaits;
}

/** All routes; also for the documentation, which calls none of them. */
export function collectRoutes(shards: Shards, readWebhook: ReadWebhook): GatewayRoutes {
  const index = createHoldIndex(shards);
  const orderWaits = createOrderWaits(shards);
  const { place, read, release } = holdRoutes(index);
  const checkout = checkoutRoute(shards, { index, waits: orderWaits });
  return {
    routes: [
      ...authRoutes,
      ...meRoutes,
      ...productRoutes,
      ...inventoryRoutes,
      ...saleRoutes,
      ...ticketRoutes,
      place,
      read,
      release,
      checkout,
      ...orderRoutes,
      webhookRoute(readWebhook),
      ...opsRoutes,
    ],
    live: { join: joinRoute, leave: leaveRoute, place, release, checkout },
    orderWaits,
  };
}

export async function startGateway({ services, readWebhook, host, port }: GatewayOptions): Promise<Gateway> {
  const { routes, live: liveRoutes, orderWaits } = collectRoutes(services.shards, readWebhook);
  let live: Live | null = null;
  const server = await startServer({
    services,
    routes,
    host,
    port,
    log: services.log,
    onLive: (app) => {
      live = attachLive(app, services, liveRoutes);
    },
  });
  const attached = live as unknown as Live;

  let stopping: Promise<void> | null = null;

  async function stop(graceMs: number): Promise<void> {
    const startedAtMs = performance.now();
    const spentMs = () => performance.now() - startedAtMs;
    await attached.drain();
    while (attached.stats().connections > 0 && spentMs() < Math.min(leaveMsMax, graceMs / 3))
      await delay(lookEveryMs);
    while (attached.stats().openRequests > 0 && spentMs() < graceMs / 2) await delay(lookEveryMs);
    attached.close();
    await server.stop(Math.max(0, graceMs - spentMs()));
  }

  return {
    port: server.port,
    onPush(push) {
      if (push.type === 'order.updated') orderWaits.onOrder(push.body as OrderView);
      attached.onPush(push);
    },
    stats: () => ({ http: server.stats(), live: attached.stats() }),
    metrics: () => [...attached.metrics(), ...server.metrics()],
    stop: (graceMs) => {
      stopping ??= stop(graceMs);
      return stopping;
    },
    cut() {
      attached.close();
      server.cut();
    },
  };
}
