/**
 * The engine time of one process, shared by its threads, and the gate before which its shards wait at the start: the
 * real ones, on virtual time. What was promised of them is checked at every decision.
 */
import type { Scheduler } from '../../src/protocol/scheduler.ts';
import { type Clock, type EngineTime, startClock } from '../../src/runtime/clock.ts';
import { closedOpening, Opening } from '../../src/runtime/opening.ts';
import type { World } from './world.ts';

const rule = 'a process has one time';

export class ProcessTime {
  readonly clock: Clock;
  readonly #world: World;
  readonly #wallMs: number;
  readonly #time: EngineTime;
  readonly #opening: Opening;
  #decidedAtMs = 0;

  /** `wallOffsetMs`: what the wall clock showed when the process started, less the loop's time. */
  constructor(world: World, shardCount: number, wallOffsetMs: number) {
    this.#world = world;
    this.#wallMs = wallOffsetMs;
    this.#time = this.#anchor();
    this.#opening = new Opening(closedOpening(shardCount), { after: () => () => {} });
    this.clock = this.#view(this.#time);
  }

  /** One thread's view. */
  startClock(): Clock {
    return this.#view(this.#world.mutant.isTimePerThread ? this.#anchor() : this.#time);
  }

  /** The shard has recovered. The last one opens the gate, as main does. */
  async mayOpen(shard: number, scheduler: Pick<Scheduler, 'after'>): Promise<void> {
    const passed = new Opening(this.#opening.memory, scheduler).pass(shard);
    if (this.#opening.haveAllRecovered) this.#opening.open();
    if (!this.#world.mutant.isOpeningAlone) await passed;
  }

  /** Some actor of the process decides something. */
  decides(what: string, at: number): void {
    const { fail } = this.#world;
    if (!this.#opening.haveAllRecovered) fail(rule, `${what} is decided before all shards have recovered`);
    if (at < this.#decidedAtMs) fail(rule, `${what} is decided at ${at}, after ${this.#decidedAtMs}`);
    this.#decidedAtMs = at;
  }

  #anchor(): EngineTime {
    return { wallMs: this.#wallMs, monotonicNs: 0n, aheadMs: new SharedArrayBuffer(8) };
  }

  #view(time: EngineTime): Clock {
    const { loop } = this.#world;
    return startClock(time, () => BigInt(Math.floor(loop.nowMs)) * 1_000_000n);
  }
}
