/**
 * Which process owns the data, who has been replaced and does not know it, where clients' messages go, and the
 * projections that read what becomes durable.
 */
import { joinSale } from '../../src/actors/sale/commands.ts';
import { placeHold } from '../../src/actors/sku/commands.ts';
import type { AnyCommand, RowCommand } from '../../src/protocol/command.ts';
import { checkRecovered } from './check-state.ts';
import { Engine } from './engine.ts';
import { Groups, unpacked } from './groups.ts';
import { Hosts } from './hosts.ts';
import type { Instance } from './instance.ts';
import { type Done, Network } from './network.ts';
import type { ProcessTime } from './process-time.ts';
import type { Provider } from './provider.ts';
import type { Random } from './random.ts';
import type { World } from './world.ts';

const clientTimeoutMs = 5_000;

/** What clients ask in rows. */
const inRowsByType = new Map<string, RowCommand>([placeHold, joinSale].map((each) => [each.type, each]));

export class Cluster {
  readonly network: Network;
  engine: Engine | null = null;
  /** Replaced processes that go on running. */
  zombies: Engine[] = [];
  /** While true a shorter journal is expected: the weak mode looks on. */
  isLossExpected = false;
  provider!: Provider;
  readonly hosts: Hosts;
  readonly #world: World;
  readonly #random: Random;
  readonly #groups: Groups;
  /** Of the process that was started last. */
  #time: ProcessTime | null = null;
  #wallOffsetMs = 0;
  #lives = 0;
  #starts = 0;

