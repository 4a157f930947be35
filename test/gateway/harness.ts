/**
 * A real server on a free port, with an engine small enough to hold in one map: the real deciders, run in memory
 * without a journal. For tests whose subject is the gateway.
 */
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cartDecider } from '../../src/actors/cart/decide.ts';
import { couponDecider } from '../../src/actors/coupon/decide.ts';
import { idempotencyDecider } from '../../src/actors/idempotency/decide.ts';
import { skuDecider } from '../../src/actors/sku/decide.ts';
import { readConfig } from '../../src/config.ts';
import { documented } from '../../src/gateway/documents.ts';
import { newId } from '../../src/gateway/handling.ts';
import { allocateLimits, Limits } from '../../src/gateway/limits.ts';
import { Pipeline } from '../../src/gateway/pipeline.ts';
import type { Role, Route, Services } from '../../src/gateway/route.ts';
import { type HttpServer, startServer } from '../../src/gateway/server.ts';
import { tokensOf } from '../../src/gateway/tokens.ts';
import type { Database } from '../../src/persistence/database.ts';
import type { ExpiringValues } from '../../src/persistence/expiring.ts';
import { type Reads, readsFrom } from '../../src/persistence/reads.ts';
import { busy } from '../../src/protocol/answer.ts';
import type { AnyCommand } from '../../src/protocol/command.ts';
import { type AnyDecider, register } from '../../src/protocol/decider.ts';
import type { Log } from '../../src/protocol/log.ts';
import { emptyDatabase, engineServices, type Shards } from './shards.ts';

const deciderByKind = new Map<string, AnyDecider>(
  [register(skuDecider), register(cartDecider), register(couponDecider), register(idempotencyDecider)].map(
    (decider) => [decider.kind, decider],
  ),
);

/** Of every gateway of a test file that says nothing else. */
export const uploadFolder = join(tmpdir(), `doorbuster-uploads-${randomUUID()}`);

const tokenSecret = 'a secret that only this test knows';

/** The name of the server's run. */
export const testRun = 'run-1';

export interface MemoryShards extends Shards {
  /** While true, every ask is answered `busy` and nothing happens. */
  isAway: boolean;
  /** Every command that was asked, in order. */
  readonly asked: { kind: string; key: string; type: string }[];
  /** The commands themselves. */
  readonly commands: AnyCommand[];
}

export function memoryShards(now: () => number = Date.now): MemoryShards {
  const stateByAddress = new Map<string, unknown>();
  const shards: MemoryShards = {
    isAway: false,
    asked: [],
    commands: [],
    async ask(kind, key, command) {
      shards.asked.push({ kind, key, type: command.type });
      shards.commands.push(command);
      if (shards.isAway) return busy;
      const decider = deciderByKind.get(kind)!;
      const address = `${kind}/${key}`;
      const state = stateByAddress.get(address) ?? decider.initial(key);
      stateByAddress.set(address, state);
      // As over a wire: plain data in, plain data out.
      const decision = decider.decide(state, structuredClone(command), now());
      for (const event of decision.events) decider.evolve(state, event);
      const body = typeof decision.reply === 'function' ? decision.reply(state) : (decision.reply ?? null);
      return { code: decision.code, body: structuredClone(body) };
    },
    find: async () => null,
    stats: async () => [],
  };
  return shards;
}

export interface TestServer extends Pick<HttpServer, 'port' | 'stats' | 'metrics' | 'stop' | 'cut'> {
  readonly url: string;
  readonly services: Services;
  readonly shards: MemoryShards;
  /** What the server had to say, oldest first. */
  readonly logged: { level: string; message: string; fields: Readonly<Record<string, unknown>> }[];
  /** A bearer header for a new account of that role. */
  bearer(role: Role, accountId?: string): Promise<string>;
  call(method: string, path: string, options?: CallOptions): Promise<CallAnswer>;
}

export interface CallOptions {
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface CallAnswer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever JSON the server sent
  readonly body: any;
  readonly headers: Headers;
}

export interface TestServerOptions {
  readonly routes: readonly Route[];
  /** Without it every table is empty. */
  readonly database?: Database;
  /** Without it the database alone is read. */
  readonly reads?: Reads;
  readonly expiring?: ExpiringValues;
  readonly env?: Readonly<Record<string, string>>;
  readonly now?: () => number;
  readonly openRequestsMax?: number;
  readonly uploadFolder?: string;
}

export async function startTestServer(options: TestServerOptions): Promise<TestServer> {
  const now = options.now ?? Date.now;
  const shards = memoryShards(now);
  const logged: TestServer['logged'] = [];
  const log: Log = (level, message, fields = {}) => void logged.push({ level, message, fields });
  const config = readConfig(options.env ?? {});
  const database = options.database ?? emptyDatabase;
  const services: Services = {
    ...engineServices(shards, testRun),
    config,
    limits: new Limits(config, allocateLimits(config), { gateway: 0, tokenSecret, now }),
    database,
    reads: options.reads ?? readsFrom(database),
    expiring: options.expiring ?? null,
    log,
    now,
    tokenSecret,
    webhookSecret: 'another',
    publicUrl: 'http://shop.test',
  };
  const server = await startServer({
    pipeline: new Pipeline(services),
    routes: documented(options.routes, [], { title: 'Test', version: '1', description: 'A test' }),
    host: '127.0.0.1',
    port: 0,
    uploadFolder: options.uploadFolder ?? uploadFolder,
    ...(options.openRequestsMax === undefined ? {} : { openRequestsMax: options.openRequestsMax }),
  });
  const url = `http://127.0.0.1:${server.port}`;
  return {
    port: server.port,
    stats: () => server.stats(),
    metrics: () => server.metrics(),
    stop: (graceMs) => server.stop(graceMs),
    cut: () => server.cut(),
    url,
    services,
    shards,
    logged,
    async bearer(role, accountId = newId('account')) {
      return `Bearer ${tokensOf(services).issueAccess({ accountId, roles: [role] }).accessToken}`;
    },
    async call(method, path, { token, body, headers } = {}) {
      const answer = await fetch(url + path, {
        method,
        headers: {
          ...(token === undefined ? {} : { authorization: token }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await answer.text();
      return { status: answer.status, body: text === '' ? null : JSON.parse(text), headers: answer.headers };
    },
  };
}
