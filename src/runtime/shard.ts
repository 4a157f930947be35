/**
 * One shard: the single writer of its partitions' actors. A turn takes commands from the mailbox, decides and
 * evolves in memory, and hands the results to the group commit, which lets them out when they are durable.
 */

import { type Address, partitionOf } from '../protocol/address.ts';
import type { AnyCommand } from '../protocol/command.ts';
import type { AnyDecider, Decision, PendingMessage, Push } from '../protocol/decider.ts';
import type { Journal, PassivatedStore, SnapshotStore } from '../protocol/journal.ts';
import type { Log } from '../protocol/log.ts';
import type { Family } from '../protocol/metric.ts';
import type { Scheduler } from '../protocol/scheduler.ts';
import type { Clock } from './clock.ts';
import { type Batch, GroupCommit, giveUpReplies } from './commit.ts';
import { JournalStallDetector } from './journal-stall-detector.ts';
import { Lease, leaseMs } from './lease.ts';
import { type Envelope, Mailbox, type ReplyTo } from './mailbox.ts';
import { Outbox } from './outbox.ts';
import { type Actor, Partition } from './partition.ts';
import { Passivation } from './passivation.ts';
import { RecentFrames } from './recent-frames.ts';
import { type RecoveryReport, recover } from './recovery.ts';
import { type Deciders, decidersByKind, restoreActor } from './replay.ts';
import { type ShardReading, ShardStatistics, type ShardStatsRow } from './statistics.ts';
import { Timers } from './timers.ts';

export interface ShardDeps {
  readonly shard: number;
  /** The partitions that it runs. */
  readonly partitions: readonly number[];
  /** Names this process: whoever comes after another one waits until that one's lease is over. */
  readonly owner: string;
  readonly deciders: readonly AnyDecider[];
  readonly journal: Journal;
  readonly snapshots: SnapshotStore;
  /** null: actors never leave memory. */
  readonly passivated?: PassivatedStore | null;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** Sends to an actor elsewhere, or to the back office; must answer once, `busy` when it cannot. */
  readonly ask: (address: Address, command: AnyCommand, done: ReplyTo) => void;
  readonly push: (push: Push) => void;
  /** The partition's journal has grown: projections may read on. */
  readonly onDurable: (partition: number, seq: number) => void;
  /** The shard cannot go on: it must be ended and, unless another owner has taken its partitions, started anew. */
  readonly onFatal: (reason: string, isFenced: boolean) => void;
  readonly log: Log;
  readonly limits: ShardLimits;
}

export interface ShardLimits {
  /** Commands from outside that may wait. */
  readonly mailboxMax: number;
  readonly commandsPerTurn: number;
  /** Events that one batch may hold; then the shard waits for the journal. */
  readonly eventsPerBatch: number;
  /** When the journal has not answered for so long, new commands are refused at the door. */
  readonly stallMs: number;
  /** An actor that owes and awaits nothing leaves memory after so long without a command. */
  readonly idleMs: number;
}

export const defaultShardLimits: ShardLimits = {
  mailboxMax: 50_000,
  commandsPerTurn: 2_000,
  eventsPerBatch: 20_000,
  stallMs: 150,
  idleMs: 60_000,
};

/** With `stallMs`, a command waits at most 250 ms for a journal that is silent. */
const housekeepingMs = 80;
const sweepsPerRound = 4;

export class Shard {
  readonly #deps: ShardDeps;
  readonly #deciders: Deciders;
  readonly #partitions: ReadonlyMap<number, Partition>;
  readonly #mailbox: Mailbox;
  readonly #commit: GroupCommit;
  readonly #outbox: Outbox;
  readonly #lease: Lease<Batch>;
  readonly #stall: JournalStallDetector;
  readonly #recent = new RecentFrames();
  readonly #timers: Timers<Actor>;
  readonly #statistics: ShardStatistics;
  readonly #passivation: Passivation | null;
  #sweeps = 0;
  #isTurnScheduled = false;
  #isStopped = false;
  #isReplaced = false;

