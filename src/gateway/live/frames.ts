/**
 * What a client's frames do.
 *
 * 1. The first frame is `authenticate` with a good token, or the socket is closed (4001). A later one with a new token
 *    of the same account lets the socket live as long as that token, and so does the same one sent twice, as often as
 *    frames may come.
 * 2. Requests take the pipeline to the HTTP routes' own handlers (`requests.ts`), each with one `reply`.
 * 3. A frame that makes no sense is answered by an `error` frame; after a few of them the socket is closed (4029).
 */
import { DoorbusterError } from '../../protocol/errors.ts';
import { invalidRequest } from '../invalid.ts';
import type { Pipeline } from '../pipeline.ts';
import type { Reply } from '../route.ts';
import { tokensOf } from '../tokens.ts';
import { decode, type Frame } from './codec.ts';
import type { Connections } from './connections.ts';
import type { LiveRegistry } from './registry.ts';
import type { LiveRequests } from './requests.ts';
import { closeCodes, type LiveSocket } from './socket.ts';

const frameBytesMax = 16 * 1024;
/** Something, a ping at the least, comes this often: a client that hears nothing for longer reconnects. */
export const heartbeatSeconds = 40;
const openRequestsMax = 16;
const idCharsMax = 128;

export class FrameReceiver {
  readonly #pipeline: Pipeline;
  readonly #connections: Connections;
  readonly #requests: LiveRequests;
  readonly #registry: LiveRegistry;
  readonly #now: () => number;

  constructor(pipeline: Pipeline, connections: Connections, requests: LiveRequests, registry: LiveRegistry) {
    this.#pipeline = pipeline;
    this.#connections = connections;
    this.#requests = requests;
    this.#registry = registry;
    this.#now = pipeline.services.now;
  }

  /** What a socket's `message` does. */
  receive(socket: LiveSocket, message: ArrayBuffer, isBinary: boolean): void {
    const refusal = this.#refusalOf(socket, message, isBinary);
    if (refusal) {
      socket.end(...refusal);
      return;
    }
    let frame: Frame;
    try {
      frame = decode(message, isBinary);
    } catch (error) {
      this.#complain(socket, error);
      return;
    }
    this.#take(socket, frame);
  }

  #take(socket: LiveSocket, frame: Frame): void {
    if (socket.identity === null || frame.type === 'authenticate') this.#authenticate(socket, frame);
    else this.#handle(socket, frame);
  }

  #refusalOf(
    socket: LiveSocket,
    message: ArrayBuffer,
    isBinary: boolean,
  ): [code: number, reason: string] | null {
    if (!socket.takeFrame(this.#now())) return [closeCodes.rateLimited, 'too many frames'];
    if (message.byteLength > frameBytesMax) return [closeCodes.tooBig, 'frame over 16 KiB'];
    // Text on a msgpack socket, or bytes on a text one: not the encoding that was agreed upon.
    return isBinary === socket.isBinary ? null : [closeCodes.notUtf8, 'wrong kind of frame'];
  }

  /** For frames that are no requests. */
  #complain(socket: LiveSocket, error: unknown, id?: unknown): void {
    if (socket.takeStrike()) socket.send(this.#errorFrame(error, id));
    else socket.end(closeCodes.rateLimited, 'too many bad frames');
  }

  #errorFrame(error: unknown, id?: unknown): object {
    const { body } = this.#replyTo(error);
    return { ...(body as object), type: 'error', ...(id === undefined ? {} : { id }) };
  }

  #replyTo(error: unknown): Reply {
    return this.#pipeline.replyTo(error, null, null);
  }

  #authenticate(socket: LiveSocket, frame: Frame): void {
    try {
      if (frame.type !== 'authenticate' || typeof frame.accessToken !== 'string')
        throw new DoorbusterError(
          'unauthenticated',
          'The first frame must be authenticate with an accessToken',
        );
      const identity = this.#pipeline.verify(frame.accessToken, socket.client);
      if (socket.identity === null) {
        this.#connections.admit(socket, identity.accountId);
      } else if (socket.identity.accountId !== identity.accountId) {
        socket.end(closeCodes.forbidden, 'another account');
        return;
      }
      socket.identity = identity;
    } catch (error) {
      this.#endUnauthenticated(socket, error);
      return;
    }
    const serverTime = new Date(this.#now()).toISOString();
    socket.send({ type: 'ready', serverTime, heartbeatSeconds });
  }

  /** Ends a socket whose access token has expired, or belongs to a session that has ended. */
  expire(socket: LiveSocket): void {
    const { identity } = socket;
    if (identity === null) return;
    if (identity.expiresAtMs <= this.#now())
      this.#endUnauthenticated(socket, new DoorbusterError('token_expired', 'The access token has expired'));
    else if (tokensOf(this.#pipeline.services).isRevoked(identity.sessionId))
      this.#endUnauthenticated(socket, new DoorbusterError('invalid_token', 'The session has ended'));
  }

  #endUnauthenticated(socket: LiveSocket, error: unknown): void {
    socket.send(this.#errorFrame(error));
    const isLimited = error instanceof DoorbusterError && error.code === 'rate_limited';
    if (isLimited) socket.end(closeCodes.rateLimited, 'too many refused tokens');
    else socket.end(closeCodes.unauthenticated, 'unauthenticated');
  }

  #handle(socket: LiveSocket, frame: Frame): void {
    const { type, id, ...fields } = frame;
    const isIdGood =
      id === undefined || (typeof id === 'string' && id.length <= idCharsMax) || Number.isSafeInteger(id);
    if (typeof type !== 'string' || !isIdGood)
      this.#complain(
        socket,
        invalidRequest([{ path: '', message: 'type must be text, id a number or short text' }], 'The frame'),
      );
    else if (isSubscription(type) || this.#requests.has(type))
      void this.#answer(socket, type, id ?? null, fields);
    else
      this.#complain(
        socket,
        invalidRequest([{ path: '/type', message: 'is not known here' }], 'The frame'),
        id,
      );
  }

  async #answer(socket: LiveSocket, type: string, id: unknown, fields: Frame): Promise<void> {
    let reply: Reply;
    if (socket.openRequests >= openRequestsMax) {
      reply = this.#replyTo(new DoorbusterError('rate_limited', 'Too many requests are open on this socket'));
    } else {
      socket.openRequests += 1;
      this.#connections.openRequests += 1;
      reply = isSubscription(type)
        ? await this.#subscribe(socket, type, fields).catch((error) => this.#replyTo(error))
        : await this.#requests.answer(socket, type, fields);
      socket.openRequests -= 1;
      this.#connections.openRequests -= 1;
    }
    socket.send({ type: 'reply', id, status: reply.status, body: reply.body ?? null });
    if (isSubscription(type) && reply.status === 403) socket.end(closeCodes.forbidden, 'forbidden');
  }

  async #subscribe(socket: LiveSocket, type: string, fields: Frame): Promise<Reply> {
    const channel = this.#registry.channelOf(fields);
    return type === 'subscribe' ? channel.subscribe(socket, fields) : channel.unsubscribe(socket, fields);
  }
}

function isSubscription(type: string): boolean {
  return type === 'subscribe' || type === 'unsubscribe';
}
