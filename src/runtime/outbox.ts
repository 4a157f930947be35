/**
 * Messages that actors owe: sent once their cause is durable, and again until they are answered.
 *
 * 1. What is owed is read from the state (`owes`), never stored: after a crash it is found again by asking.
 * 2. An id is open from the moment it is found until its answer has been decided on; meanwhile it is not sent twice.
 * 3. `busy` and silence both mean: ask again later, with the same id.
 */
import type { Code } from '../protocol/codes.ts';
import type { Owed } from '../protocol/decider.ts';
import type { Actor } from './partition.ts';

export interface Outgoing {
  readonly actor: Actor;
  readonly owed: Owed;
  /** Not sent before it is durable. */
  sentAtMs: number | null;
  /** An answer is on its way to the actor: later ones are dropped. */
  isAnswered: boolean;
}

/** After this long without an answer a message is sent again; receivers know repeats. */
const resendAfterMs = 3000;
/** A receiver that was busy, or not there, is asked again after this long. */
const retryBusyMs = 250;

export class Outbox {
  readonly #openById = new Map<string, Outgoing>();
  readonly #send: (owed: Owed, done: (code: Code, body: unknown) => void) => void;
  readonly #deliver: (actor: Actor, owedId: string, code: Code, body: unknown) => void;
  readonly #now: () => number;

  constructor(
    send: (owed: Owed, done: (code: Code, body: unknown) => void) => void,
    deliver: (actor: Actor, owedId: string, code: Code, body: unknown) => void,
    now: () => number,
  ) {
    this.#send = send;
    this.#deliver = deliver;
    this.#now = now;
  }

  get depth(): number {
    return this.#openById.size;
  }

  /** What this actor newly owes, to be put into the batch that makes it durable. */
  collect(actor: Actor, into: Outgoing[]): void {
    for (const owed of actor.decider.owes(actor.state)) {
      if (this.#openById.has(owed.id)) continue;
      const outgoing = { actor, owed, sentAtMs: null, isAnswered: false };
      this.#openById.set(owed.id, outgoing);
      into.push(outgoing);
    }
  }

  send(outgoing: Outgoing): void {
    const { owed } = outgoing;
    if (this.#openById.get(owed.id) !== outgoing) return;
    outgoing.sentAtMs = this.#now();
    this.#send(owed, (code, body) => {
      if (outgoing.isAnswered || this.#openById.get(owed.id) !== outgoing) return;
      if (code === 'busy') {
        outgoing.sentAtMs = this.#now() - resendAfterMs + retryBusyMs;
        return;
      }
      outgoing.isAnswered = true;
      this.#deliver(outgoing.actor, owed.id, code, body);
    });
  }

  /** The answer is about to be decided on: from now on the state says whether the message is owed. */
  close(owedId: string): void {
    this.#openById.delete(owedId);
  }

  /** Sends again what was not answered in time, and forgets what is not owed any more. */
  resend(): void {
    const before = this.#now() - resendAfterMs;
    for (const [id, outgoing] of this.#openById) {
      if (outgoing.isAnswered || outgoing.sentAtMs === null || outgoing.sentAtMs > before) continue;
      const { decider, state } = outgoing.actor;
      if (decider.owes(state).some((owed: Owed) => owed.id === id)) this.send(outgoing);
      else this.#openById.delete(id);
    }
  }
}
