/**
 * Pending messages of actors: sent once their cause is durable, and again until they are answered.
 *
 * 1. What is pending is read from the state (`pendingMessages`), never stored: after a crash it is found again by asking.
 * 2. A message counts as open from its first collect until the actor has processed the answer; meanwhile it is not sent
 *    twice.
 * 3. After `busy`, and when no answer came, the message is sent again later, with the same id, while its partition may
 *    answer: a replaced owner must not ask for what its successor has undone.
 * 4. `internal_error` is no answer: the receiver is poisoned. The message is sent again after pauses that grow. So it is
 *    when the sender cannot decide on the answer.
 * 5. Messages that can wait leave together, the first at once after a silence and the others once in `gatherMs`: so their
 *    receivers decide in one turn and are answered in one batch, and the frames of both hold many events instead of one.
 */
import { backoffMs } from '../protocol/backoff.ts';
import type { Code } from '../protocol/codes.ts';
import type { PendingMessage } from '../protocol/decider.ts';
import type { Scheduler } from '../protocol/scheduler.ts';
import type { Actor, Partition } from './partition.ts';

export interface Outgoing {
  readonly actor: Actor;
  readonly pending: PendingMessage;
  /** Not sent before it is durable. */
  sentAtMs: number | null;
  /** An answer is on its way to the actor: later ones are dropped. */
  isAnswered: boolean;
  /** How often a decider threw over it. */
  failures: number;
}

/** After this long without an answer a message is sent again; receivers know repeats. */
const resendAfterMs = 3000;
/** A receiver that was busy, or not there, is asked again after this long. */
const retryBusyMs = 250;
const retryFailedMsMax = 30_000;
const gatherMs = 100;
/** So many of those that waited leave in one piece; the others follow as soon as the shard has had its turn. */
const togetherMax = 500;

export interface OutboxDeps {
  readonly send: (outgoing: Outgoing, done: (code: Code, body: unknown) => void) => void;
  readonly deliver: (actor: Actor, messageId: string, code: Code, body: unknown) => void;
  readonly pendingOf: (actor: Actor) => readonly PendingMessage[];
  readonly mayAnswer: (partition: Partition) => boolean;
  readonly now: () => number;
  readonly scheduler: Pick<Scheduler, 'after'>;
}

export class Outbox {
  readonly #openById = new Map<string, Outgoing>();
  readonly #deps: OutboxDeps;
  /** Those that wait for others; null after a silence. */
  #gathered: Outgoing[] | null = null;
  #cancelGathering: () => void = () => {};

  constructor(deps: OutboxDeps) {
    this.#deps = deps;
  }

  get depth(): number {
    return this.#openById.size;
  }

  /** What is newly pending in this actor, to be put into the batch that makes it durable. */
  collect(actor: Actor, into: Outgoing[]): void {
    for (const pending of this.#deps.pendingOf(actor)) {
      if (this.#openById.has(pending.id)) continue;
      const outgoing = { actor, pending, sentAtMs: null, isAnswered: false, failures: 0 };
      this.#openById.set(pending.id, outgoing);
      into.push(outgoing);
    }
  }

  send(outgoing: Outgoing): void {
    if (outgoing.pending.canWait && this.#gathered !== null) {
      // So it is not sent again before it was sent.
      outgoing.sentAtMs = null;
      this.#gathered.push(outgoing);
      return;
    }
    if (outgoing.pending.canWait) this.#gatherOn(gatherMs, []);
    this.#sendNow(outgoing);
  }

  /** Nothing is sent any more. */
  end(): void {
    this.#cancelGathering();
  }

  #gatherOn(forMs: number, waiting: Outgoing[]): void {
    this.#gathered = waiting;
    this.#cancelGathering = this.#deps.scheduler.after(forMs, () => this.#sendGathered());
  }

  #sendGathered(): void {
    const waiting = this.#gathered!;
    if (waiting.length === 0) {
      this.#gathered = null;
      return;
    }
    const leaving = waiting.splice(0, togetherMax);
    this.#gatherOn(waiting.length > 0 ? 0 : gatherMs, waiting);
    for (const outgoing of leaving) {
      if (this.#deps.mayAnswer(outgoing.actor.partition)) this.#sendNow(outgoing);
      else this.#sendAfter(outgoing, retryBusyMs);
    }
  }

  #sendNow(outgoing: Outgoing): void {
    const { pending } = outgoing;
    if (this.#openById.get(pending.id) !== outgoing) return;
    outgoing.sentAtMs = this.#deps.now();
    this.#deps.send(outgoing, (code, body) => {
      if (outgoing.isAnswered || this.#openById.get(pending.id) !== outgoing) return;
      if (code === 'busy') this.#sendAfter(outgoing, retryBusyMs);
      else if (code === 'internal_error') this.#sendLater(outgoing);
      else {
        outgoing.isAnswered = true;
        this.#deps.deliver(outgoing.actor, pending.id, code, body);
      }
    });
  }

  /** The sender could not decide on the answer: it asks again later. */
  postpone(messageId: string): void {
    const outgoing = this.#openById.get(messageId);
    if (!outgoing) return;
    outgoing.isAnswered = false;
    this.#sendLater(outgoing);
  }

  #sendLater(outgoing: Outgoing): void {
    this.#sendAfter(outgoing, backoffMs(retryBusyMs, retryFailedMsMax, ++outgoing.failures));
  }

  #sendAfter(outgoing: Outgoing, pauseMs: number): void {
    outgoing.sentAtMs = this.#deps.now() - resendAfterMs + pauseMs;
  }

  /** The answer is about to be decided on: from now on the state says whether the message is pending. */
  close(messageId: string): void {
    this.#openById.delete(messageId);
  }

  /** Nothing of this partition is sent any more, and no answer to it is delivered. */
  forget(partition: Partition): void {
    for (const [id, { actor }] of this.#openById)
      if (actor.partition === partition) this.#openById.delete(id);
  }

  /** Sends again what was not answered in time, and forgets what is not pending any more. */
  resend(): void {
    const before = this.#deps.now() - resendAfterMs;
    for (const [id, outgoing] of this.#openById) {
      if (outgoing.isAnswered || outgoing.sentAtMs === null || outgoing.sentAtMs > before) continue;
      const { actor } = outgoing;
      if (!this.#deps.mayAnswer(actor.partition)) continue;
      const isPending = this.#deps.pendingOf(actor).some((pending) => pending.id === id);
      if (isPending) this.send(outgoing);
      // A poisoned actor may not be able to tell: what is pending is found again when it can.
      else this.#openById.delete(id);
    }
  }
}
