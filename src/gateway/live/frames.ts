/**
 * What a client's frames do.
 *
 * 1. Nobody is heard before a good token: `authenticate` is the first frame, or the end (4001). What comes while
 *    the token is being checked waits, within bounds.
 * 2. Requests are answered by the HTTP routes' own code (`live-requests.ts`), each with one `reply`.
 * 3. What makes no sense is answered by an `error` frame, and soon by the end (4029).
 */

import type { Rooms } from '../../market/waiting-room/live.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import type { Log } from '../../protocol/log.ts';
import { idParam, isOperator } from '../ask.ts';
import { invalid } from '../check.ts';
import { internalReply, refusalReply } from '../problem.ts';
import type { Reply } from '../route.ts';
import type { Tokens } from '../tokens.ts';
import { iso } from '../views.ts';
import { decode, type Frame } from './codec.ts';
import type { Crowd } from './crowd.ts';
import type { Requests } from './requests.ts';
import { closeCodes, type LiveSocket } from './socket.ts';

const frameBytesMax = 16 * 1024;
/** Something, a ping at the least, comes this often: a client that hears nothing for longer reconnects. */
export const heartbeatSeconds = 40;
const openRequestsMax = 16;
const watchesMax = 20;
const stashMax = 16;
const idCharsMax = 128;

export interface FrameParts {
  readonly tokens: Tokens;
  readonly crowd: Crowd;
  readonly requests: Requests;
  readonly rooms: Rooms;
  readonly now: () => number;
  readonly log: Log;
}

/** What a socket's `message` does. */
export type Receive = (socket: LiveSocket, message: ArrayBuffer, isBinary: boolean) => void;

