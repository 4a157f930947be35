/**
 * The actor contract. An actor is one pure state machine; the runtime owns time, ids, I/O and order.
 *
 * 1. `decide` reads the state and never changes it; `evolve` is the only writer and never refuses.
 * 2. `decide` checks in one order: repeat of a known id, then state, then the buyer's limit, then stock.
 * 3. A business refusal is a code, never an exception. An exception is a bug: the shard stops and replays.
 * 4. `pendingMessages` is a function of the state alone: whatever the actor still wants from others is found again
 *    after a crash by asking it. The runtime sends each owed item once, and again when no answer came.
 */
import type { Code } from './codes.ts';
import type { AnyCommand } from './command.ts';

/** Engine time: milliseconds since the Unix epoch, never going back within a process. */
export type Instant = number;

/** A message that an actor wants answered. `id` is unique for ever, so that the receiver can tell a repeat. */
export interface PendingMessage<Command = AnyCommand> {
  readonly id: string;
  /** The receiver's address; kind `payments` is served by the back office, all others by shards. */
  readonly kind: string;
  readonly key: string;
  readonly command: Command;
}

/** Something to show: it may be lost, so it never carries a decision. */
export interface Push {
  /** `sale/<saleId>` for everybody in the room, `buyer/<accountId>` for one account. */
  readonly topic: string;
  readonly type: string;
  readonly body: unknown;
}

export interface Decision<State, Event> {
  readonly code: Code;
  readonly events: readonly Event[];
  /** The answer's body, or a function that makes it from the state after the events. */
  readonly reply?: object | null | ((state: State) => object | null);
  readonly pushes?: readonly Push[] | ((state: State) => readonly Push[]);
}

/** Delivered by the runtime to every actor besides its own commands. */
export type RuntimeCommand =
  | { readonly type: 'Tick' }
  /** The answer to an owed item. An answer `busy` is not delivered: the runtime asks again later. */
  | { readonly type: 'Answered'; readonly id: string; readonly code: Code; readonly body: unknown };

export interface Decider<State, Command, Event> {
  readonly kind: string;
  /** Raised when the shape of the state changes; `restore` understands every earlier version. */
  readonly version: number;
  initial(key: string): State;
  decide(state: State, command: Command | RuntimeCommand, at: Instant): Decision<State, Event>;
  evolve(state: State, event: Event): void;
  pendingMessages(state: State): readonly PendingMessage[];
  /** When the actor wants its next `Tick`: always later than `at`, or Infinity. */
  deadline(state: State, at: Instant): Instant;
  /** The state as plain data or typed arrays (copied: the actor goes on changing its own). */
  snapshot(state: State): unknown;
  restore(key: string, snapshot: unknown, version: number): State;
  /** Other names by which the actor can be found (a hold's id), added and dropped by an event. */
  names?(event: Event): { readonly add?: string; readonly drop?: string } | null;
  allNames?(state: State): Iterable<string>;
  /** What operators should see of this actor now. Measures of one name and one set of labels are added up. */
  gauges?(state: State): Iterable<Measure>;
  /** The counter that this event adds 1 to. Asked for every event: the answers are static objects. */
  counts?(event: Event): Counted | null;
}

/** One number for operators. The same name has the same help wherever it is given. */
export interface Measure {
  readonly name: string;
  readonly help: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export type Counted = Omit<Measure, 'value'>;

// biome-ignore lint/suspicious/noExplicitAny: a registry of deciders is heterogeneous by nature
export type AnyDecider = Decider<any, any, any>;
