/**
 * `/asyncapi.json`: AsyncAPI 3.0, made from the very routes and live features that take and send the frames of `/v1/live`.
 */
import Type, { type TProperties, type TSchema } from 'typebox';
import { type Components, exampleOf, hoist, type Json, type JsonObject, listed } from './json-schema.ts';
import type { LiveFeature } from './live/feature.ts';
import { type About, paramSchema } from './openapi.ts';
import type { LiveDoor, Route } from './route.ts';
import { paramNamesOf } from './router.ts';
import { Closed, Nullable, Open, Problem, Timestamp } from './schemas.ts';

interface Message {
  readonly type: string;
  readonly summary: string;
  readonly payload: TSchema;
}

/** A request's answer carries its id; a frame without one is answered by a reply whose id is null. */
const id = Type.Union([Type.String({ maxLength: 128 }), Type.Integer()]);

const ownReceived: readonly Message[] = [
  message('authenticate', 'The first frame, and again before the access token expires', {
    accessToken: Type.String(),
  }),
];

const ownSent: readonly Message[] = [
  message('ready', 'The socket is authenticated', {
    serverTime: Timestamp,
    heartbeatSeconds: Type.Integer({ minimum: 1, examples: [40] }),
  }),
  message('reply', 'The answer to one request, as over HTTP', {
    id: Nullable(id),
    status: Type.Integer({ minimum: 200, maximum: 599 }),
    body: Type.Unknown(),
  }),
  {
    type: 'error',
    summary: 'A frame that is no request was refused, or the socket is about to be closed',
    payload: Type.Object({ ...Problem.properties, type: Type.Literal('error'), id: Type.Optional(id) }),
  },
  message('drain', 'The server stops: connect again after so many seconds', {
    reconnectAfterSeconds: Type.Number({ minimum: 0 }),
  }),
];

export function asyncApiDocument(
  routes: readonly Route[],
  features: readonly LiveFeature[],
  { title, version, description }: About,
): JsonObject {
  const components: Components = new Map();
  const received = [...ownReceived, ...requests(routes), ...subscriptions(features)];
  const sent = [...ownSent, ...features.flatMap(({ sends }) => sentBy(sends))];
  const named = (messages: readonly Message[], side: string) =>
    messages.map((each): [string, Message] => [`${side}.${each.type}`, each]);
  const messages = Object.fromEntries(
    [...named(received, 'client'), ...named(sent, 'server')].map(([name, each]) => [
      name,
      described(each, components),
    ]),
  );
  const refs = (all: readonly [string, Message][]) =>
    all.map(([name]): Json => ({ $ref: `#/channels/live/messages/${name}` }));
  return {
    asyncapi: '3.0.0',
    info: { title, version, description, license: { name: 'MIT' } },
    defaultContentType: 'application/json',
    channels: {
      live: {
        address: '/v1/live',
        description:
          'One WebSocket. JSON text frames, or the same objects as msgpack with the subprotocol `doorbuster.msgpack.v1`.',
        messages: Object.fromEntries(
          Object.keys(messages).map((name) => [name, { $ref: `#/components/messages/${name}` }]),
        ),
        bindings: { ws: { method: 'GET' } },
      },
    },
    operations: {
      receiveFromClient: operation('receive', refs(named(received, 'client'))),
      sendToClient: operation('send', refs(named(sent, 'server'))),
    },
    components: { messages, schemas: listed(components) },
  };
}

function operation(action: 'send' | 'receive', messages: Json[]): JsonObject {
  return { action, channel: { $ref: '#/channels/live' }, messages };
}

function message(type: string, summary: string, fields: TProperties): Message {
  return { type, summary, payload: Open({ type: Type.Literal(type), ...fields }) };
}

function described({ type, summary, payload }: Message, components: Components): JsonObject {
  return {
    name: type,
    summary,
    payload: hoist(payload, components),
    examples: [{ payload: exampleOf(payload) }],
  };
}

/** Requests that are routes: what travels in the path, headers and body over HTTP are fields of one frame here. */
function requests(routes: readonly Route[]): Message[] {
  return routes.flatMap((route) => (route.live === undefined ? [] : [request(route, route.live)]));
}

function request(route: Route, door: LiveDoor): Message {
  const { path, summary, body } = route;
  const names = door.params ?? paramNamesOf(path);
  const fields: TProperties = Object.fromEntries([
    ...names.map((name) => [name, paramSchema(name, route)]),
    ...Object.keys(door.headers ?? {}).map((name) => [name, Type.Optional(Type.String())]),
    ...Object.entries((body as { properties?: TProperties } | undefined)?.properties ?? {}),
  ]);
  return {
    type: door.type,
    summary,
    payload: Closed({ type: Type.Literal(door.type), id: Type.Optional(id), ...fields }),
  };
}

function subscriptions(features: readonly LiveFeature[]): Message[] {
  const variants = features.flatMap(({ subscription }) => subscription ?? []);
  const one = (type: string, summary: string): Message => ({
    type,
    summary,
    payload: Type.Union(
      variants.map((fields) => Open({ type: Type.Literal(type), id: Type.Optional(id), ...fields })),
    ),
  });
  return [
    one('subscribe', 'Hear of something from now on; the reply has its present state'),
    one('unsubscribe', 'Hear of it no longer'),
  ];
}

function sentBy(sends: LiveFeature['sends']): Message[] {
  return Object.entries(sends).map(([type, { summary, fields }]) => message(type, summary, fields));
}
