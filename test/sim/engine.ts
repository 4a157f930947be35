/**
 * One process: its shards, each in its current life, which talk to each other and to the provider. A dead shard is
 * started again; a shard that has lost all its partitions to another process ends the whole process, as the supervisor does.
 */

import type { PaymentCommand } from '../../src/actors/payments/commands.ts';
import { type Directory, evenSpread, partitionOf } from '../../src/protocol/address.ts';
import type { AnyCommand } from '../../src/protocol/command.ts';
import type { PendingMessage } from '../../src/protocol/decider.ts';
import { Groups, unpacked } from './groups.ts';
import { type CrashPoint, Instance } from './instance.ts';
import type { Done, Network } from './network.ts';
import { ProcessTime } from './process-time.ts';
import type { Provider } from './provider.ts';
import type { Random } from './random.ts';
import { SnapshotterLife } from './snapshotter.ts';
import type { World } from './world.ts';

/** Mostly several. */
export function drawShardCount(random: Random): number {
  return random.chance(0.15) ? 1 : random.int(2, 4);
}

const peerTimeoutMs = 5_000;
const paymentTimeoutMs = 60_000;

export interface EngineDeps {
  readonly world: World;
  readonly network: Network;
  readonly provider: Provider;
  readonly random: Random;
  readonly shardCount: number;
  /** The wall clock is read once, when the process starts: it showed the loop's time plus this. */
  readonly wallOffsetMs: number;
  readonly nextLife: () => number;
  readonly onDurable: (partition: number) => void;
  /** A guest begins without partitions, and takes single ones. */
  readonly isGuest: boolean;
  readonly onOpened: (engine: Engine, instance: Instance, partitions: readonly number[]) => void;
  /** Whom this process asks for a partition. */
  readonly locate: (engine: Engine, partition: number) => Instance | null;
  readonly onFenced: (engine: Engine) => void;
  /** Whether another process has opened this partition since. */
  readonly isTakenOver: (engine: Engine, partition: number) => boolean;
}

export class Engine {
  /** Another process has taken the data; this one does not know it yet. */
  isReplaced = false;
  isAlive = true;
  readonly shards: (Instance | null)[] = [];
  readonly time: ProcessTime;
  snapshots: SnapshotterLife;
  #isStopping = false;
  readonly #acked = new Map<number, number>();
  readonly #owner: string;
  readonly #deps: EngineDeps;
  readonly #directory: Directory;

  constructor(deps: EngineDeps) {
    this.#deps = deps;
    this.#directory = evenSpread(deps.shardCount);
    this.time = new ProcessTime(deps.world, deps.shardCount, deps.wallOffsetMs);
    this.#owner = `process ${deps.nextLife()}`;
    this.snapshots = this.#startSnapshotter();
    for (let shard = 0; shard < deps.shardCount; shard++) this.shards.push(null);
    for (let shard = 0; shard < deps.shardCount; shard++) this.#spawn(shard);
  }

  get shardCount(): number {
    return this.#deps.shardCount;
  }

  get isReady(): boolean {
    return this.isAlive && this.shards.every((instance) => instance?.isReady);
  }

  get living(): Instance[] {
    return this.shards.filter((instance) => instance !== null);
  }

  /** The living shard to which this partition was dealt out. */
  ownerOf(partition: number): Instance | null {
    return this.shards[this.shardOf(partition)] ?? null;
  }

  shardOf(partition: number): number {
    return this.#directory.ownerOf(partition)!;
  }

  /** A command that has arrived at this process, which sends it on to wherever it thinks the partition runs. */
  receive(kind: string, key: string, command: AnyCommand, reply: Done): void {
    const target = this.#deps.locate(this, partitionOf(kind, key));
    if (target) this.#deps.world.loop.after(0, target, () => target.deliver(kind, key, command, reply));
    else if (this.#deps.random.chance(0.5)) reply('busy', null);
  }

  crashAt(shard: number, point: CrashPoint | null): void {
    const instance = this.shards[shard];
    if (!instance) return;
    if (point === null) instance.crash('at any step');
    else instance.crashPoint = point;
  }

  /** The snapshotter dies and is started again. */
  crashSnapshotter(): void {
    const { loop, trace, count } = this.#deps.world;
    trace(() => 'the snapshotter crashes');
    count('crashes of the snapshotter');
    this.snapshots.end();
    loop.after(this.#deps.random.int(5, 2_500), null, () => {
      if (this.isAlive && !this.snapshots.isAlive && !this.#isStopping)
        this.snapshots = this.#startSnapshotter();
    });
  }

  freeze(shards: readonly number[], forMs: number): void {
    const { loop, trace } = this.#deps.world;
    trace(() => `shards ${shards} stop for ${forMs} ms`);
    for (const shard of shards) {
      const instance = this.shards[shard];
      if (instance) instance.frozenUntilMs = loop.nowMs + forMs;
    }
    // With all of them stands the process.
    if (shards.length === this.shardCount) this.snapshots.frozenUntilMs = loop.nowMs + forMs;
  }

  /** As on SIGTERM: every shard finishes what it has taken, then all is saved. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#deps.world.loop.isTouched = true;
    await Promise.all(this.living.map((instance) => instance.shard.stop(3_000)));
    if (this.snapshots.isAlive) await this.snapshots.snapshotter.stop(2_000);
  }

  kill(why: string): void {
    if (!this.isAlive) return;
    this.#crash(why);
    this.snapshots.end();
  }

  /** All but the snapshotter. */
  #crash(why: string): void {
    this.isAlive = false;
    for (const instance of this.living) instance.crash(why);
  }

