/** `subscribe {"topic":"ops"}`: the rows of `GET /v1/ops/shards` and the overview once a second, for operators. */
import Type from 'typebox';
import { isOperator, iso } from '../gateway/handling.ts';
import type { LiveChannel, LiveFeature } from '../gateway/live/feature.ts';
import type { LiveSocket, Subscription } from '../gateway/live/socket.ts';
import type { Reply, Services } from '../gateway/route.ts';
import { Timestamp } from '../gateway/schemas.ts';
import { DoorbusterError } from '../protocol/errors.ts';
import { Overview, Shard } from './schemas.ts';

class OpsChannel implements LiveChannel {
  readonly field = 'topic';
  readonly value = 'ops';
  readonly #services: Services;
  readonly #watchers = new Set<LiveSocket>();
  #isReading = false;

  constructor(services: Services) {
    this.#services = services;
  }

  get size(): number {
    return this.#watchers.size > 0 ? 1 : 0;
  }

  async subscribe(socket: LiveSocket): Promise<Reply> {
    checkOperator(socket);
    if (socket.ws !== null && !this.#watchers.has(socket)) {
      this.#watchers.add(socket);
      socket.subscriptions.push({ name: 'ops', channel: this });
    }
    return watched;
  }

  unsubscribe(socket: LiveSocket): Reply {
    checkOperator(socket);
    const subscription = socket.subscriptions.find(({ channel }) => channel === this);
    if (subscription) this.leave(socket, subscription);
    return watched;
  }

  leave(socket: LiveSocket, subscription: Subscription): void {
    this.#watchers.delete(socket);
    socket.subscriptions.splice(socket.subscriptions.indexOf(subscription), 1);
  }

  beat(): void {
    if (this.#watchers.size === 0) return;
    void this.#showShards();
    void this.#showOverview();
  }

  async #showShards(): Promise<void> {
    const shards = await this.#services.shardStats();
    this.#send({ type: 'ops.shards', shards, asOf: iso(this.#services.now()) });
  }

  /** One look is shown once: a main thread that is slow holds nothing up and piles nothing up. */
  async #showOverview(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    const overview = await this.#services.overview().finally(() => {
      this.#isReading = false;
    });
    if (overview !== null) this.#send({ type: 'ops.overview', ...(overview as Overview) });
  }

  #send(frame: object): void {
    for (const socket of this.#watchers) socket.sendPosition(frame);
  }
}

const watched: Reply = { status: 200, body: { topic: 'ops' } };

function checkOperator({ identity }: LiveSocket): void {
  if (identity === null || !isOperator(identity))
    throw new DoorbusterError('forbidden', 'Only for operators');
}

export const live: LiveFeature = {
  subscription: { topic: Type.Literal('ops') },
  sends: {
    'ops.shards': {
      summary: 'For operators, once a second',
      fields: { shards: Type.Array(Shard), asOf: Timestamp },
    },
    'ops.overview': {
      summary: 'For operators, once a second: the answer of `GET /v1/ops/overview`',
      fields: Overview.properties,
    },
  },
  make: ({ services }) => ({ channel: new OpsChannel(services) }),
};
