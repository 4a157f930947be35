/**
 * Where each partition runs while partitions move: a process of its own, the guest, takes single partitions from the
 * running one and gives them back. A directory that may be out of date says who is asked, and a planner has partitions
 * that nobody runs opened again.
 */
import { allPartitions } from '../../src/protocol/address.ts';
import type { Engine } from './engine.ts';
import type { Instance } from './instance.ts';
import type { Random } from './random.ts';
import type { World } from './world.ts';

const planEveryMs = 1_000;
const closeGraceMs = 500;

export interface HostsDeps {
  readonly world: World;
  readonly random: Random;
  /** The process that runs what nobody else does. */
  readonly main: () => Engine | null;
  readonly makeGuest: () => Engine;
}

export class Hosts {
  guest: Engine | null = null;
  readonly #deps: HostsDeps;
  /** Who opened a partition last, and under which epoch. */
  readonly #openers = new Map<number, { engine: Engine; epoch: number }>();
  #orphans = new Set<number>();

  constructor(deps: HostsDeps) {
    this.#deps = deps;
    this.#plan();
  }

  get living(): Instance[] {
    return [...(this.#deps.main()?.living ?? []), ...(this.guest?.living ?? [])];
  }

  /** Every partition is open somewhere. */
  get isWhole(): boolean {
    const open = new Set(
      this.living.flatMap(({ shard }) => shard.positions().map(([partition]) => partition)),
    );
    return allPartitions.every((partition) => open.has(partition));
  }

  opened(engine: Engine, instance: Instance, partitions: readonly number[]): void {
    for (const partition of partitions) {
      const epoch = instance.disk.epochs.get(partition)!;
      if (epoch > (this.#openers.get(partition)?.epoch ?? 0)) this.#openers.set(partition, { engine, epoch });
    }
  }

  /** Whether another process has opened this partition since. */
  isTakenOver(engine: Engine, partition: number): boolean {
    const opener = this.#openers.get(partition);
    return opener !== undefined && opener.engine !== engine;
  }

  /** The shard that is asked for a partition: mostly the one that runs it. */
  locate(partition: number): Instance | null {
    const { main, random } = this.#deps;
    const usual = main()?.ownerOf(partition) ?? null;
    const holder = this.#holder(partition) ?? usual;
    return holder !== usual && random.chance(0.1) ? usual : holder;
  }

  /** The guest takes the partition, or gives it back; the one who runs it is not asked, and may stand still. */
  takeOver(partition: number): void {
    const { world, random, main } = this.#deps;
    const holder = this.#holder(partition);
    if (!holder || !main()?.isReady) return;
    this.guest ??= this.#deps.makeGuest();
    const isGuests = this.guest.living.includes(holder);
    const takers = isGuests ? main()!.living : this.guest.living;
    if (takers.length === 0) return;
    if (random.chance(0.4)) holder.frozenUntilMs = world.loop.nowMs + random.int(100, 3_000);
    const taker = random.pick(takers);
    world.count('partitions taken over');
    world.trace(() => `${taker.name} takes partition ${partition} from ${holder.name}`);
    taker.open([partition]);
  }

  /** The partition is closed in order and opened by another shard. */
  move(partition: number): void {
    const { world, random, main } = this.#deps;
    const holder = this.#holder(partition);
    if (!holder || !main()?.isReady) return;
    this.guest ??= this.#deps.makeGuest();
    const takers = this.living.filter((instance) => instance !== holder && instance.isReady);
    if (takers.length === 0) return;
    const taker = random.pick(takers);
    world.count('partitions moved');
    world.trace(() => `partition ${partition} moves from ${holder.name} to ${taker.name}`);
    holder.close([partition], closeGraceMs, () => taker.open([partition]));
  }

  endGuest(): void {
    this.guest?.kill('as a guest');
    this.guest = null;
  }

  #holder(partition: number): Instance | null {
    return (
      this.living.find((instance) => instance.isReady && instance.shard.numbers.includes(partition)) ?? null
    );
  }

  /** A partition that was nobody's the last time as well is opened where it belongs. */
  #plan(): void {
    const { world, main } = this.#deps;
    world.loop.after(planEveryMs, null, () => this.#plan());
    const orphans = new Set<number>();
    if (main()?.isReady) {
      const run = new Set(this.living.flatMap(({ shard }) => shard.numbers));
      for (const partition of allPartitions) if (!run.has(partition)) orphans.add(partition);
    }
    for (const partition of orphans) {
      const owner = this.#orphans.has(partition) ? main()?.ownerOf(partition) : null;
      if (!owner?.isReady) continue;
      world.count('partitions opened again');
      world.trace(() => `nobody runs partition ${partition}: ${owner.name} opens it`);
      owner.open([partition]);
    }
    this.#orphans = orphans;
  }
}
