/** All live features of one gateway as one: which channel a frame means, and whom a push is for. */
import type { Push } from '../../protocol/decider.ts';
import { invalidRequest } from '../invalid.ts';
import type { Frame } from './codec.ts';
import type { Connections } from './connections.ts';
import type { FrameMaker, LiveChannel, LivePart } from './feature.ts';
import type { LiveSocket } from './socket.ts';

export class LiveRegistry {
  readonly #connections: Connections;
  readonly #parts: readonly LivePart[];
  /** Those that want a certain value first: a frame may have other channels' fields besides. */
  readonly #channels: readonly LiveChannel[];
  readonly #channelByGroup = new Map<string, LiveChannel>();
  readonly #makerByType = new Map<string, FrameMaker>();
  /** By account: the last of the frames that are being made. */
  readonly #waiting = new Map<string, Promise<void>>();

  constructor(parts: readonly LivePart[], connections: Connections) {
    this.#connections = connections;
    this.#parts = parts;
    const channels = parts.flatMap(({ channel }) => channel ?? []);
    this.#channels = channels.sort((a, b) => Number(b.value !== undefined) - Number(a.value !== undefined));
    for (const channel of channels)
      if (channel.group !== undefined) this.#channelByGroup.set(channel.group, channel);
    for (const { frames = {} } of parts)
      for (const [type, make] of Object.entries(frames)) this.#makerByType.set(type, make);
  }

  /** How many things somebody is subscribed to. */
  get size(): number {
    return this.#channels.reduce((sum, channel) => sum + channel.size, 0);
  }

  /** The channel that a frame `subscribe` or `unsubscribe` means. Refuses with `validation_failed`. */
  channelOf(fields: Frame): LiveChannel {
    const found = this.#channels.find(({ field, value }) =>
      value === undefined ? fields[field] !== undefined : fields[field] === value,
    );
    if (found) return found;
    const fieldsOfChannels = this.#channels.filter(({ value }) => value === undefined);
    throw invalidRequest(
      fieldsOfChannels.map(({ field }) => ({ path: `/${field}`, message: 'must be text' })),
      'The frame',
    );
  }

  leave(socket: LiveSocket): void {
    for (const subscription of [...socket.subscriptions]) subscription.channel.leave(socket, subscription);
  }

  onPush(push: Push): void {
    for (const part of this.#parts) part.onPush?.(push);
    const slash = push.topic.indexOf('/');
    const name = push.topic.slice(slash + 1);
    const channel = this.#channelByGroup.get(push.topic.slice(0, slash));
    if (channel) channel.onPush?.(name, push);
    else this.#sendToAccount(name, push);
  }

  beat(): void {
    for (const channel of this.#channels) channel.beat();
  }

  #sendToAccount(accountId: string, push: Push): void {
    if (this.#connections.ofAccount(accountId).length === 0) return;
    const frame = this.#makerByType.get(push.type)?.(push) ?? { type: push.type, ...asObject(push.body) };
    const before = this.#waiting.get(accountId);
    if (before === undefined && !(frame instanceof Promise)) this.#send(accountId, frame, push);
    else this.#sendLater(accountId, frame, push, before);
  }

  /** Frames of an account arrive in the order of their pushes. A frame that cannot be made is left out: the next says more. */
  #sendLater(
    accountId: string,
    frame: object | Promise<object>,
    push: Push,
    before: Promise<void> = Promise.resolve(),
  ): void {
    const sent = Promise.all([frame, before]).then(
      ([made]) => this.#send(accountId, made, push),
      () => {},
    );
    this.#waiting.set(accountId, sent);
    void sent.then(() => {
      if (this.#waiting.get(accountId) === sent) this.#waiting.delete(accountId);
    });
  }

  #send(accountId: string, frame: object, push: Push): void {
    for (const socket of this.#connections.ofAccount(accountId)) socket.send(frame);
    for (const part of this.#parts) part.onSent?.(accountId, push);
  }
}

function asObject(body: unknown): object {
  return typeof body === 'object' && body !== null ? body : {};
}
