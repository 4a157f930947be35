/**
 * The way of every request through one gateway: authenticate, limit, validate, idempotency, handle, answer. HTTP
 * (`exchange.ts`) and a frame of the live socket (`live/requests.ts`) are two ways in and out of it: each reads what
 * came, takes these steps in this order, and writes the reply. Buckets, codes, the log of bugs and the metrics are
 * the same for both.
 *
 * The whole order of checks is the contract's: path and method, token, role, rate, size, type, JSON, schema, key.
 */
import { DoorbusterError } from '../protocol/errors.ts';
import { Buckets, type Family, histogram } from '../protocol/metric.ts';
import { type Stranger, strangersKey, strangersOwner } from '../protocol/strangers.ts';
import { type ClientAddress, ClientAddresses } from './client-address.ts';
import { newId } from './handling.ts';
import { checkKey, runOnce } from './idempotency.ts';
import { KeyHash } from './key-hash.ts';
import type { Limits } from './limits.ts';
import { internalReply, refusalReply } from './problem.ts';
import type { AnyRequest, Identity, Reply, Route, Services } from './route.ts';
import type { CompiledRoute } from './router.ts';
import { personalSeal, sealOf } from './seal.ts';
import { type AccessTokens, tokensOf } from './tokens.ts';

/** A request whose last parts are filled in on its way. */
export interface OpenRequest extends AnyRequest {
  query: unknown;
  body: unknown;
  mintedId: string | null;
}

/** What the pipeline asks of the way by which a request came in, and only when it is needed. */
export interface Door {
  /** The query of the path, without its question mark. */
  readonly queryText: string;
  /** The idempotency key as it was sent, whatever it is; null when there was none. */
  readonly key: string | null;
  /** What a client that sent no key should send. */
  readonly keyName: string;
  /** What the key stands for: kept for a day, so it never changes between versions. */
  fingerprint(request: AnyRequest): string;
}

export class Pipeline {
  readonly services: Services;
  readonly metrics = new RequestMetrics();
  readonly #tokens: AccessTokens;
  readonly addresses: ClientAddresses;
  readonly limits: Limits;

  constructor(services: Services) {
    this.services = services;
    this.limits = services.limits;
    this.addresses = new ClientAddresses(
      services.config.addresses,
      new KeyHash(services.tokenSecret),
      services.log,
    );
    this.#tokens = tokensOf(services);
  }

  /** Counts a request of this address, whatever it is. Refuses with `rate_limited`. */
  arrive(client: ClientAddress): void {
    this.limits.requests.take(client);
  }

  /**
   * Who sent the bearer token. A token that is not good is refused where one is needed, and ignored elsewhere: an
   * expired one must not keep its owner from renewing it. Refuses with `unauthenticated`, `invalid_token` or
   * `token_expired`.
   */
  identify(route: Route, authorization: string, client: ClientAddress): Identity | null {
    const known = this.#tokens.recall(authorization);
    if (known !== undefined) return known;
    const isNeeded = route.who !== 'anybody';
    if (authorization === '') {
      if (!isNeeded) return null;
      throw new DoorbusterError('unauthenticated', 'Send an Authorization header with a bearer token');
    }
    try {
      // Scheme names are case-insensitive (RFC 9110, 11.1).
      if (authorization.slice(0, 7).toLowerCase() !== 'bearer ')
        throw new DoorbusterError('unauthenticated', 'The Authorization header must be of the Bearer scheme');
      const token = authorization.slice(7).trim();
      return isNeeded ? this.verify(token, client) : this.#tokens.verify(token);
    } catch (error) {
      if (isNeeded || !(error instanceof DoorbusterError)) throw error;
      return null;
    }
  }

  /** Whose token it is. An address that sends many that are refused is told so by `rate_limited`. */
  verify(token: string, client: ClientAddress): Identity {
    try {
      return this.#tokens.verify(token);
    } catch (error) {
      this.limits.refused.take(client);
      throw error;
    }
  }

  /** Whether this account may ask this, and not too often. Refuses with `forbidden` or `rate_limited`. */
  admit({ who }: Route, identity: Identity | null): void {
    if (typeof who !== 'string' && !identity?.roles.some((role) => who.includes(role)))
      throw new DoorbusterError('forbidden', `Only for accounts of these roles: ${who.join(', ')}`);
    if (identity !== null) this.limits.account.take(identity.accountId);
  }

  /** Validates and handles; with an idempotency key at most once. Throws what is wrong with the request. */
  run(compiled: CompiledRoute, request: OpenRequest, door: Door): Promise<Reply> {
    const answering = this.#handle(compiled, request, door);
    const { identity } = request;
    const { reads } = this.services;
    if (reads.wrote === undefined || identity === null || compiled.route.method === 'GET') return answering;
    // Before the account hears of it, so that what it reads next shows it. Also what was refused may have written.
    return answering.finally(() => reads.wrote?.(identity.accountId));
  }

