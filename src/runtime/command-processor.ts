/**
 * One command, or one group of rows, of a shard's turn: decided and evolved in memory, and what it says put into the
 * open batch, which leaves when it is durable (commit-stage.ts).
 */
import type { Code } from '../protocol/codes.ts';
import type { AnyCommand } from '../protocol/command.ts';
import type { AnyEvent, Decision, Push, RowsDecision } from '../protocol/decider.ts';
import { type GroupAnswer, isRows, RowAnswers, type Rows, rowCount } from '../protocol/rows.ts';
import type { CommitStage } from './commit-stage.ts';
import type { Envelope } from './mailbox.ts';
import type { Outbox } from './outbox.ts';
import type { Actor, Partition } from './partition.ts';
import type { PartitionSet } from './partition-set.ts';
import type { Passivation } from './passivation.ts';
import type { PoisonedActors } from './poisoned.ts';
import { cannotApply } from './replay.ts';
import type { ShardStatistics } from './statistics.ts';
import type { Timers } from './timers.ts';

export interface CommandProcessorDeps {
  readonly stage: CommitStage;
  readonly partitions: PartitionSet;
  readonly passivation: Passivation | null;
  readonly outbox: Outbox;
  readonly timers: Timers<Actor>;
  readonly poisoned: PoisonedActors;
  readonly statistics: ShardStatistics;
}

export class CommandProcessor {
  readonly #deps: CommandProcessorDeps;

  constructor(deps: CommandProcessorDeps) {
    this.#deps = deps;
  }

  process(envelope: Envelope, at: number): void {
    const { partition, decider, key, command, reply } = envelope;
    if (!partition.isOpen && !partition.isReadOnly) {
      reply?.('busy', null);
      return;
    }
    const known = partition.find(decider.kind, key);
    if (!known && this.#deps.passivation?.takes(envelope)) return;
    if (known) known.touchedAtMs = at;
    if (isRows(command)) this.#decideRows(envelope, command, known, at);
    else this.#decide(envelope, known, at);
  }

  /** An answer was decided on, or nobody is there to decide on it. False when the command is no answer. */
  closePending(command: AnyCommand): boolean {
    if (command.type !== 'Answered') return false;
    this.#deps.outbox.close(idOf(command));
    return true;
  }

  #decide(envelope: Envelope, known: Actor | undefined, at: number): void {
    const { partition, decider, key, command, reply } = envelope;
    const state = known?.state ?? decider.initial(key);
    let decision: Decision<unknown, AnyEvent>;
    try {
      decision = decider.decide(state, command, at);
    } catch (error) {
      this.#undecided(envelope, known, error, at);
      return;
    }
    // Halted: what is known may be shown. What is not may have been lost.
    if (!partition.isOpen && (!known || known === partition.broken || isChange(decision))) {
      reply?.('busy', null);
      return;
    }
    const isAnswer = this.closePending(command);
    let actor = known;
    if (decision.events.length > 0) {
      actor ??= partition.install(decider, key, state, 0);
      if (!this.#apply(actor, decision.events, at)) {
        this.#answer(envelope, 'internal_error', null);
        return;
      }
    }
    const isShown = this.#show(envelope, actor, state, decision, at);
    if (!actor) return;
    const isPoisoned = actor.poison !== null;
    if (isPoisoned && isShown) this.#deps.poisoned.decided(actor, command.type, at);
    if (isPoisoned || isAnswer || decision.events.length > 0 || command.type === 'Tick')
      this.#follow(actor, at);
  }

