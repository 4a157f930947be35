/**
 * Requests over the socket: each is one HTTP route, asked with a frame instead of a path, headers and a body. The
 * same schema checks it and the same handler answers it, so the two doors cannot drift apart.
 */

import { DoorbusterError } from '../../protocol/errors.ts';
import { newId } from '../../protocol/ids.ts';
import { authorise } from '../auth.ts';
import { type Check, compileCheck, invalid } from '../check.ts';
import { checkKey, fingerprintOf, runOnce } from '../idempotency.ts';
import type { Limiter } from '../limiter.ts';
import { internalReply, refusalReply } from '../problem.ts';
import type { GatewayServices, Identity, Reply, RequestContext, Route } from '../route.ts';
import { Closed } from '../schemas.ts';
import type { Frame } from './codec.ts';
import type { LiveSocket } from './socket.ts';

export interface RequestRoutes {
  readonly join: Route;
  readonly leave: Route;
  readonly place: Route;
  readonly release: Route;
  readonly checkout: Route;
}

/** How a frame becomes a request. Its other fields are the body. */
interface Door {
  readonly route: Route;
  readonly params: readonly string[];
  /** Header by the frame's field. */
  readonly headers: Readonly<Record<string, string>>;
  readonly check: Check;
}

const noBody = new Uint8Array();

export interface Requests {
  has(type: string): boolean;
  /** Never rejects: what is refused is a problem. */
  answer(socket: LiveSocket, type: string, fields: Frame): Promise<Reply>;
}

export function createRequests(services: GatewayServices, routes: RequestRoutes, limiter: Limiter): Requests {
  const door = (route: Route, params: readonly string[], headers: Door['headers'] = {}): Door => ({
    route,
    params,
    headers,
    check: compileCheck(route.body ?? Closed({}), 'The frame'),
  });
  const doors = new Map<string, Door>([
    ['join', door(routes.join, ['saleId'])],
    ['leave', door(routes.leave, ['saleId'])],
    ['hold', door(routes.place, ['saleId'], { admissionToken: 'admission-token' })],
    ['release', door(routes.release, ['holdId'])],
    ['checkout', door(routes.checkout, [], { idempotencyKey: 'idempotency-key' })],
  ]);

  async function perform(socket: LiveSocket, identity: Identity, door: Door, fields: Frame): Promise<Reply> {
    const { route } = door;
    authorise(route.auth, identity);
    limiter.take(identity.accountId);
    const { params, headers, rest } = takeApart(door, fields);
    const body = door.check(rest);
    const context = (mintedId: string | null): RequestContext => ({
      services,
      identity,
      params,
      query: {},
      body,
      rawBody: noBody,
      headers,
      requestId: newId('request'),
      remoteAddress: socket.address,
      mintedId,
    });
    if (!route.idempotency?.isRequired)
      return route.handle(context(route.idempotency ? newId(route.idempotency.mints) : null));
    const key = headers['idempotency-key'];
    if (!key) throw new DoorbusterError('idempotency_key_required', 'Send an idempotencyKey');
    const keyed = {
      shards: services.shards,
      run: services.run,
      accountId: identity.accountId,
      key: checkKey(key),
      fingerprint: fingerprintOf(route.method, route.path, Buffer.from(JSON.stringify(body))),
      mints: route.idempotency.mints,
    };
    return runOnce(keyed, (mintedId) => settled(route.handle(context(mintedId)), route));
  }

  /** A refusal as a reply, and a bug as a reply that says nothing more. */
  async function settled(reply: Promise<Reply>, route: Route | undefined): Promise<Reply> {
    try {
      return await reply;
    } catch (error) {
      const refusal = refusalReply(error);
      if (refusal !== null) return refusal;
      const stack = error instanceof Error ? error.stack : String(error);
      services.log('error', 'live request failed', { route: route?.operationId, stack });
      return internalReply;
    }
  }

  return {
    has: (type) => doors.has(type),
    answer(socket, type, fields) {
      const door = doors.get(type)!;
      return settled(perform(socket, socket.identity!, door, fields), door.route);
    },
  };
}

/** A frame's fields, sorted into what the HTTP request would have where. */
function takeApart(door: Door, fields: Frame) {
  const params: Record<string, string> = {};
  const headers: Record<string, string> = {};
  // Without a prototype, so that a field called __proto__ is a field like any other.
  const rest: Record<string, unknown> = Object.create(null);
  for (const [name, value] of Object.entries(fields)) {
    const header = door.headers[name];
    if (header === undefined && !door.params.includes(name)) {
      rest[name] = value;
    } else if (typeof value !== 'string') {
      throw invalid([{ path: `/${name}`, message: 'must be text' }], 'The frame');
    } else if (header === undefined) {
      params[name] = value;
    } else if (value !== '') {
      headers[header] = value;
    }
  }
  for (const name of door.params) {
    if (params[name] === undefined)
      throw invalid([{ path: `/${name}`, message: 'is required' }], 'The frame');
  }
  return { params, headers, rest };
}