export function createReceive(parts: FrameParts): Receive {
  const { tokens, crowd, requests, rooms, now, log } = parts;

  function receive(socket: LiveSocket, message: ArrayBuffer, isBinary: boolean): void {
    const refusal = refusedFor(socket, message, isBinary);
    if (refusal) {
      socket.end(...refusal);
      return;
    }
    let frame: Frame;
    try {
      frame = decode(message, isBinary);
    } catch (error) {
      complain(socket, error);
      return;
    }
    if (socket.stash !== null) {
      if (socket.stash.push(frame) > stashMax) socket.end(closeCodes.rateLimited, 'too many frames');
    } else if (socket.identity === null || frame.type === 'authenticate') {
      void authenticate(socket, frame);
    } else {
      handle(socket, frame);
    }
  }

  function refusedFor(
    socket: LiveSocket,
    message: ArrayBuffer,
    isBinary: boolean,
  ): [code: number, reason: string] | null {
    if (!socket.takeFrame(now())) return [closeCodes.rateLimited, 'too many frames'];
    if (message.byteLength > frameBytesMax) return [closeCodes.tooBig, 'frame over 16 KiB'];
    // Text on a msgpack socket, or bytes on a text one: not the encoding that was agreed upon.
    return isBinary === socket.isBinary ? null : [closeCodes.notUtf8, 'wrong kind of frame'];
  }

  /** For frames that are no requests. */
  function complain(socket: LiveSocket, error: unknown, id?: unknown): void {
    if (socket.takeStrike()) socket.send(errorFrame(error, id));
    else socket.end(closeCodes.rateLimited, 'too many bad frames');
  }

  function errorFrame(error: unknown, id?: unknown): object {
    return { ...(replyTo(error).body as object), type: 'error', ...(id === undefined ? {} : { id }) };
  }

  function replyTo(error: unknown): Reply {
    const refusal = refusalReply(error);
    if (refusal !== null) return refusal;
    log('error', 'live frame failed', { stack: error instanceof Error ? error.stack : String(error) });
    return internalReply;
  }

  async function authenticate(socket: LiveSocket, frame: Frame): Promise<void> {
    const stash: Frame[] = [];
    socket.stash = stash;
    try {
      if (frame.type !== 'authenticate' || typeof frame.accessToken !== 'string')
        throw new DoorbusterError(
          'unauthenticated',
          'The first frame must be authenticate with an accessToken',
        );
      const identity = await tokens.verifyAccessToken(frame.accessToken);
      if (socket.ws === null) return;
      if (socket.identity === null) {
        socket.identity = identity;
        crowd.admit(socket, identity.accountId);
      } else if (socket.identity.accountId !== identity.accountId) {
        socket.end(closeCodes.forbidden, 'another account');
        return;
      }
    } catch (error) {
      socket.send(errorFrame(error));
      socket.end(closeCodes.unauthenticated, 'unauthenticated');
      return;
    }
    socket.stash = null;
    socket.send({ type: 'ready', serverTime: iso(now()), heartbeatSeconds });
    for (const next of stash) handle(socket, next);
  }

  function handle(socket: LiveSocket, frame: Frame): void {
    if (socket.ws === null) return;
    const { type, id, ...fields } = frame;
    const isIdGood =
      id === undefined || (typeof id === 'string' && id.length <= idCharsMax) || Number.isSafeInteger(id);
    if (typeof type !== 'string' || !isIdGood)
      complain(
        socket,
        invalid([{ path: '', message: 'type must be text, id a number or short text' }], 'The frame'),
      );
    else if (type === 'subscribe' || type === 'unsubscribe' || requests.has(type))
      void answer(socket, type, id ?? null, fields);
    else complain(socket, invalid([{ path: '/type', message: 'is not known here' }], 'The frame'), id);
  }

  async function answer(socket: LiveSocket, type: string, id: unknown, fields: Frame): Promise<void> {
    let reply: Reply;
    if (socket.openRequests >= openRequestsMax) {
      reply = replyTo(new DoorbusterError('rate_limited', 'Too many requests are open on this socket'));
    } else {
      socket.openRequests += 1;
      crowd.openRequests += 1;
      reply = requests.has(type)
        ? await requests.answer(socket, type, fields)
        : await watch(socket, type, fields).catch(replyTo);
      socket.openRequests -= 1;
      crowd.openRequests -= 1;
    }
    if (type === 'join' && reply.status < 300) socket.send({ type: 'ticket', ...(reply.body as object) });
    socket.send({ type: 'reply', id, status: reply.status, body: reply.body ?? null });
    if (fields.topic === 'ops' && reply.status === 403) socket.end(closeCodes.forbidden, 'forbidden');
  }

  async function watch(socket: LiveSocket, type: string, fields: Frame): Promise<Reply> {
    if (fields.topic === 'ops') return watchOps(socket, type);
    const saleId = idParam('sale', textOf(fields, 'saleId'));
    if (type === 'unsubscribe') {
      rooms.unsubscribe(socket, saleId);
      return { status: 200, body: { saleId } };
    }
    const isNew = !socket.watches.some(({ board }) => board.saleId === saleId);
    if (isNew && socket.watches.length >= watchesMax)
      throw new DoorbusterError('rate_limited', `One socket may watch ${watchesMax} sales`);
    const ticketId = fields.ticketId === undefined ? null : idParam('ticket', textOf(fields, 'ticketId'));
    const state = await rooms.subscribe(socket, saleId, ticketId);
    if (state.ticket !== null) socket.send({ type: 'ticket', ...state.ticket });
    return { status: 200, body: state };
  }

  function watchOps(socket: LiveSocket, type: string): Reply {
    if (!isOperator(socket.identity!)) throw new DoorbusterError('forbidden', 'Only for operators');
    if (type === 'subscribe' && socket.ws !== null) crowd.watchers.add(socket);
    else crowd.watchers.delete(socket);
    return { status: 200, body: { topic: 'ops' } };
  }

  return receive;
}

function textOf(fields: Frame, name: string): string {
  const value = fields[name];
  if (typeof value === 'string') return value;
  throw invalid([{ path: `/${name}`, message: 'must be text' }], 'The frame');
}
