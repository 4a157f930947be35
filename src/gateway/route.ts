/**
 * What a route is. The same object validates requests, answers them and becomes a paragraph of `/openapi.json`. HTTP
 * and the live socket are two ways to the same route.
 *
 * `route` infers what the handler gets (params from the path, body and query from their schemas, headers by name) and
 * what it may answer (one of the declared statuses, with a body of that status' schema): no handler casts anything.
 */
import type { Static, StaticDecode, TSchema } from 'typebox';
import type { Config } from '../config.ts';
import type { Database } from '../persistence/database.ts';
import type { ExpiringValues } from '../persistence/expiring.ts';
import type { Reads } from '../persistence/reads.ts';
import type { Refusal } from '../protocol/codes.ts';
import type { Ask } from '../protocol/command.ts';
import type { IdKind } from '../protocol/ids.ts';
import type { AccessLog, Log } from '../protocol/log.ts';
import type { ShardRow } from '../protocol/shard-row.ts';
import type { ClientAddress } from './client-address.ts';
import type { KeyStore } from './key-store.ts';
import type { Limits } from './limits.ts';
import type { UploadedFile, UploadRules } from './upload.ts';
import type { WebFile } from './web-files.ts';

export const roles = ['guest', 'buyer', 'seller', 'operator', 'admin'] as const;
export type Role = (typeof roles)[number];

/** Who asks, as their access token says. */
export interface Identity {
  readonly accountId: string;
  /** At least one. */
  readonly roles: readonly Role[];
  readonly sessionId: string;
  readonly expiresAtMs: number;
}

/** `anybody`: no token is needed, a good one is known and a bad one ignored; else every account, or those of these roles. */
type Who = 'anybody' | 'signed-in' | readonly Role[];

interface Described<Schema extends TSchema = TSchema> {
  readonly description: string;
  readonly schema?: Schema;
  /** Headers that the reply has: a description by the name. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Media types of a body that is sent piece by piece. */
  readonly streams?: readonly string[];
}
type Replies = Readonly<Record<number, Described>>;

export type ReplyHeaders = Readonly<Record<string, string>>;

export interface Reply {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: ReplyHeaders;
  /** A file of the pages, instead of a body. */
  readonly file?: WebFile;
  /** Made and sent piece by piece, instead of a body; nothing is made before the gateway has room for it. */
  readonly stream?: AsyncIterable<Uint8Array>;
  /** Of a body that is no JSON. */
  readonly contentType?: string;
  /** Instead of what follows from the route. */
  readonly cacheControl?: string;
}

/** What every handler can use of its request, before its route's own schemas say more. */
export interface AnyRequest {
  readonly services: Services;
  readonly identity: Identity | null;
  readonly params: Readonly<Record<string, string>>;
  readonly query: unknown;
  readonly body: unknown;
  /** The body's exact bytes, for signatures; empty when there was none. */
  readonly rawBody: Uint8Array;
  /** The body, where the route takes it as a file. */
  readonly upload: UploadedFile | null;
  /** Only those that the route lists, by their names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly requestId: string;
  readonly client: ClientAddress;
  /** The id under which this request may create its resource: a repeat with the same Idempotency-Key gets the first one's. */
  readonly mintedId: string | null;
}

/**
 * How a frame of the live socket becomes a request to this route. Every field not listed under params or headers
 * belongs to the body.
 */
export interface LiveDoor {
  /** The frame's `type`. */
  readonly type: string;
  /** The path's parameters that the frame must have as fields: all, unless this says otherwise. */
  readonly params?: readonly string[];
  /** Header by the frame's field, such as `idempotencyKey` -> `idempotency-key`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The body of a good answer is also sent as a frame of this type, before the reply. */
  readonly alsoSends?: string;
}