  constructor(deps: ShardDeps) {
    this.#deps = deps;
    this.#deciders = decidersByKind(deps.deciders);
    const partitions = deps.partitions.map((number) => new Partition(number));
    this.#partitions = new Map(partitions.map((partition) => [partition.number, partition]));
    this.#mailbox = new Mailbox(deps.limits.mailboxMax);
    this.#statistics = new ShardStatistics(deps.shard, deps.deciders);
    const now = () => deps.clock.now();
    this.#timers = new Timers(deps.clock, deps.scheduler, (actor) => this.#put(actor, { type: 'Tick' }));
    this.#commit = new GroupCommit(deps.journal, deps.scheduler, {
      onDurable: (batch, frames, tookMs) => {
        this.#statistics.committed(batch.events, frames, tookMs);
        if (!deps.journal.isDurable) this.#recent.keep(frames);
        this.#lease.pass(batch);
        for (const frame of frames) deps.onDurable(frame.partition, frame.seq);
        this.#scheduleTurn();
      },
      onFatal: (reason, isFenced) => this.#fail(reason, isFenced),
    });
    this.#lease = new Lease(partitions, deps.journal, deps.scheduler, {
      release: (batch) => this.#release(batch),
      onReplaced: (reason) => this.#fail(reason, true),
      onLoss: (partition, tailSeq) => this.#restore(partition, tailSeq),
    });
    this.#stall = new JournalStallDetector(this.#commit, this.#lease, deps.limits.stallMs, deps.log);
    this.#outbox = new Outbox(
      (pending, done) => this.#sendMessage(pending, done),
      (actor, id, code, body) => this.#put(actor, { type: 'Answered', id, code, body } as AnyCommand),
      now,
    );
    const { log, limits, passivated } = deps;
    this.#passivation = passivated
      ? new Passivation({
          store: passivated,
          install: (partition, saved) => {
            restoreActor(partition, saved, this.#deciders).touchedAtMs = deps.clock.now();
          },
          redeliver: (envelope) => {
            this.#mailbox.put(envelope);
            this.#scheduleTurn();
          },
          giveUp: ({ command }) => this.#closePending(command),
          stashMax: limits.mailboxMax,
          log,
        })
      : null;
  }

  /** Claims and replays every partition, then opens them and sends what their actors owe. */
  async start(): Promise<RecoveryReport> {
    const partitions = [...this.#partitions.values()];
    const { journal, snapshots, clock, scheduler, log, passivated = null } = this.#deps;
    const deciders = this.#deciders;
    const claimAskedAtMs = scheduler.now();
    const numbers = partitions.map((partition) => partition.number);
    const claims = await journal.claim(numbers, this.#deps.owner);
    const otherEndsAtMs = claims.some(({ isTakenOver }) => isTakenOver) ? scheduler.now() + leaseMs : 0;
    const report = await recover(partitions, claims, {
      journal,
      snapshots,
      passivated,
      clock,
      log,
      deciders,
    });
    this.#statistics.recovered(report.tookMs);
    const waitMs = otherEndsAtMs - scheduler.now();
    if (waitMs > 0) await new Promise<void>((resolve) => scheduler.after(waitMs, resolve));
    const at = clock.now();
    for (const partition of partitions) {
      if (partition.fault !== null) continue;
      partition.isOpen = true;
      for (const actor of partition.everyActor()) {
        this.#timers.arm(actor, actor.decider.deadline(actor.state, at));
        this.#outbox.collect(actor, this.#commit.open.outgoing);
      }
      this.#deps.onDurable(partition.number, partition.seq);
    }
    this.#lease.begin(claimAskedAtMs);
    this.#commit.seal();
    this.#timers.watch();
    this.#housekeep();
    return report;
  }

  /** A command from outside. It is answered once: after its events are durable, or `busy` at once. */
  deliver(kind: string, key: string, command: AnyCommand, reply: ReplyTo): void {
    const partition = this.#partitions.get(partitionOf(kind, key));
    const isShut = !partition?.isOpen && !partition?.isReadOnly;
    const isRefused = this.#isStopped || isShut || this.#stall.isStalled || !this.#deciders.has(kind);
    if (isRefused || !this.#mailbox.offer({ kind, key, command, reply })) {
      this.#statistics.refused();
      reply('busy', null);
      return;
    }
    this.#scheduleTurn();
  }

  /** The key of the actor that goes by another name, or null. */
  find(kind: string, name: string): string | null {
    for (const partition of this.#partitions.values()) {
      const key = partition.names.get(kind)?.get(name);
      if (key !== undefined) return key;
    }
    return null;
  }

  /** False while a name that is not found may exist: in a closed partition, or at a successor of ours. */
  get isWhole(): boolean {
    return this.#lease.isHeld && [...this.#partitions.values()].every((partition) => partition.isOpen);
  }

  /** The newest durable frame of every open partition. */
  positions(): [partition: number, seq: number][] {
    const open = [...this.#partitions.values()].filter((partition) => partition.isOpen);
    return open.map(({ number, ackedSeq }) => [number, ackedSeq]);
  }

  stats(): ShardStatsRow {
    return this.#statistics.row(this.#reading());
  }

  metrics(): Family[] {
    return this.#statistics.families(this.#reading());
  }

  #reading(): ShardReading {
    return {
      partitions: [...this.#partitions.values()],
      mailboxDepth: this.#mailbox.depth,
      outboxDepth: this.#outbox.depth,
      journalSilentMs: this.#stall.ms,
      now: this.#deps.clock.now(),
    };
  }

  /** The snapshotter has saved every actor of the partition as it was after that frame. */
  saved(partition: number, seq: number): void {
    this.#partitions.get(partition)?.saved(seq, this.#deps.clock.now());
  }

  /** Refuses new commands and finishes what was taken. Returns false when time ran out. */
  async stop(graceMs: number): Promise<boolean> {
    this.#isStopped = true;
    const { scheduler } = this.#deps;
    const untilMs = scheduler.now() + graceMs;
    // What it has not finished can never be: the journal takes it from nobody but the successor.
    if (this.#isReplaced) return true;
    while (scheduler.now() < untilMs) {
      if (this.#isAtRest) {
        this.#lease.end();
        await this.#deps.journal.release([...this.#partitions.keys()], this.#deps.owner).catch(() => {});
        return true;
      }
      await new Promise<void>((resolve) => scheduler.after(1, resolve));
    }
    return false;
  }

  get #isAtRest(): boolean {
    const { length } = this.#lease.held;
    return this.#mailbox.depth + length === 0 && this.#commit.isIdle && !this.#passivation?.stashed;
  }

  #fail(reason: string, isFenced: boolean): void {
    this.#isStopped = true;
    this.#lease.end();
    for (const partition of this.#partitions.values()) partition.isOpen = false;
    this.#isReplaced = isFenced;
    if (isFenced) this.#refuseAll();
    this.#deps.onFatal(reason, isFenced);
  }

  #scheduleTurn(): void {
    if (this.#isTurnScheduled || this.#mailbox.depth === 0) return;
    this.#isTurnScheduled = true;
    this.#deps.scheduler.soon(() => this.#turn());
  }

  #turn(): void {
    this.#isTurnScheduled = false;
    const at = this.#deps.clock.now();
    const { commandsPerTurn, eventsPerBatch } = this.#deps.limits;
    for (let taken = 0; taken < commandsPerTurn && this.#commit.open.events < eventsPerBatch; taken++) {
      const envelope = this.#mailbox.take();
      if (!envelope) break;
      this.#process(envelope, at);
    }
    this.#commit.seal();
    this.#timers.watch();
    // With a full batch the next turn is scheduled by the journal's answer.
    if (this.#commit.open.events < eventsPerBatch) this.#scheduleTurn();
  }

  #process(envelope: Envelope, at: number): void {
    const { kind, key, command, reply } = envelope;
    const partition = this.#partitions.get(partitionOf(kind, key))!;
    if (!partition.isOpen && !partition.isReadOnly) {
      reply?.('busy', null);
      return;
    }
    const decider = this.#deciders.get(kind)!;
    const known = partition.find(kind, key);
    if (!known && this.#passivation?.takes(partition, envelope)) return;
    if (known) known.touchedAtMs = at;
    const state = known?.state ?? decider.initial(key);
    const decision: Decision<unknown, { type: string }> = decider.decide(state, command, at);
    // Halted: what is known may be shown. What is not may have been lost.
    if (!partition.isOpen && (!known || decision.code !== 'ok' || decision.events.length > 0)) {
      reply?.('busy', null);
      return;
    }
    const isAnswer = this.#closePending(command);
    if (decision.events.length > 0) {
      this.#apply(known ?? partition.install(decider, key, state, 0), decision.events, at);
    } else if (known && (isAnswer || command.type === 'Tick')) {
      this.#outbox.collect(known, this.#commit.open.outgoing);
      this.#timers.arm(known, decider.deadline(known.state, at));
    }
    const { open } = this.#commit;
    const { code, pushes } = decision;
    if (reply) {
      const body = typeof decision.reply === 'function' ? decision.reply(state) : (decision.reply ?? null);
      open.replies.push({ reply, code, body });
    }
    for (const push of (typeof pushes === 'function' ? pushes(state) : pushes) ?? []) open.pushes.push(push);
    this.#statistics.decided(kind, code);
  }

  /** An answer was decided on, or nobody is there to decide on it. False when the command is no answer. */
  #closePending(command: AnyCommand): boolean {
    if (command.type !== 'Answered') return false;
    this.#outbox.close((command as unknown as { id: string }).id);
    return true;
  }

  #apply(actor: Actor, events: readonly { type: string }[], at: number): void {
    const { partition, kind, key } = actor;
    const { open } = this.#commit;
    if (partition.records.length === 0) open.partitions.push(partition);
    partition.unsavedSinceMs ??= at;
    for (const event of events) {
      partition.evolve(actor, event, partition.seq + 1);
      partition.records.push({ kind, key, event });
      this.#statistics.happened(actor.decider, event);
    }
    open.events += events.length;
    this.#outbox.collect(actor, open.outgoing);
    this.#timers.arm(actor, actor.decider.deadline(actor.state, at));
  }

  /** A weak journal has lost its last moments: they are written again, or the shard must not go on. */
  async #restore(partition: Partition, tailSeq: number): Promise<void> {
    const { number, ackedSeq } = partition;
    if (await this.#recent.restore(this.#deps.journal, partition, tailSeq)) {
      this.#statistics.restored(ackedSeq - tailSeq);
      const lost = { partition: number, fromSeq: tailSeq + 1, toSeq: ackedSeq };
      this.#deps.log('error', 'the journal had lost acknowledged frames; they were written again', lost);
    } else {
      this.#fail(
        `the journal of partition ${number} ends at ${tailSeq}: ${ackedSeq} was acknowledged`,
        false,
      );
    }
  }

  #release(batch: Batch): void {
    for (const { reply, code, body } of batch.replies) reply(code, body);
    for (const push of batch.pushes) this.#deps.push(push);
    for (const outgoing of batch.outgoing) this.#outbox.send(outgoing);
  }

  #sendMessage(pending: PendingMessage, done: ReplyTo): void {
    if (this.#partitions.has(partitionOf(pending.kind, pending.key)) && this.#deciders.has(pending.kind)) {
      this.#mailbox.put({ kind: pending.kind, key: pending.key, command: pending.command, reply: done });
      this.#scheduleTurn();
    } else {
      this.#deps.ask(pending, pending.command, done);
    }
  }

  #put(actor: Actor, command: AnyCommand): void {
    this.#mailbox.put({ kind: actor.kind, key: actor.key, command, reply: null });
    this.#scheduleTurn();
  }

  /** A few partitions each time. */
  #sweepSome(): void {
    if (!this.#passivation) return;
    const partitions = [...this.#partitions.values()];
    const beforeMs = this.#deps.clock.now() - this.#deps.limits.idleMs;
    for (let swept = 0; swept < Math.min(sweepsPerRound, partitions.length); swept++) {
      const partition = partitions[this.#sweeps++ % partitions.length]!;
      if (partition.isOpen) Passivation.sweep(partition, beforeMs);
    }
  }

  /** Answers `busy` to everybody who waits for an answer. */
  #refuseAll(): void {
    this.#commit.giveUpReplies();
    for (const batch of this.#lease.held) giveUpReplies(batch);
    this.#mailbox.refuseOutside();
  }

  #housekeep(): void {
    if (this.#isStopped) return;
    if (this.#stall.isStalled) this.#refuseAll();
    this.#stall.note();
    this.#outbox.resend();
    this.#sweepSome();
    this.#deps.scheduler.after(housekeepingMs, () => this.#housekeep());
  }
}
