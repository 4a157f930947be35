/**
 * One shard's way to the store: slow, failing, and with answers that get lost. What was sent may land although its
 * sender has died, and may land long after the sender was told that nobody knows.
 */
import type {
  ActorSnapshot,
  AppendOutcome,
  Checkpoint,
  Claim,
  Frame,
  Journal,
  Newest,
  PassivatedStore,
  Save,
  SnapshotStore,
} from '../../src/protocol/journal.ts';
import { all } from '../support/saved-blocks.ts';
import type { Loop, Owner } from './loop.ts';
import type { Random } from './random.ts';
import type { Store } from './store.ts';

/** Trouble that the engine must expect of a store. Anything else that is thrown is a bug. */
export class Outage extends Error {}

export interface DiskFaults {
  /** Chance that an append goes wrong in one of its ways. */
  append: number;
  /** Chance that any other call goes wrong. */
  other: number;
  slow: number;
  /** Until then nothing is answered but refusals. */
  outageUntilMs: number;
}

export interface DiskDeps {
  readonly loop: Loop;
  readonly store: Store;
  readonly random: Random;
  readonly faults: DiskFaults;
  readonly owner: Owner;
  /** By partition: the newest frame that this process was told is safe. */
  readonly acked: Map<number, number>;
  /** Told of moments at which a crash is worth trying. */
  readonly moment: (name: 'landed' | 'acked') => void;
  readonly fail: (rule: string, detail: string) => void;
}

type Fate = 'ok' | 'away' | 'lost-request' | 'lost-answer' | 'partly' | 'late';
const fates: readonly Fate[] = ['away', 'lost-request', 'lost-answer', 'partly', 'late'];
const never = new Promise<never>(() => {});

/** Of all reads, those during which others can do something. */
const slowReads = 0.03;

export class Disk implements Journal, SnapshotStore, PassivatedStore {
  readonly durability = 'simulated';
  /** By partition: the epoch under which this shard has claimed it. */
  readonly epochs = new Map<number, number>();
  readonly isDurable: boolean;
  readonly #deps: DiskDeps;
  readonly #inFlight = new Set<number>();

  constructor(deps: DiskDeps) {
    this.#deps = deps;
    this.isDurable = deps.store.isDurable;
  }