  /** As the real process does: its snapshotter has a last round, beside its successor's. */
  #endFenced(): void {
    const { snapshots } = this;
    const { loop } = this.#deps.world;
    this.#crash('because the process is fenced');
    if (!snapshots.isAlive) return;
    loop.isTouched = true;
    snapshots.snapshotter.stop(2_000).then(
      () => snapshots.end(),
      (error: unknown) => loop.onThrow(error),
    );
  }

  #startSnapshotter(): SnapshotterLife {
    const { world, nextLife } = this.#deps;
    const snapshots = new SnapshotterLife({
      world,
      random: world.random(`snapshotter ${nextLife()}`),
      clock: this.time.startClock(),
      onSaved: (partition, seq) => {
        for (const { shard } of this.living) shard.saved(partition, seq);
      },
    });
    for (const { shard } of this.living)
      for (const [partition, seq] of shard.positions()) snapshots.snapshotter.advance(partition, seq);
    return snapshots;
  }

  #ask(from: Instance, groups: Groups, { kind, key, command, inRows }: PendingMessage, done: Done): void {
    const { network, provider } = this.#deps;
    if (kind === 'payments') {
      const pay = command as PaymentCommand;
      network.ask(from, pay, paymentTimeoutMs, (copy, reply) => provider.handle(copy, reply), done);
    } else if (!inRows || !groups.ask(inRows, key, command, done)) {
      network.ask(from, command, peerTimeoutMs, (copy, reply) => this.receive(kind, key, copy, reply), done);
    }
  }

  #groupsOf(from: () => Instance, random: Random): Groups {
    const { world, network } = this.#deps;
    return new Groups(world, random, (kind, key, packed, done) =>
      network.ask(
        ...([from(), packed, peerTimeoutMs] as const),
        (copy, reply) => this.receive(kind, key, unpacked(copy), reply),
        done,
      ),
    );
  }

  #spawn(shard: number): void {
    const { world, nextLife, onDurable, onOpened, isTakenOver } = this.#deps;
    const life = nextLife();
    const groups = this.#groupsOf(() => instance, world.random(`groups of life ${life}`));
    const instance: Instance = new Instance({
      world,
      shard,
      life,
      partitions: this.#partitionsFor(shard),
      time: this.time,
      owner: this.#owner,
      isReplaced: (partition) => isTakenOver(this, partition),
      acked: this.#acked,
      ask: (from, message, done) => this.#ask(from, groups, message, done),
      onDurable: (partition, seq) => {
        this.snapshots.snapshotter.advance(partition, seq);
        onDurable(partition);
      },
      onOpened: (opener, partitions) => onOpened(this, opener, partitions),
      onEnd: (isFenced) => this.#onEnd(shard, isFenced),
    });
    this.shards[shard] = instance;
    instance.start();
  }

  /** Those dealt out to it, but for what another shard of this process runs meanwhile. */
  #partitionsFor(shard: number): number[] {
    if (this.#deps.isGuest) return [];
    const elsewhere = new Set(this.living.flatMap((instance) => instance.shard.numbers));
    return this.#directory.partitionsOf(shard).filter((partition) => !elsewhere.has(partition));
  }

  #onEnd(shard: number, isFenced: boolean): void {
    const { world, random, onFenced } = this.#deps;
    this.shards[shard] = null;
    if (!this.isAlive) return;
    if (isFenced) {
      this.#endFenced();
      onFenced(this);
      return;
    }
    if (this.#isStopping) return;
    // A replaced process is not told to fight for its data: what has died there stays dead.
    if (this.isReplaced) return;
    const waitMs = random.chance(0.05) ? random.int(20_000, 90_000) : random.int(5, 2_500);
    world.loop.after(waitMs, null, () => {
      if (this.isAlive && !this.isReplaced && this.shards[shard] === null) this.#spawn(shard);
    });
  }
}
