/**
 * The operators' endpoint on OPS_PORT, always on loopback, because it has no accounts. It is there first and goes last.
 *
 *   GET  /livez                    200 while the process runs; touches nothing
 *   GET  /readyz                   200 or 503, with each check; also what payments go to
 *   GET  /metrics                  Prometheus text
 *   POST /shards/{n}/restart       ends shard n as a crash would; it comes back by itself
 *
 * Refusals are problems as on the public port. Pages in a browser are refused everything (protocol/local-door.ts).
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { problem, problemType } from '../gateway/problem.ts';
import type { Refusal } from '../protocol/codes.ts';
import { strangerAt } from '../protocol/local-door.ts';

export interface Check {
  readonly isOk: boolean;
  readonly detail?: string;
}

interface OpsDeps {
  readonly host: string;
  readonly port: number;
  /** Names besides those of loopback under which it answers. */
  readonly hosts: readonly string[];
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
  // A request without a Host is refused by us, as a problem.
  const server = createServer({ requireHostHeader: false }, (request, response) => {
    request.resume();
    route(deps, request, response).catch((error) => refuse(response, 'internal_error', String(error)));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(new Error(`operators' endpoint on ${deps.host}:${deps.port}: ${error.message}`)),
    );
    server.listen(deps.port, deps.host, resolve);
  });
  return { port: (server.address() as AddressInfo).port, stop: () => close(server) };
}

async function route(deps: OpsDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = 'GET', url = '/', rawHeaders } = request;
  const stranger = strangerAt(rawHeaders, deps.hosts);
  if (stranger !== null) return refuse(response, 'forbidden', stranger);
  const path = url.split('?', 1)[0]!;
  const restart = /^\/shards\/(\d{1,3})\/restart$/.exec(path);
  if (restart) {
    if (method !== 'POST') return notAllowed(response, 'POST');
    const shard = Number(restart[1]);
    if (!(await deps.restartShard(shard))) return refuse(response, 'not_found', 'No such shard runs here');
    return respond(response, 202, { shard, isRestarting: true });
  }
  if (!['/livez', '/readyz', '/metrics'].includes(path)) return refuse(response, 'not_found');
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
  refuse(response, 'method_not_allowed');
}

function refuse(response: ServerResponse, code: Refusal, detail?: string): void {
  const body = problem(code, detail);
  respond(response, body.status, body, problemType);
}

function respond(response: ServerResponse, status: number, body: object, type = 'application/json'): void {
  if (response.headersSent) return;
  const text = `${JSON.stringify(body, null, 2)}\n`;
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) }).end(text);
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