interface Documented {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly operationId: string;
  readonly summary: string;
  readonly tag: string;
  /** Whatever stands behind the question mark is not ours to judge: the handler gets it as it was sent. */
  readonly ignoresQuery?: boolean;
  /** Bodies of these routes are taken as they are, whatever their type (webhooks). */
  readonly isRaw?: boolean;
  /** Where others decide how long the body is; 64 KiB when not given. */
  readonly bodyBytesMax?: number;
  readonly live?: LiveDoor;
  /** A read that is the same for everybody may be kept so long by anybody between us and the client. */
  readonly cacheSeconds?: number;
  /** What a good answer is when it is no JSON; its body is bytes then. */
  readonly contentType?: string;
  /** Every POST accepts an Idempotency-Key; this one insists on it. */
  readonly isKeyRequired?: boolean;
  /** The request has a password, or the answer tokens: what is kept for an Idempotency-Key is sealed. */
  readonly isConfidential?: boolean;
  /** The answer tells who somebody is or where they live: what is kept for an Idempotency-Key is sealed under the account's key. */
  readonly isPersonal?: boolean;
  /** Another route is to be used instead. */
  readonly isDeprecated?: boolean;
  /** For browsers: it yields to a route of the same path unless HTML is asked for. */
  readonly isPage?: boolean;
  /** Codes of refusals that this route may answer with, for the documentation. */
  readonly refusals?: readonly Refusal[];
}

/** A route as the machinery sees it. */
export interface Route extends Documented {
  /** OpenAPI form: `/v1/sales/{saleId}`. */
  readonly path: string;
  readonly who: Who;
  readonly query?: TSchema;
  readonly body?: TSchema;
  /** Instead of a body: it is received into a file, as it comes. */
  readonly upload?: UploadRules;
  /** Request headers that the handler reads: a description by the name in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What of the path's parameters their names do not say, for the documents: the handler checks them. */
  readonly params?: Readonly<Record<string, TSchema>>;
  /** The kind of id that a request may mint. */
  readonly mints?: IdKind;
  /** What the names of the query, and the body, stand for before the schemas judge them. */
  readonly respell?: { name(name: string): string; body(body: unknown): unknown };
  /** By status; refusals need not be listed, they all are problem+json. */
  readonly replies: Replies;
  /** Refuses by throwing a DoorbusterError; anything else thrown is a 500 with its stack in the log. */
  handle(request: AnyRequest): Promise<Reply>;
}

// ---------------------------------------------------------------- typed definition

/** `/v1/sales/{saleId}` -> `{ saleId: string }`. */
type ParamsOf<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? { readonly [Key in Name]: string } & ParamsOf<Rest>
  : object;

interface RequestOf<
  Path extends string,
  Whose extends Who,
  Body extends TSchema,
  Query extends TSchema,
  Header extends string,
  Mints extends IdKind | undefined,
  Upload extends UploadRules | undefined,
> extends Omit<AnyRequest, 'identity' | 'params' | 'query' | 'body' | 'headers' | 'mintedId' | 'upload'> {
  readonly identity: Whose extends 'anybody' ? Identity | null : Identity;
  readonly params: ParamsOf<Path>;
  readonly query: StaticDecode<Query>;
  readonly body: StaticDecode<Body>;
  readonly headers: { readonly [Name in Header]?: string };
  /** Of a route that mints nothing: the request's own, where it has a key. */
  readonly mintedId: Mints extends IdKind ? string : string | null;
  readonly upload: Upload extends UploadRules ? UploadedFile : null;
}

/** One of the declared statuses, with a body of that status' schema and the headers that it is declared to have. */
type DeclaredReply<Declared extends Replies> = {
  [Status in keyof Declared & number]: { readonly status: Status } & BodyOf<Declared[Status]> &
    HeadersOf<Declared[Status]>;
}[keyof Declared & number];

type BodyOf<Declared extends Described> = Declared extends { readonly schema: infer Schema extends TSchema }
  ? { readonly body: Static<Schema> }
  : Declared extends { readonly streams: readonly string[] }
    ? { readonly stream: AsyncIterable<Uint8Array>; readonly contentType: string }
    : { readonly body?: undefined };

type HeadersOf<Declared extends Described> = Declared extends { readonly headers: infer Headers }
  ? { readonly headers: { readonly [Name in keyof Headers]: string } }
  : { readonly headers?: undefined };

