/**
 * Poisoned actors: those whose decider threw where it must not. An exception there is a bug, and it must cost one actor
 * and no other.
 *
 * 1. A decision that throws is answered `internal_error` and changes nothing: `decide` and whatever else is asked of a
 *    state never write to it, so the actor is as it was. What throws while it writes (`evolve`) halts the partition.
 * 2. A poisoned actor has a Tick after growing, bounded pauses, whatever its deadline says, and stays poisoned until a
 *    decision succeeds and its deadline and pending messages can be told; when time itself failed, until a Tick does.
 * 3. Messages of a poisoned actor, and messages to one, are not lost: the outbox sends again what is still pending.
 * 4. At most `linesMax` lines a minute are logged, however many actors and commands fail.
 */
import { backoffMs } from '../protocol/backoff.ts';
import { type AnyDecider, isInstant, type PendingMessage } from '../protocol/decider.ts';
import type { Log } from '../protocol/log.ts';
import type { PoisonedActor } from '../protocol/shard-row.ts';
import type { Actor, Partition } from './partition.ts';
import type { Timers } from './timers.ts';

const retryFirstMs = 500;
const retryMaxMs = 60_000;
const linesMax = 20;
const lineWindowMs = 60_000;
const reasonLengthMax = 300;
/** Of so many the names are shown; all are counted. */
const shownMax = 20;

const timeNames: ReadonlySet<string> = new Set(['Tick', 'deadline', 'pendingMessages']);
const nothingPending: readonly PendingMessage[] = [];

export class PoisonedActors {
  readonly #actors = new Set<Actor>();
  readonly #timers: Timers<Actor>;
  readonly #log: Log;
  #windowEndsAtMs = 0;
  #lines = 0;
  #unsaid = 0;

  constructor(timers: Timers<Actor>, log: Log) {
    this.#timers = timers;
    this.#log = log;
  }

  /** The decider threw. Without an actor (nobody was there yet) there is nothing to mark: the command alone is at fault. */
  failed(
    address: { kind: string; key: string },
    actor: Actor | undefined,
    during: string,
    error: unknown,
    at: number,
  ): void {
    const reason = String(error).slice(0, reasonLengthMax);
    if (!actor || actor.poison === null) {
      const stack = error instanceof Error ? error.stack : undefined;
      this.#say(
        'error',
        'a decision threw',
        { kind: address.kind, key: address.key, during, error: stack ?? reason },
        at,
      );
    }
    if (!actor) return;
    const poison = actor.poison ?? {
      during,
      reason,
      failures: 0,
      sinceMs: at,
      retryAtMs: at,
      isOfTime: false,
    };
    poison.during = during;
    poison.reason = reason;
    poison.isOfTime ||= timeNames.has(during);
    poison.retryAtMs = at + backoffMs(retryFirstMs, retryMaxMs, poison.failures++);
    actor.poison = poison;
    this.#actors.add(actor);
    // What the actor waits for comes in time all the same, unless it is time that it fails in.
    const dueMs = poison.isOfTime ? poison.retryAtMs : Math.min(actor.deadlineMs, poison.retryAtMs);
    this.#timers.arm(actor, dueMs);
    this.#timers.watch();
  }

  /** A decision of a poisoned actor succeeded. */
  decided(actor: Actor, type: string, at: number): void {
    const { poison, decider, state, kind, key } = actor;
    if (poison === null || (poison.isOfTime && type !== 'Tick')) return;
    try {
      deadlineIn(decider, state, at);
      decider.pendingMessages(state);
    } catch (error) {
      this.failed(actor, actor, 'deadline', error, at);
      return;
    }
    actor.poison = null;
    this.#actors.delete(actor);
    this.#say('info', 'a poisoned actor decides again', { kind, key, failures: poison.failures }, at);
  }

  /** When the actor is to have its next Tick. */
  deadlineOf(actor: Actor, at: number): number {
    if (actor.poison === null) {
      try {
        return deadlineIn(actor.decider, actor.state, at);
      } catch (error) {
        this.failed(actor, actor, 'deadline', error, at);
      }
    }
    return actor.poison!.retryAtMs;
  }

  /** Nothing, when the actor cannot tell. */
  pendingOf(actor: Actor, at: number): readonly PendingMessage[] {
    try {
      return actor.decider.pendingMessages(actor.state);
    } catch (error) {
      this.failed(actor, actor, 'pendingMessages', error, at);
      return nothingPending;
    }
  }

  forget(partition: Partition): void {
    for (const actor of this.#actors) if (actor.partition === partition) this.#actors.delete(actor);
  }

  countByKind(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { kind } of this.#actors) counts.set(kind, (counts.get(kind) ?? 0) + 1);
    return counts;
  }

  shown(at: number): PoisonedActor[] {
    return [...this.#actors].slice(0, shownMax).map(({ kind, key, partition, poison }) => {
      const { during, reason, failures, sinceMs } = poison!;
      const failingSeconds = Math.max(0, (at - sinceMs) / 1000);
      return { kind, key, partition: partition.number, during, reason, failures, failingSeconds };
    });
  }

  #say(level: 'info' | 'error', message: string, fields: Record<string, unknown>, at: number): void {
    if (at >= this.#windowEndsAtMs) {
      this.#windowEndsAtMs = at + lineWindowMs;
      this.#lines = 0;
    }
    if (this.#lines++ >= linesMax) {
      this.#unsaid++;
      return;
    }
    this.#log(level, message, this.#unsaid > 0 ? { ...fields, linesLeftOut: this.#unsaid } : fields);
    this.#unsaid = 0;
  }
}

/** Timers are given times alone: one that is none would put all deadlines of the shard out of order. */
function deadlineIn(decider: AnyDecider, state: unknown, at: number): number {
  const atMs = decider.deadline(state, at);
  if (atMs !== Number.POSITIVE_INFINITY && !isInstant(atMs)) throw new RangeError(`${atMs} is no time`);
  return atMs;
}