  #handle(compiled: CompiledRoute, request: OpenRequest, door: Door): Promise<Reply> {
    const { route } = compiled;
    request.body = compiled.checkBody(request.body);
    request.query = compiled.readQuery(door.queryText);
    if (route.method === 'POST' && !route.isRaw) {
      if (door.key !== null) return this.#runKeyed(route, request, door.key, door);
      if (route.isKeyRequired)
        throw new DoorbusterError('idempotency_key_required', `Send an ${door.keyName}`);
    }
    if (route.mints !== undefined) request.mintedId = newId(route.mints);
    return route.handle(request);
  }

  #runKeyed(route: Route, request: OpenRequest, key: string, door: Door): Promise<Reply> {
    const seal = route.isConfidential ? sealOf(this.services) : null;
    const fingerprint = door.fingerprint(request);
    const { identity } = request;
    checkKey(key);
    const stranger = identity === null || route.isConfidential ? this.#strangerOf(request.client, key) : null;
    const keyed = {
      owner: stranger === null ? identity!.accountId : strangersOwner(stranger),
      key: stranger === null ? key : strangersKey(stranger, key),
      fingerprint: seal === null ? fingerprint : seal.fingerprint(fingerprint),
      resourceId: newId(route.mints ?? 'request'),
    };
    const sealing =
      seal ?? (route.isPersonal && identity ? personalSeal(this.services, identity.accountId) : null);
    return runOnce(this.services.keys, keyed, sealing, (mintedId) => {
      request.mintedId = mintedId;
      return route.handle(request).catch((error) => this.replyTo(error, request.requestId, route));
    });
  }

  /**
   * Whose key it is when it is no account's: the address's, which nobody can read there. Where tokens are given it is so
   * whoever asks: a guest's token ends when the guest registers, and an access token may have expired, before the
   * repeat comes. Behind an exempt address there may be everybody, so each key has a share of its own.
   */
  #strangerOf({ key: address, site, isExempt }: ClientAddress, key: string): Stranger {
    const seal = sealOf(this.services);
    const digest = seal.fingerprint(isExempt ? `${address} ${key}` : address);
    return { address: digest, site: isExempt || site === null ? digest : seal.fingerprint(site.key) };
  }

  /** What a client is told of whatever was thrown. What is no refusal is a bug or a fault, and goes to the log. */
  replyTo(error: unknown, requestId: string | null, route: Route | null): Reply {
    const reply = refusalReply(error);
    if (reply !== null) return reply;
    this.services.log('error', 'request failed', {
      requestId,
      route: route?.operationId ?? null,
      stack: error instanceof Error ? error.stack : String(error),
    });
    return internalReply;
  }

  /** Counts an answer, and writes its line. A request to no route counts as `unknown`. */
  observe(
    route: Pick<Route, 'operationId'> | null,
    status: number,
    startedAtMs: number,
    requestId: string,
    address: string,
    identity: Identity | null,
    via: 'http' | 'live',
  ): void {
    const ms = performance.now() - startedAtMs;
    const name = route?.operationId ?? 'unknown';
    this.metrics.observe(name, status, ms / 1000);
    const { accessLog } = this.services;
    if (accessLog !== undefined)
      accessLog.line(requestId, name, status, ms, address, identity?.accountId ?? null, via);
  }
}

// ----------------------------------------------------------------
// Counts of answers and their seconds by route and status, those of the live socket among them.

/** Upper bounds of the histogram's buckets in seconds; the last bucket has none. */
const secondsBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export class RequestMetrics {
  // Routes and statuses are ours, not the client's, so the maps are small for ever.
  readonly #countsByRoute = new Map<string, Map<number, Buckets>>();

  observe(route: string, status: number, seconds: number): void {
    this.#countsOf(route, status).add(seconds);
  }

  family(): Family {
    const series = [...this.#countsByRoute.values()].flatMap((byStatus) => [...byStatus.values()]);
    return histogram('doorbuster_http_request_seconds', 'HTTP requests', secondsBounds, series);
  }

  #countsOf(route: string, status: number): Buckets {
    let byStatus = this.#countsByRoute.get(route);
    if (!byStatus) {
      byStatus = new Map();
      this.#countsByRoute.set(route, byStatus);
    }
    let counts = byStatus.get(status);
    if (!counts) {
      counts = new Buckets({ route, status }, secondsBounds);
      byStatus.set(status, counts);
    }
    return counts;
  }
}
