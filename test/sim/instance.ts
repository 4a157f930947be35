/**
 * One life of one shard: the real Shard with the real actors, on simulated time, disk and network. It ends by a
 * crash, by being fenced, or by its own decision; the next life begins with a new epoch and recovers.
 */

import { partitionOf } from '../../src/protocol/address.ts';
import type { AnyCommand } from '../../src/protocol/command.ts';
import type { PendingMessage, Push } from '../../src/protocol/decider.ts';
import type { Scheduler } from '../../src/protocol/scheduler.ts';
import type { Clock } from '../../src/runtime/clock.ts';
import type { ReplyTo } from '../../src/runtime/mailbox.ts';
import { Shard } from '../../src/runtime/shard.ts';
import { defaultShardLimits, type ShardLimits } from '../../src/runtime/shard-options.ts';
import { checkPush, checkReply } from './check-reply.ts';
import { watched } from './check-state.ts';
import { deciders } from './deciders.ts';
import { Disk, Outage } from './disk.ts';
import type { Loop, Owner } from './loop.ts';
import type { Done } from './network.ts';
import { struck } from './poison.ts';
import type { ProcessTime } from './process-time.ts';
import type { Random } from './random.ts';
import type { Shadow, World } from './world.ts';

/** Where a shard may be killed: before or after the journal's answer, or in the middle of answering. */
export type CrashPoint = 'landed' | 'acked' | 'reply';

export interface InstanceDeps {
  readonly world: World;
  readonly shard: number;
  readonly partitions: readonly number[];
  /** Counts up with every life in this run. */
  readonly life: number;
  readonly time: ProcessTime;
  readonly ask: (from: Instance, message: PendingMessage, done: Done) => void;
  readonly onDurable: (partition: number, seq: number) => void;
  /** It has recovered these partitions and takes commands for them. */
  readonly onOpened: (instance: Instance, partitions: readonly number[]) => void;
  readonly onEnd: (isFenced: boolean) => void;
  /** The process. */
  readonly owner: string;
  /** Whether another process has opened this partition since. */
  readonly isReplaced: (partition: number) => boolean;
  readonly acked: Map<number, number>;
}

function limitsBy(random: Random): ShardLimits {
  return {
    ...defaultShardLimits,
    idleMs: random.int(100, 10_000),
    eventsPerBatch: 200,
    // What is a large actor here: any, some, none. Its recovery gives way between any two parts, or hardly ever.
    heavyBytes: random.pick([0, 400, defaultShardLimits.heavyBytes]),
    sliceMs: random.pick([0, 10]),
  };
}

/** Some shards are slow at computing: what is measured in elapsed time then takes several turns. */
function schedulerOf(owner: Owner, loop: Loop, random: Random): Scheduler {
  const jitterMs = random.chance(0.3) ? 2 : 0;
  let elapsedMs = 0;
  return {
    now() {
      elapsedMs = Math.max(elapsedMs, loop.nowMs) + random.next() * jitterMs;
      return elapsedMs;
    },
    soon: (task) => void loop.timer(random.chance(0.05) ? random.int(1, 30) : random.next(), owner, task),
    after: (ms, task) => loop.timer(ms + random.next() * 2, owner, task),
  };
}

export class Instance implements Owner {
  readonly name: string;
  isAlive = true;
  frozenUntilMs = 0;
  isReady = false;
  /** Why it has ended, as far as somebody else did it or it was replaced. */
  endedBy: string | null = null;
  /** Dies when it comes to this point. */
  crashPoint: CrashPoint | null = null;
  readonly states = new Map<string, Shadow>();
  readonly disk: Disk;
  readonly shard: Shard;
  readonly #deps: InstanceDeps;
  readonly #clock: Clock;

  constructor(deps: InstanceDeps) {
    this.#deps = deps;
    const { world, shard, partitions, life, time } = deps;
    const { loop, store, fail, faults, mutant } = world;
    this.name = `shard ${shard} life ${life}`;
    const random = world.random(`life ${life}`);
    const moment = (name: CrashPoint) => this.#moment(name);
    this.disk = new Disk({
      loop,
      store,
      random,
      faults: faults.disk,
      owner: this,
      acked: deps.acked,
      moment,
      fail,
    });
    const scheduler = schedulerOf(this, loop, random);
    this.#clock = time.startClock();
    this.shard = new Shard({
      shard,
      partitions,
      owner: deps.owner,
      deciders: deciders.map((decider) => {
        const sick = struck(decider, this, world);
        return watched(mutant.decider?.(sick, () => this.end(false)) ?? sick, this, world);
      }),
      journal: mutant.journal?.(this.disk, store) ?? this.disk,
      // Some never let an actor go.
      passivated: random.chance(0.7) ? this.disk : null,
      snapshots: this.disk,
      clock: this.#clock,
      scheduler,
      mayOpen: (partitions) => this.#mayOpen(partitions, scheduler),
      ask: (message, done) => {
        const command = mutant.outgoing?.(message.command) ?? message.command;
        if (this.isAlive) deps.ask(this, { ...message, command }, done);
      },
      push: (push) => this.#push(push),
      onDurable: (partition, seq) => {
        if (this.isAlive) deps.onDurable(partition, seq);
      },
      onOpened: (partitions) => this.#opened(partitions),
      onReplaced: (partition) => this.#forget([partition]),
      onRetired: (reason) => {
        world.trace(() => `${this.name} is retired: ${reason}`);
        this.endedBy = reason;
        this.end(true);
      },
      onFatal: (reason) => {
        world.trace(() => `${this.name} gives up: ${reason}`);
        this.endedBy = reason;
        this.end(false);
      },
      log: (level, message, fields) => {
        world.count(`log: ${message}`);
        world.trace(() => `${this.name} ${level}: ${message} ${JSON.stringify(fields ?? {})}`);
      },
      limits: limitsBy(random),
    });
  }

