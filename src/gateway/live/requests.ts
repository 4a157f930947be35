/**
 * The live socket's way in and out of the pipeline: a frame instead of a path, headers and a body. The same schema
 * checks it and the same handler answers it as over HTTP, so the two cannot drift apart.
 */

import { compileCheck } from '../check.ts';
import { newId } from '../handling.ts';
import { fingerprintOf } from '../idempotency.ts';
import { invalidRequest } from '../invalid.ts';
import type { Door, OpenRequest, Pipeline } from '../pipeline.ts';
import type { AnyRequest, LiveDoor, Reply, Route } from '../route.ts';
import { type CompiledRoute, paramNamesOf } from '../router.ts';
import { Closed } from '../schemas.ts';
import type { Frame } from './codec.ts';
import type { LiveSocket } from './socket.ts';

interface LiveRoute extends CompiledRoute {
  readonly door: LiveDoor;
}

const noBytes = new Uint8Array();

export class LiveRequests {
  readonly #pipeline: Pipeline;
  readonly #routeByType = new Map<string, LiveRoute>();

  constructor(pipeline: Pipeline, routes: readonly Route[]) {
    this.#pipeline = pipeline;
    for (const route of routes)
      if (route.live !== undefined) this.#routeByType.set(route.live.type, compile(route, route.live));
  }

  has(type: string): boolean {
    return this.#routeByType.has(type);
  }

  /** Never rejects: what is refused is a problem. */
  async answer(socket: LiveSocket, type: string, fields: Frame): Promise<Reply> {
    const startedAtMs = performance.now();
    const requestId = newId('request');
    const live = this.#routeByType.get(type)!;
    const reply = await this.#perform(live, socket, requestId, fields).catch((error) =>
      this.#pipeline.replyTo(error, requestId, live.route),
    );
    const { client, identity } = socket;
    this.#pipeline.observe(live.route, reply.status, startedAtMs, requestId, client.text, identity, 'live');
    const { alsoSends } = live.door;
    if (alsoSends !== undefined && reply.status < 300 && isObject(reply.body))
      socket.send({ type: alsoSends, ...reply.body });
    return reply;
  }

  async #perform(live: LiveRoute, socket: LiveSocket, requestId: string, fields: Frame): Promise<Reply> {
    this.#pipeline.arrive(socket.client);
    this.#pipeline.admit(live.route, socket.identity);
    const { params, headers, body } = takeApart(live, fields);
    const request: OpenRequest = {
      services: this.#pipeline.services,
      identity: socket.identity,
      params,
      query: null,
      body,
      rawBody: noBytes,
      upload: null,
      headers,
      requestId,
      client: socket.client,
      mintedId: null,
    };
    return this.#pipeline.run(live, request, doorOf(live, headers));
  }
}

function compile(route: Route, door: LiveDoor): LiveRoute {
  return {
    door,
    route,
    paramNames: door.params ?? paramNamesOf(route.path),
    headerNames: [],
    readQuery: () => ({}),
    checkBody: compileCheck(route.body ?? Closed({}), 'The frame'),
  };
}

function doorOf({ route }: LiveRoute, headers: Readonly<Record<string, string>>): Door {
  return {
    queryText: '',
    key: headers['idempotency-key'] ?? null,
    keyName: 'idempotencyKey',
    fingerprint: ({ body }: AnyRequest) =>
      fingerprintOf(route.method, route.path, Buffer.from(JSON.stringify(body))),
  };
}

/** A frame's fields, sorted into what the HTTP request would have where. */
function takeApart({ door, paramNames }: LiveRoute, fields: Frame) {
  const params: Record<string, string> = {};
  const headers: Record<string, string> = {};
  // Without a prototype, so that a field called __proto__ is a field like any other.
  const body: Record<string, unknown> = Object.create(null);
  for (const [name, value] of Object.entries(fields)) {
    const header = door.headers?.[name];
    if (header === undefined && !paramNames.includes(name)) {
      body[name] = value;
    } else if (typeof value !== 'string') {
      throw invalidRequest([{ path: `/${name}`, message: 'must be text' }], 'The frame');
    } else if (header === undefined) {
      params[name] = value;
    } else if (value !== '' || header === 'idempotency-key') {
      // An empty key is no key left out: it is refused.
      headers[header] = value;
    }
  }
  for (const name of paramNames) {
    if (params[name] === undefined)
      throw invalidRequest([{ path: `/${name}`, message: 'is required' }], 'The frame');
  }
  return { params, headers, body };
}

function isObject(body: unknown): body is object {
  return typeof body === 'object' && body !== null;
}