interface Definition<
  Path extends string,
  Whose extends Who,
  Declared extends Replies,
  Body extends TSchema,
  Query extends TSchema,
  Header extends string,
  Mints extends IdKind | undefined,
  Upload extends UploadRules | undefined,
> extends Documented {
  readonly path: Path;
  readonly who: Whose;
  readonly query?: Query;
  readonly body?: Body;
  readonly headers?: Readonly<Record<Header, string>>;
  readonly params?: Readonly<Record<string, TSchema>>;
  readonly mints?: Mints;
  readonly upload?: Upload;
  readonly replies: Declared;
  handle(
    request: RequestOf<Path, Whose, Body, Query, Header, Mints, Upload>,
  ): Promise<DeclaredReply<Declared>>;
}

export function route<
  const Path extends string,
  const Whose extends Who,
  Declared extends Replies,
  Body extends TSchema = TSchema,
  Query extends TSchema = TSchema,
  const Header extends string = never,
  const Mints extends IdKind | undefined = undefined,
  const Upload extends UploadRules | undefined = undefined,
>(definition: Definition<Path, Whose, Declared, Body, Query, Header, Mints, Upload>): Route {
  // The pipeline has checked the request against these very schemas before it calls `handle`.
  return definition as unknown as Route;
}

/** An answer with its status and the names of its headers kept as literals. */
export function reply<const Status extends number>(status: Status): { readonly status: Status };
export function reply<const Status extends number, Body>(
  status: Status,
  body: Body,
): { readonly status: Status; readonly body: Body };
export function reply<const Status extends number, Body, Headers extends ReplyHeaders>(
  status: Status,
  body: Body,
  headers: Headers,
): { readonly status: Status; readonly body: Body; readonly headers: Headers };
export function reply(status: number, body?: unknown, headers?: ReplyHeaders): Reply {
  if (headers !== undefined) return { status, body, headers };
  return body === undefined ? { status } : { status, body };
}

/** An answer whose body is sent piece by piece. */
export function streamed<const Status extends number, const Headers extends ReplyHeaders>(
  status: Status,
  contentType: string,
  stream: AsyncIterable<Uint8Array>,
  headers: Headers,
) {
  return { status, contentType, stream, headers };
}

// ----------------------------------------------------------------
// What every route and every live feature of one gateway can use.

export interface Services {
  readonly config: Config;
  /** What one account or one address may do, over all gateways. */
  readonly limits: Limits;
  /** Asks one actor, wherever its shard runs. */
  readonly ask: Ask;
  /** The key of the actor of `kind` that goes by another name, or null. Refuses with `busy` when a shard is away. */
  readonly find: (kind: string, name: string) => Promise<string | null>;
  /** One row a shard, for operators; a shard that does not answer is left out. */
  readonly shardStats: () => Promise<ShardRow[]>;
  /** What main knows of the whole process, for operators; null when it does not answer. */
  readonly overview: () => Promise<unknown>;
  readonly database: Database;
  /** For reads that may be a little old. */
  readonly reads: Reads;
  /** Small values that may be lost; null: there is no place for them. */
  readonly expiring: ExpiringValues | null;
  /** Keeps the answers to idempotency keys. */
  readonly keys: KeyStore;
  readonly log: Log;
  /** Absent when `LOG_LEVEL` is above `info`. */
  readonly accessLog?: AccessLog | undefined;
  /** Engine time in milliseconds. */
  readonly now: () => number;
  /** The secret from which the signing keys of all tokens are derived. */
  readonly tokenSecret: string;
  /** Where this server is reached, for links in mails and for other servers: an origin. Never taken from a request. */
  readonly publicUrl: string;
  /** The secret with which others sign the webhooks that they send. */
  readonly webhookSecret: string;
}

/** Something that is made once for each gateway, when it is first wanted: a store, a cache, an index. */
export function perGateway<Part>(make: (services: Services) => Part): (services: Services) => Part {
  const partByServices = new WeakMap<Services, Part>();
  return (services) => {
    let part = partByServices.get(services);
    if (part === undefined) {
      part = make(services);
      partByServices.set(services, part);
    }
    return part;
  };
}