  get now(): number {
    return this.#clock.now();
  }

  get time(): ProcessTime {
    return this.#deps.time;
  }

  start(): void {
    const { world } = this.#deps;
    world.loop.isTouched = true;
    this.shard.start().then(
      () => {
        if (!this.isAlive) return;
        this.isReady = true;
        world.trace(() => `${this.name} is ready, epoch ${Math.max(0, ...this.disk.epochs.values())}`);
        world.count('recoveries');
      },
      (error: unknown) => {
        if (!(error instanceof Outage)) world.loop.onThrow(error);
        this.endedBy = String(error);
        this.end(false);
      },
    );
  }

  /** Takes these partitions, unless they are here already. */
  open(partitions: readonly number[]): void {
    const { world } = this.#deps;
    const wanted = partitions.filter((partition) => !this.shard.numbers.includes(partition));
    if (!this.isAlive || !this.isReady || wanted.length === 0) return;
    this.#forget(wanted);
    world.loop.isTouched = true;
    this.shard.open(wanted).then(
      () => {},
      (error: unknown) => {
        if (!(error instanceof Outage)) world.loop.onThrow(error);
        this.#forget(wanted);
      },
    );
  }

  /** Gives these partitions up in order; `then` runs when it has. */
  close(partitions: readonly number[], graceMs: number, then: () => void): void {
    const { world } = this.#deps;
    world.loop.isTouched = true;
    this.shard.close(partitions, graceMs).then(
      () => {
        if (!this.isAlive) return;
        this.#forget(partitions);
        then();
      },
      (error: unknown) => world.loop.onThrow(error),
    );
  }

  #opened(partitions: readonly number[]): void {
    const { world, onOpened } = this.#deps;
    if (!this.isAlive) return;
    world.trace(() => `${this.name} has opened ${partitions}`);
    onOpened(this, partitions);
  }

  /** What it is about to run, recovered already or not, has told its time: nobody decides before what was journaled. */
  #mayOpen(partitions: readonly number[], scheduler: Scheduler): Promise<void> {
    const { world, time, shard } = this.#deps;
    const { model, store, fail } = world;
    for (const partition of partitions) {
      const newestMs = model.newestMs.get(partition) ?? 0;
      const isOwned = this.disk.epochs.get(partition) === store.stream(partition).epoch;
      if (this.isAlive && isOwned && this.now < newestMs)
        fail('engine time never goes back', `partition ${partition}, at the gate: ${this.now} < ${newestMs}`);
    }
    return time.mayOpen(shard, scheduler);
  }

  /** What was in the memory of partitions that are not here any more. */
  #forget(partitions: readonly number[]): void {
    for (const name of [...this.states.keys()]) {
      const slash = name.indexOf('/');
      if (partitions.includes(partitionOf(name.slice(0, slash), name.slice(slash + 1))))
        this.states.delete(name);
    }
  }

  /** A command that has arrived here; its answer is checked at the moment it leaves. */
  deliver(kind: string, key: string, command: AnyCommand, done: Done): void {
    const { world } = this.#deps;
    const reply: ReplyTo = (code, body) => {
      if (!this.isAlive) return;
      if (code === 'internal_error' && !world.faults.poison.has(`${kind}/${key}`))
        world.fail('only a poisoned actor fails', `${kind}/${key} ${JSON.stringify(command)}`);
      if (code !== 'busy') checkReply(world, kind, key, command, code, body);
      if (code !== 'busy' && this.#deps.isReplaced(partitionOf(kind, key)))
        world.fail('a replaced owner answers nobody', `${JSON.stringify(command)} -> ${code}`);
      done(code, body);
      if (code !== 'busy') this.#moment('reply');
    };
    this.shard.deliver(kind, key, command, reply);
  }

  crash(why: string): void {
    if (!this.isAlive) return;
    this.#deps.world.count(`crashes ${why}`);
    this.#deps.world.trace(() => `${this.name} crashes ${why}`);
    this.endedBy = why;
    this.end(false);
  }

  /** From now on it says and does nothing. */
  end(isFenced: boolean): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    this.isReady = false;
    this.#deps.onEnd(isFenced);
  }

  #push(push: Push): void {
    if (this.isAlive) checkPush(this.#deps.world, push);
  }

  #moment(point: CrashPoint): void {
    if (this.crashPoint === point) this.crash(`when ${point}`);
  }
}