  /** What rows change they change while they are decided: nothing of that can be taken back. */
  #decideRows(envelope: Envelope, rows: Rows, known: Actor | undefined, at: number): void {
    const { partition, decider, key, reply } = envelope;
    if (!partition.isOpen || !decider.decideRows) {
      reply?.('busy', null);
      return;
    }
    const state = known?.state ?? decider.initial(key);
    const answers = new RowAnswers();
    let decision: RowsDecision<AnyEvent>;
    try {
      decision = decider.decideRows(state, rows, at, answers);
    } catch (error) {
      if (answers.accepted === 0) this.#undecided(envelope, known, error, at);
      else this.#brokenRows(envelope, known, error);
      return;
    }
    const { event, pushes } = decision;
    let actor = known;
    if (event !== null) {
      actor ??= partition.install(decider, key, state, 0);
      partition.evolved(actor, event, partition.seq + 1);
      this.#record(actor, event, at);
      if (decision.more !== undefined) this.#apply(actor, decision.more, at);
    }
    this.#answerRows(envelope, answers, decision);
    this.#push(partition, typeof pushes === 'function' ? pushes() : pushes);
    if (!actor) return;
    if (actor.poison !== null) this.#deps.poisoned.decided(actor, rows.type, at);
    if (actor.poison !== null || event !== null) this.#follow(actor, at);
  }

  #answerRows(
    { partition, decider, reply }: Envelope,
    { others, accepted }: RowAnswers,
    { code, common }: RowsDecision<AnyEvent>,
  ): void {
    const { stage, statistics } = this.#deps;
    const body: GroupAnswer = [code, common, others];
    if (reply) stage.open.replies.push({ partition, reply, code: 'ok', body });
    for (const [, otherCode] of others) statistics.decided(decider.kind, otherCode);
    if (accepted > 0) statistics.decided(decider.kind, code, accepted);
  }

  /** Some rows were applied, and no event says so. */
  #brokenRows(envelope: Envelope, known: Actor | undefined, error: unknown): void {
    const { partition, decider, key, command } = envelope;
    const reason = cannotApply({ kind: decider.kind, key }, command, error);
    this.#deps.partitions.halt(partition, reason, known ?? null);
    this.#answer(envelope, 'internal_error', null);
  }

  /** The decider threw: nothing has happened, and whoever waits for an answer may ask again. */
  #undecided(envelope: Envelope, known: Actor | undefined, error: unknown, at: number): void {
    const { partition, decider, key, command, reply } = envelope;
    if (!partition.isOpen) {
      reply?.('busy', null);
      return;
    }
    this.#deps.poisoned.failed({ kind: decider.kind, key }, known, command.type, error, at);
    if (command.type === 'Answered') this.#deps.outbox.postpone(idOf(command));
    this.#answer(envelope, 'internal_error', null);
  }

  #answer({ partition, decider, command, reply }: Envelope, code: Code, body: unknown): void {
    if (reply) this.#deps.stage.open.replies.push({ partition, reply, code, body });
    this.#deps.statistics.decided(decider.kind, code, rowCount(command));
  }

  /** Puts the reply and the pushes into the batch; false when they cannot be made. What happened stands all the same. */
  #show(
    envelope: Envelope,
    actor: Actor | undefined,
    state: unknown,
    decision: Decision<unknown, AnyEvent>,
    at: number,
  ): boolean {
    const { partition, decider, key, command } = envelope;
    let body: unknown = null;
    let pushes: readonly Push[] | undefined;
    try {
      // Nobody waits for the reply to a Tick or an answer.
      if (envelope.reply)
        body = typeof decision.reply === 'function' ? decision.reply(state) : (decision.reply ?? null);
      pushes = typeof decision.pushes === 'function' ? decision.pushes(state) : decision.pushes;
    } catch (error) {
      if (partition.isOpen)
        this.#deps.poisoned.failed({ kind: decider.kind, key }, actor, command.type, error, at);
      this.#answer(envelope, 'internal_error', null);
      return false;
    }
    this.#answer(envelope, decision.code, body);
    this.#push(partition, pushes);
    return true;
  }

  #push(partition: Partition, pushes: readonly Push[] | undefined): void {
    const { open } = this.#deps.stage;
    for (const push of pushes ?? []) {
      open.pushes.push(push);
      open.pushedBy.push(partition);
    }
  }

  /** False when the events cannot be applied: then none of them is journaled, and the partition is halted. */
  #apply(actor: Actor, events: readonly AnyEvent[], at: number): boolean {
    const { partition } = actor;
    for (const event of events) {
      try {
        partition.evolve(actor, event, partition.seq + 1);
      } catch (error) {
        this.#deps.partitions.halt(partition, cannotApply(actor, event, error), actor);
        return false;
      }
    }
    for (const event of events) this.#record(actor, event, at);
    return true;
  }

  /** Puts what has happened into the batch. */
  #record(actor: Actor, event: AnyEvent, at: number): void {
    const { partition, kind, key } = actor;
    const { open } = this.#deps.stage;
    if (partition.records.length === 0) open.partitions.push(partition);
    partition.unsavedSinceMs ??= at;
    partition.records.push({ kind, key, event });
    this.#deps.statistics.happened(actor.decider, event);
    open.events++;
  }

  /** What is newly pending in the actor, and when it is to have its next Tick. */
  #follow(actor: Actor, at: number): void {
    const { outbox, stage, timers, poisoned } = this.#deps;
    outbox.collect(actor, stage.open.outgoing);
    timers.arm(actor, poisoned.deadlineOf(actor, at));
  }
}

/** Of an `Answered`. */
function idOf(command: AnyCommand): string {
  return (command as unknown as { id: string }).id;
}

function isChange({ code, events }: Decision<unknown, AnyEvent>): boolean {
  return code !== 'ok' || events.length > 0;
}
