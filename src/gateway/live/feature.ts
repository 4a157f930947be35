/**
 * What a noun adds to the live socket. A feature is made once for each gateway and says any of three things: how its
 * pushes look as frames for the account that they are about, what can be subscribed to, and that it wants to hear
 * the engine's pushes.
 *
 * A push goes to a topic `<group>/<name>`. When a channel has that group, the push is the channel's; any other names
 * an account, and every socket of the account gets the push as a frame.
 */
import type { TProperties } from 'typebox';
import type { Push } from '../../protocol/decider.ts';
import type { Reply, Services } from '../route.ts';
import type { Audiences } from './audiences.ts';
import type { Frame } from './codec.ts';
import type { LiveSocket, Subscription } from './socket.ts';

export interface LiveFeature {
  /** What its frames to clients look like, by type: without the type. */
  readonly sends: Readonly<Record<string, SentFrame>>;
  /** The fields of the `subscribe` and `unsubscribe` frames that mean its channel. */
  readonly subscription?: TProperties;
  readonly make: (host: LiveHost) => LivePart;
}

interface SentFrame {
  readonly summary: string;
  readonly fields: TProperties;
}

export interface LiveHost {
  readonly services: Services;
  readonly audiences: Pick<Audiences, 'enter' | 'leave' | 'send'>;
}

export interface LivePart {
  /** Frames for an account by the type of the push. A push of no feature's type is sent as it is. */
  readonly frames?: Readonly<Record<string, FrameMaker>>;
  readonly channel?: LiveChannel;
  /** Hears every push, before anything else is done with it. */
  onPush?(push: Push): void;
  /** Hears that the account's sockets, of which there is one at the least, were sent this push. */
  onSent?(accountId: string, push: Push): void;
}

/** A frame, or the promise of one: what is sent to the account afterwards waits for it. */
export type FrameMaker = (push: Push) => object | Promise<object>;

/** The body of a push has the shape that its actor declares for its type. */
export function frameOf<Body extends object>(fieldsOf: (body: Body) => object): FrameMaker {
  return ({ type, body }) => ({ type, ...fieldsOf(body as Body) });
}

/** Something that sockets subscribe to, such as one resource's news, or the operators' numbers. */
export interface LiveChannel {
  /** Which `subscribe` and `unsubscribe` frames are meant: those with this field (and this value). */
  readonly field: string;
  readonly value?: string;
  /** Pushes with topic `<group>/<name>` are this channel's. */
  readonly group?: string;
  /** How many names somebody is subscribed to. */
  readonly size: number;
  /** Refuses by throwing a DoorbusterError; `forbidden` also ends the connection. */
  subscribe(socket: LiveSocket, fields: Frame): Promise<Reply>;
  unsubscribe(socket: LiveSocket, fields: Frame): Reply;
  /** The socket is closed. */
  leave(socket: LiveSocket, subscription: Subscription): void;
  onPush?(name: string, push: Push): void;
  /** Once a second. */
  beat(): void;
}
