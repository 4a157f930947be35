/**
 * What a route is. The same object validates requests, answers them and becomes a paragraph of `/openapi.json`;
 * `server.ts` is the only place that touches the socket.
 */
import type { TSchema } from 'typebox';
import type { Config } from '../config.ts';
import type { Market } from '../market/market.ts';
import type { Code } from '../protocol/codes.ts';
import type { AnyCommand } from '../protocol/command.ts';
import type { Log } from '../protocol/log.ts';
import type { Answer } from '../protocol/peer.ts';

export type Role = 'guest' | 'buyer' | 'seller' | 'operator' | 'admin';

export interface Identity {
  readonly accountId: string;
  readonly role: Role;
}

/** The engine as the gateway sees it: wherever its shards run. */
export interface Shards {
  /** Never rejects: a shard that is away, full or late answers `busy`. */
  ask(kind: string, key: string, command: AnyCommand): Promise<Answer>;
  /** The key of the actor of `kind` that goes by another name (a sku by one of its holds' ids), or null. */
  find(kind: string, name: string): Promise<string | null>;
  /** One row a shard, for operators; a shard that does not answer is left out. */
  stats(): Promise<readonly object[]>;
}

export interface GatewayServices {
  readonly config: Config;
  readonly shards: Shards;
  readonly market: Market;
  readonly log: Log;
  /** Engine time in milliseconds. */
  readonly now: () => number;
  /** Names this server run (see BeginRequest.run). */
  readonly run: string;
  /** Signing secret of access and admission tokens. */
  readonly tokenSecret: string;
  /** Signing secret of payment webhooks. */
  readonly webhookSecret: string;
}

export interface RequestContext {
  readonly services: GatewayServices;
  /** null only on routes with `auth: 'none'` when no token was sent. */
  readonly identity: Identity | null;
  readonly params: Readonly<Record<string, string>>;
  // biome-ignore lint/suspicious/noExplicitAny: validated by the route's own schema before `handle` runs
  readonly query: any;
  // biome-ignore lint/suspicious/noExplicitAny: validated by the route's own schema before `handle` runs
  readonly body: any;
  /** The body's exact bytes, for signatures; empty when there was none. */
  readonly rawBody: Uint8Array;
  /** Lower-case names; only those listed in the route's `headers` and `authorization` are kept. */
  readonly headers: Readonly<Record<string, string>>;
  readonly requestId: string;
  readonly remoteAddress: string;
  /** The id under which this request may create its resource: a repeat with the same Idempotency-Key gets the first one's. */
  readonly mintedId: string | null;
}

export interface Reply {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** OpenAPI form: `/v1/sales/{saleId}`. */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly tag: string;
  readonly auth: 'none' | 'any' | readonly Role[];
  readonly query?: TSchema;
  readonly body?: TSchema;
  /** Bodies of these routes are taken as they are, whatever their type (webhooks). */
  readonly isRaw?: boolean;
  /** Request headers that the handler reads, lower case. */
  readonly headers?: readonly string[];
  /** Every POST accepts an Idempotency-Key; `required` insists on it. Kind of id that the request may mint. */
  readonly idempotency?: {
    readonly isRequired: boolean;
    readonly mints: Parameters<typeof import('../protocol/ids.ts').newId>[0];
  };
  /** By status; refusals need not be listed, they all are problem+json. */
  readonly responses: Readonly<Record<number, { readonly description: string; readonly schema?: TSchema }>>;
  /** Codes of refusals that this route may answer with, for the documentation. */
  readonly refusals?: readonly Code[];
  /** Refuses by throwing a DoorbusterError; anything else thrown is a 500 with its stack in the log. */
  handle(context: RequestContext): Promise<Reply>;
}
