/**
 * What goes wrong, and when. Each seed has its own mix: some have one kind of trouble only, a few have none, so that
 * one fault does not hide what another would show.
 */
import { partitionOf } from '../../src/protocol/address.ts';
import type { Cluster } from './cluster.ts';
import { drawShardCount } from './engine.ts';
import type { CrashPoint } from './instance.ts';
import { poisonPlaces } from './poison.ts';
import type { Random } from './random.ts';
import { calmFaults, type Faults, type World } from './world.ts';

const kinds = [
  'crash',
  'process',
  'zombie',
  'partition',
  'freeze',
  'disk',
  'network',
  'provider',
  'poison',
] as const;
type Kind = (typeof kinds)[number];
const crashPoints: readonly (CrashPoint | null)[] = ['landed', 'acked', 'reply', null];

export class Trouble {
  readonly kinds: ReadonlySet<Kind>;
  readonly #world: World;
  readonly #cluster: Cluster;
  readonly #random: Random;
  readonly #noticed = new Set<string>();
  #isQuiet = true;
  /** Chance of an act of trouble at each step. */
  readonly #rate: number;

  constructor(world: World, cluster: Cluster) {
    this.#world = world;
    this.#cluster = cluster;
    this.#random = world.random('trouble');
    const random = this.#random;
    const share = random.pick([0, 0.3, 0.5, 0.8, 1]);
    this.kinds = new Set(kinds.filter(() => random.chance(share)));
    this.#rate = random.pick([0.02, 0.05, 0.1]);
  }

  begin(): void {
    const { faults } = this.#world;
    const random = this.#random;
    this.#isQuiet = false;
    const level = random.pick([0.3, 1]);
    if (this.kinds.has('disk'))
      Object.assign(faults.disk, { append: 0.08 * level, other: 0.05 * level, slow: 0.1 * level });
    if (this.kinds.has('network'))
      Object.assign(faults.network, { lose: 0.1 * level, repeat: 0.15 * level, slow: 0.2 * level });
    if (this.kinds.has('provider'))
      Object.assign(faults.provider, { loseWebhook: 0.5 * level, repeatWebhook: 0.4, slow: 0.2 * level });
  }

  /** Perhaps one act of trouble. */
  act(): void {
    const random = this.#random;
    if (this.kinds.size === 0 || !random.chance(this.#rate)) return;
    const { engine } = this.#cluster;
    const shardCount = random.chance(0.7) ? (engine?.shardCount ?? 1) : drawShardCount(random);
    const shard = random.int(0, (engine?.shardCount ?? 1) - 1);
    const { loop, faults } = this.#world;
    const kind = random.pick([...this.kinds]);
    if (kind === 'crash' && random.chance(0.15)) engine?.crashSnapshotter();
    else if (kind === 'crash') engine?.crashAt(shard, random.pick(crashPoints));
    else if (kind === 'process') {
      if (random.chance(0.3)) this.#cluster.stopAndStart(shardCount, this.#clockStepMs(), this.#whileMs());
      else this.#cluster.restart(shardCount, this.#clockStepMs(), this.#whileMs());
    } else if (kind === 'zombie' && engine?.isReady) {
      // Often it was stopped for a while, which is why it was replaced.
      if (random.chance(0.5)) engine.freeze(all(engine.shardCount), random.int(100, 20_000));
      this.#cluster.replace(shardCount, this.#clockStepMs());
      loop.after(random.int(1_000, 30_000), null, () => this.#cluster.endZombies());
    } else if (kind === 'partition') {
      for (let left = random.int(1, 4); left > 0; left--) this.#movePartition();
    } else if (kind === 'freeze') {
      engine?.freeze(random.chance(0.5) ? all(engine.shardCount) : [shard], this.#whileMs());
    } else if (kind === 'disk') {
      faults.disk.outageUntilMs = loop.nowMs + this.#whileMs() / 4;
    } else if (kind === 'poison') {
      for (let left = random.int(1, 4); left > 0; left--) this.#poison();
    } else if (kind === 'provider') {
      faults.provider.outageUntilMs = loop.nowMs + this.#whileMs();
    }
  }

  /** A bug shows in an actor for a while. An operator restarts what was halted by one. */
  #poison(): void {
    const { shadows, faults, loop, trace } = this.#world;
    const random = this.#random;
    // Of what everybody needs, or of anybody.
    const isCentral = random.chance(0.6);
    const names = [...shadows.keys()].filter((each) => !isCentral || /^s/.test(each));
    if (names.length === 0) return;
    const name = random.pick(names);
    const place = random.pick(poisonPlaces);
    const forMs = this.#whileMs();
    trace(() => `${name} is poisoned for ${forMs} ms: ${place}`);
    faults.poison.set(name, { place, untilMs: loop.nowMs + forMs });
    if (place === 'evolve')
      loop.after(forMs + random.int(100, 5_000), null, () => this.#cluster.restartHalted());
  }

  /** One that is in use: it is taken over, moved in order, or its new owner dies. */
  #movePartition(): void {
    const random = this.#random;
    const { hosts } = this.#cluster;
    const used = [...this.#world.store.streams].filter(([, { tailSeq }]) => tailSeq > 0);
    if (used.length === 0) return;
    const [partition] = random.pick(used);
    if (random.chance(0.55)) hosts.takeOver(partition);
    else if (random.chance(0.8)) hosts.move(partition);
    else hosts.endGuest();
  }

  /** Called after every durable frame: an order that was just paid for finds its stock's shard gone for long. */
  notice(): void {
    if (this.#isQuiet || !(this.kinds.has('freeze') || this.kinds.has('crash'))) return;
    for (const [orderId, order] of this.#world.model.orders) {
      if (order.status !== 'committing' || this.#noticed.has(orderId)) continue;
      this.#noticed.add(orderId);
      const { engine } = this.#cluster;
      if (!engine || !this.#random.chance(0.08)) continue;
      const [line] = order.lines.values();
      const shard = engine.shardOf(partitionOf('sku', line!.sku));
      engine.freeze([shard], this.#random.int(30_000, 90_000));
    }
  }

  end(): void {
    this.#isQuiet = true;
    calm(this.#world.faults, calmFaults());
  }

  /** Either way, from less than a hold lives to much more: engine time goes on from what was saved or journaled. */
  #clockStepMs(): number {
    const random = this.#random;
    if (random.chance(0.4)) return 0;
    return (random.chance(0.6) ? -1 : 1) * random.int(1, random.pick([2_000, 60_000, 1_200_000]));
  }

  /** Mostly short; sometimes longer than any hold lives. */
  #whileMs(): number {
    const random = this.#random;
    return random.chance(0.15) ? random.int(30_000, 90_000) : random.int(10, 4_000);
  }
}

function calm(faults: Faults, calmed: Faults): void {
  Object.assign(faults.disk, calmed.disk);
  Object.assign(faults.network, calmed.network);
  Object.assign(faults.provider, calmed.provider);
  // Their addresses stay: what a bug answered may still be under way.
  for (const fault of faults.poison.values()) fault.untilMs = 0;
}

function all(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