  constructor(world: World) {
    this.#world = world;
    this.#random = world.random('cluster');
    this.network = new Network(world);
    this.#groups = new Groups(world, world.random('groups'), (kind, key, packed, done) =>
      this.network.ask(
        ...([null, packed, clientTimeoutMs] as const),
        (copy, reply) => this.#receive(kind, key, unpacked(copy), reply),
        done,
      ),
    );
    const random = world.random('hosts');
    this.hosts = new Hosts({
      world,
      random,
      main: () => this.engine,
      makeGuest: () => this.#newEngine(random.int(1, 2), true),
    });
  }

  get isReady(): boolean {
    return this.engine?.isReady ?? false;
  }

  /** The shards of all processes but those that were replaced. */
  get living(): Instance[] {
    return this.hosts.living;
  }

  /** What the process tells its clients and the provider of the time. */
  engineNow = (): number => this.#time!.clock.now();

  /** A new process under a clock that may have been set meanwhile. */
  start(shardCount: number, clockStepMs: number): void {
    this.#wallOffsetMs += clockStepMs;
    if (clockStepMs !== 0) this.#world.count(clockStepMs < 0 ? 'clocks set back' : 'clocks set forward');
    this.#starts++;
    this.engine = this.#newEngine(shardCount, false);
    this.#time = this.engine.time;
  }

  #newEngine(shardCount: number, isGuest: boolean): Engine {
    const world = this.#world;
    return new Engine({
      world,
      network: this.network,
      provider: this.provider,
      random: this.#random,
      shardCount,
      isGuest,
      wallOffsetMs: this.#wallOffsetMs,
      nextLife: () => ++this.#lives,
      onDurable: (partition) => this.#project(partition),
      onOpened: (engine, instance, partitions) => {
        this.hosts.opened(engine, instance, partitions);
        if (!this.isLossExpected) checkRecovered(world, instance, new Set(partitions));
      },
      locate: (engine, partition) =>
        this.zombies.includes(engine) ? engine.ownerOf(partition) : this.hosts.locate(partition),
      isTakenOver: (engine, partition) => this.hosts.isTakenOver(engine, partition),
      onFenced: (engine) => this.#onFenced(engine),
    });
  }

  #onFenced(engine: Engine): void {
    if (engine === this.hosts.guest) {
      this.hosts.guest = null;
      return;
    }
    this.#world.count('processes fenced');
    this.zombies = this.zombies.filter((zombie) => zombie !== engine);
    // The late claim of a dead life can do that to a rightful owner: whoever watches the process starts it again.
    if (engine === this.engine) this.restart(engine.shardCount, 0, 500);
  }

  /** The process is killed and starts again, with as many shards as before or not. */
  restart(shardCount: number, clockStepMs: number, afterMs: number): void {
    const { loop, trace, count } = this.#world;
    trace(() => `the process is killed; ${shardCount} shards in ${afterMs} ms, clock ${clockStepMs} ms`);
    count('processes killed');
    this.engine?.kill('with the process');
    this.engine = null;
    const starts = ++this.#starts;
    loop.after(afterMs, null, () => {
      if (this.#starts === starts) this.start(shardCount, clockStepMs);
    });
  }

  /** The process is told to end, ends in order, and starts again. */
  stopAndStart(shardCount: number, clockStepMs: number, afterMs: number): void {
    const { engine } = this;
    if (!engine) return;
    this.#world.trace(() => 'the process is told to stop');
    this.#world.count('processes stopped');
    const end = () => {
      if (this.engine === engine) this.restart(shardCount, clockStepMs, afterMs);
    };
    // Whoever has not stopped by then is killed.
    this.#world.loop.after(6_000, null, end);
    engine.stop().then(end, (error: unknown) => this.#world.loop.onThrow(error));
  }

  /** A second process takes the data while the first goes on, until it finds out. */
  replace(shardCount: number, clockStepMs: number): void {
    const old = this.engine;
    if (!old) return;
    this.#world.count('processes replaced');
    this.#world.trace(() => `the process is replaced and goes on; the new one has ${shardCount} shards`);
    old.isReplaced = true;
    this.zombies.push(old);
    this.start(shardCount, clockStepMs);
  }

  /** What an operator does about a partition that is halted by a bug which is gone. */
  restartHalted(): void {
    for (const instance of this.living)
      if (instance.isReady && instance.shard.stats().haltedPartitions.length > 0)
        instance.crash('with a halted partition');
  }

  endZombies(): void {
    for (const zombie of this.zombies.splice(0)) zombie.kill('after it was replaced');
  }

  /** From a client or the provider, through whichever process it is connected with. */
  ask(kind: string, key: string, command: AnyCommand, done: Done): void {
    const inRows = inRowsByType.get(command.type);
    if (inRows === undefined || !this.#groups.ask(inRows, key, command, done))
      this.network.ask(
        ...([null, command, clientTimeoutMs] as const),
        (copy, reply) => this.#receive(kind, key, copy, reply),
        done,
      );
  }

  #receive(kind: string, key: string, command: AnyCommand, reply: Done): void {
    const zombie =
      this.zombies.length > 0 && this.#random.chance(0.4) ? this.#random.pick(this.zombies) : null;
    const engine = zombie ?? this.engine;
    if (engine) engine.receive(kind, key, command, reply);
    else if (this.#random.chance(0.5)) reply('busy', null);
  }

  /** A projection reads on, some time later: every frame once and in order, or it says what is missing. */
  #project(partition: number): void {
    const { loop, store } = this.#world;
    const isLazy = this.#random.chance(0.1);
    loop.after(isLazy ? this.#random.int(1_000, 20_000) : this.#random.int(5, 300), null, () => {
      let seq = store.projected.get(partition) ?? 0;
      const missing = () => {
        if (this.isLossExpected) return;
        this.#world.fail(
          'nothing is trimmed before it is consumed',
          `partition ${partition}: frame ${seq + 1}`,
        );
      };
      for (const frame of store.read(partition, seq, 1_000)) {
        if (frame.seq !== seq + 1) missing();
        seq = frame.seq;
      }
      if (seq < store.stream(partition).tailSeq) missing();
      store.projected.set(partition, seq);
    });
  }
}
