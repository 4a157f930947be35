/**
 * The operators' endpoint on OPS_PORT, always on loopback, because it has no accounts.
 *
 *   GET  /livez                    200 while the process runs; touches nothing
 *   GET  /readyz                   200 or 503, with each check; also what payments go to
 *   GET  /metrics                  Prometheus text
 *   POST /shards/{n}/restart       ends shard n as a crash would; it comes back by itself
 */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Check {
  readonly isOk: boolean;
  readonly detail?: string;
}

interface OpsDeps {
  readonly host: string;
  readonly port: number;
  checks(): Promise<Readonly<Record<string, Check>>>;
  /** Facts beside the checks: durability, payments. */
  facts(): Readonly<Record<string, unknown>>;
  metrics(): Promise<string>;
  /** False when there is no such shard. */
  restartShard(shard: number): Promise<boolean>;
}

interface OpsServer {
  readonly port: number;
  stop(): Promise<void>;
}

export async function startOps(deps: OpsDeps): Promise<OpsServer> {
  const server = createServer((request, response) => {
    request.resume();
    route(deps, request.method ?? 'GET', request.url ?? '/', response).catch((error) =>
      respond(response, 500, { error: String(error) }),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(new Error(`operators' endpoint on ${deps.host}:${deps.port}: ${error.message}`)),
    );
    server.listen(deps.port, deps.host, resolve);
  });
  return { port: (server.address() as AddressInfo).port, stop: () => close(server) };
}

async function route(deps: OpsDeps, method: string, url: string, response: ServerResponse): Promise<void> {
  const path = url.split('?', 1)[0]!;
  const restart = /^\/shards\/(\d{1,3})\/restart$/.exec(path);
  if (restart) {
    if (method !== 'POST') return notAllowed(response, 'POST');
    const isKnown = await deps.restartShard(Number(restart[1]));
    return respond(response, isKnown ? 202 : 404, { shard: Number(restart[1]), isRestarting: isKnown });
  }
  if (!['/livez', '/readyz', '/metrics'].includes(path))
    return respond(response, 404, { error: 'not_found' });
  if (method !== 'GET' && method !== 'HEAD') return notAllowed(response, 'GET, HEAD');
  if (path === '/livez') return respond(response, 200, { status: 'ok' });
  if (path === '/metrics') {
    const text = await deps.metrics();
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(text);
    return;
  }
  const checks = await deps.checks();
  const isReady = Object.values(checks).every((check) => check.isOk);
  const shown = Object.entries(checks).map(([name, { isOk, detail }]) => [
    name,
    { status: isOk ? 'ok' : 'failed', ...(detail === undefined ? {} : { detail }) },
  ]);
  const status = isReady ? 'ready' : 'not_ready';
  respond(response, isReady ? 200 : 503, { status, checks: Object.fromEntries(shown), ...deps.facts() });
}

function notAllowed(response: ServerResponse, allow: string): void {
  response.setHeader('allow', allow);
  respond(response, 405, { error: 'method_not_allowed' });
}

function respond(response: ServerResponse, status: number, body: object): void {
  if (response.headersSent) return;
  response
    .writeHead(status, { 'content-type': 'application/json' })
    .end(`${JSON.stringify(body, null, 2)}\n`);
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