  claim(partitions: readonly number[], owner = ''): Promise<Claim[]> {
    const { loop, store, acked } = this.#deps;
    return this.#call('claim', () => {
      const claims = partitions.map((partition) =>
        store.claim(partition, acked.get(partition) ?? 0, owner, loop.nowMs),
      );
      for (const { partition, epoch } of claims) this.epochs.set(partition, epoch);
      return claims;
    });
  }

  release(partitions: readonly number[], owner: string): Promise<void> {
    return this.#call('release', () => {
      for (const partition of partitions) {
        const stream = this.#deps.store.stream(partition);
        if (stream.owner === owner) stream.owner = null;
      }
    });
  }

  newest(partitions: readonly number[]): Promise<Newest[]> {
    return this.#call('newest', () =>
      partitions.map((partition) => {
        const { epoch, tailSeq } = this.#deps.store.stream(partition);
        return { partition, epoch, seq: tailSeq };
      }),
    );
  }

  restore(frames: readonly Frame[]): Promise<void> {
    return this.#call('restore', () => {
      for (const frame of frames) this.#deps.store.append(frame);
    });
  }

  async append(frames: readonly Frame[]): Promise<AppendOutcome[]> {
    const { loop, random, faults, owner, moment, fail } = this.#deps;
    if (!owner.isAlive) return never;
    for (const { partition } of frames) {
      if (this.#inFlight.has(partition)) fail('one append in flight', `partition ${partition}`);
      this.#inFlight.add(partition);
    }
    const isOut = faults.outageUntilMs > loop.nowMs;
    const fate = isOut ? 'away' : random.chance(faults.append) ? random.pick(fates) : 'ok';
    const outcomes = frames.map((): AppendOutcome => 'unknown');
    const landing = (ms: number, chance: number) => {
      frames.forEach((frame, index) => {
        if (!random.chance(chance)) return;
        loop.after(ms, null, () => {
          const outcome = this.#deps.store.append(frame);
          if (fate === 'ok' || fate === 'partly') outcomes[index] = outcome;
        });
      });
      loop.after(ms, null, () => moment('landed'));
    };
    const landsAfterMs = this.#delayMs();
    if (fate === 'ok' || fate === 'lost-answer') landing(landsAfterMs, 1);
    else if (fate === 'partly') landing(landsAfterMs, 0.5);
    else if (fate === 'late') landing(landsAfterMs + random.int(0, 4_000), 1);
    const isRejected = fate === 'away' || (fate !== 'ok' && random.chance(0.3));
    const answersAfterMs = landsAfterMs + random.next() * 3 + (fate === 'ok' ? 0 : random.int(0, 400));
    return loop.promise(answersAfterMs, owner, () => {
      for (const { partition } of frames) this.#inFlight.delete(partition);
      moment('acked');
      if (isRejected) throw new Outage('the journal is away');
      frames.forEach(({ partition, seq }, index) => {
        if (outcomes[index] === 'ok') this.#deps.acked.set(partition, seq);
      });
      return outcomes;
    });
  }

  read(partition: number, afterSeq: number, limit: number): Promise<Frame[]> {
    return this.#call('read', () => this.#deps.store.read(partition, afterSeq, limit));
  }

  async readMany(): Promise<Frame[]> {
    throw new Error('shards read one partition at a time');
  }

  trim(partition: number, upToSeq: number): Promise<void> {
    return this.#call('trim', () => this.#deps.store.trim(partition, upToSeq));
  }

  async sizeBytes(): Promise<number> {
    return 0;
  }

  async close(): Promise<void> {}

  load(partition: number): ReturnType<SnapshotStore['load']> {
    return this.#call('load', () => {
      const saved = this.#deps.store.saved.get(partition);
      const { checkpointSeq = 0, engineMs = 0 } = saved ?? {};
      return { checkpointSeq, engineMs, actors: [...(saved?.actors.values() ?? [])] };
    });
  }

  loadActive(partition: number): ReturnType<PassivatedStore['loadActive']> {
    return this.#call('load', () => {
      const saved = this.#deps.store.saved.get(partition);
      const actors = [...(saved?.actors.values() ?? [])].filter(
        ({ passivatedHash }) => passivatedHash === undefined,
      );
      const { checkpointSeq = 0, engineMs = 0 } = saved ?? {};
      return { checkpointSeq, engineMs, actors };
    });
  }

  passivatedHashes(partition: number): Promise<number[]> {
    return this.#call('load', () => {
      const saved = this.#deps.store.saved.get(partition);
      return [...(saved?.actors.values() ?? [])].flatMap(({ passivatedHash }) => passivatedHash ?? []);
    });
  }

  loadPassivated(
    partition: number,
    actors: readonly { kind: string; key: string }[],
  ): Promise<ActorSnapshot[]> {
    return this.#call('loadPassivated', () => {
      const saved = this.#deps.store.saved.get(partition);
      return actors.flatMap(({ kind, key }) => saved?.actors.get(`${kind}/${key}`) ?? []);
    });
  }

  checkpoint(partition: number): Promise<Checkpoint> {
    return this.#call('load', () => {
      const { checkpointSeq = 0, engineMs = 0 } = this.#deps.store.saved.get(partition) ?? {};
      return { checkpointSeq, engineMs };
    });
  }

  heavyPartitions(partitions: readonly number[], bytes: number): Promise<number[]> {
    return this.#call('load', () =>
      partitions.filter((partition) =>
        [...(this.#deps.store.saved.get(partition)?.actors.values() ?? [])].some(
          ({ state, passivatedHash }) => passivatedHash === undefined && state.length > bytes,
        ),
      ),
    );
  }

  async save(save: Save): Promise<boolean> {
    // Encoded when it is sent, whatever becomes of the sender's memory afterwards.
    const actors = await all(save.actors);
    return this.#call('save', () => this.#deps.store.save({ ...save, actors }));
  }

  projectedSeq(partition: number): Promise<number> {
    return this.#call('projectedSeq', () => this.#deps.store.projected.get(partition) ?? 0);
  }

  /** A call whose request or answer may get lost. Most reads are answered at once: recovery makes hundreds of them. */
  async #call<Value>(name: string, effect: () => Value): Promise<Value> {
    const { loop, random, faults, owner } = this.#deps;
    loop.isTouched = true;
    if (!owner.isAlive) return never;
    const isOut = faults.outageUntilMs > loop.nowMs;
    const isSave = name === 'save';
    // Saves are few.
    const isFaulty = isOut || random.chance(isSave ? 4 * faults.other : faults.other);
    const isEffective = !isOut && (!isFaulty || random.chance(0.5));
    const isRead = name === 'load' || name === 'read' || name === 'projectedSeq';
    if (isRead && !isFaulty && !random.chance(slowReads)) return effect();
    if (isSave && isFaulty && isEffective && random.chance(0.5)) {
      // Its sender has given up long before it lands.
      loop.after(random.int(0, 10_000), null, effect);
      throw new Outage(`${name}: no answer`);
    }
    // What was sent is done, whether or not its sender lives to hear of it.
    const result = loop.promise(this.#delayMs(), null, () => (isEffective ? effect() : null));
    const value = await result;
    return loop.promise(random.next() * 3, owner, () => {
      if (isFaulty) throw new Outage(`${name}: no answer`);
      return value as Value;
    });
  }

  #delayMs(): number {
    const { random, faults } = this.#deps;
    return random.chance(faults.slow) ? random.int(50, 2_500) : 0.5 + random.next() * 6;
  }
}
