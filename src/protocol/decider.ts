/**
 * The actor contract. An actor is one pure state machine; the runtime owns time, ids, I/O and order.
 *
 * 1. `decide` reads the state and never changes it; `evolve` is the only writer and never refuses. `decideRows` writes
 *    each row that it accepts, by the function by which `evolve` does it.
 * 2. `decide` checks in one order: repeat of a known id, then state, then the buyer's limit, then stock.
 * 3. A business refusal is a code, never an exception. An exception is a bug: in `evolve` it halts the partition, anywhere
 *    else it poisons this one actor (runtime/poisoned.ts). `evolve` throws for an event that it does not know, `restore`
 *    for a version that it does not know: what a later release wrote is never taken in silence.
 * 4. `pendingMessages` is a function of the state alone: whatever the actor still wants from others is found again
 *    after a crash by asking it. The runtime sends each pending message once, and again when no answer came.
 * 5. An actor whose answer to a command has another shape than the command's declaration says does not compile.
 */
import type { Accepted, Code, Refusal } from './codes.ts';
import type { AnswerTo, AnyCommand, CommandType, ReplyOf, RowCommand, Sent } from './command.ts';
import type { RowAnswers, Rows } from './rows.ts';
import type { Slices } from './slices.ts';
import type { Words } from './uuid-words.ts';

/** Engine time: milliseconds since the Unix epoch, never going back within a process. */
export type Instant = number;

/**
 * Whether a number from outside is a time at all. NaN compares as neither earlier nor later, so it would pass every
 * check and never come: an actor refuses it before it becomes an event.
 */
export function isInstant(atMs: unknown): atMs is Instant {
  return Number.isSafeInteger(atMs);
}

/** Any event as the machinery sees it. */
export interface AnyEvent {
  readonly type: string;
}

/** Where no known event is left. */
export function unknownEvent(event: never): never {
  throw new Error(`the event ${(event as AnyEvent).type} is not known`);
}

/** Something to show: it may be lost, so it never carries a decision. */
export interface Push {
  /** `<group>/<name>`: for a channel's subscribers or, when no channel has that group, for the account of that name. */
  readonly topic: string;
  readonly type: string;
  readonly body: unknown;
}

/** Something, or a function that makes it from the state after the events. */
type OrAfter<State, Value> = Value | ((after: State) => Value);

type Answering<State, Reply> = null extends Reply
  ? { readonly reply?: OrAfter<State, Reply> }
  : { readonly reply: OrAfter<State, Reply> };

type AcceptedDecision<State, Event, Reply> = Answering<State, Reply> & {
  readonly code: Accepted;
  readonly events: readonly Event[];
  readonly pushes?: OrAfter<State, readonly Push[]>;
};

/** A refusal changes nothing and shows nothing; its body holds details, or null. */
export interface RefusedDecision {
  readonly code: Refusal;
  readonly events: readonly never[];
  readonly reply?: object | null;
  readonly pushes?: undefined;
}

/** What an actor decides about one command. An accepted command is answered with `Reply`, which its declaration names. */
export type Decision<State, Event, Reply = object | null> =
  | AcceptedDecision<State, Event, Reply>
  | RefusedDecision;

/**
 * What an actor decides about a group of rows: at most one event for all that it accepts. Each accepted row has been
 * applied already, by the function by which `evolve` applies the event: the rows after it had to see it.
 */
export interface RowsDecision<Event> {
  /** What accepted rows are answered with. */
  readonly code: Accepted;
  readonly event: Event | null;
  /** What happens besides, at the same time: evolved after `event`, and not applied yet. */
  readonly more?: readonly Event[];
  /** What the answers of accepted rows share. */
  readonly common: unknown;
  /** Or a function that makes them after all that happens. */
  readonly pushes?: readonly Push[] | (() => readonly Push[]);
}

export const noEvents: readonly never[] = [];

export function refuse(code: Refusal, details: object | null = null): RefusedDecision {
  return { code, events: noEvents, reply: details };
}

export interface Tick {
  readonly type: 'Tick';
}

/** The answer to a pending message. An answer `busy` is not delivered: the runtime asks again later. */
export interface Answered {
  readonly type: 'Answered';
  readonly id: string;
  readonly code: Code;
  readonly body: unknown;
}

/** Delivered by the runtime to every actor besides its own commands. */
export type RuntimeCommand = Tick | Answered;

/** What an actor does with each of its commands: one function per declaration, and those for the runtime's own. */
type Handlers<State, Declared extends CommandType, Event> = {
  readonly [One in Declared as One['type']]: (
    state: State,
    command: Sent<One>,
    at: Instant,
  ) => Decision<State, Event, ReplyOf<One>>;
} & {
  readonly Tick: (state: State, command: Tick, at: Instant) => Decision<State, Event, null>;
  readonly Answered: (state: State, command: Answered, at: Instant) => Decision<State, Event, null>;
};

/** The handlers as one `decide`. A command costs one look-up in a table without a prototype. */
export function dispatch<State, Declared extends CommandType, Event>(
  handlers: Handlers<State, Declared, Event>,
): (state: State, command: Sent<Declared> | RuntimeCommand, at: Instant) => Decision<State, Event> {
  const handlerByType: Readonly<
    Record<string, (state: State, command: AnyCommand, at: Instant) => Decision<State, Event>>
  > = Object.assign(Object.create(null), handlers);
  return (state, command, at) => handlerByType[command.type]!(state, command, at);
}

/** A message that an actor wants answered. `id` is unique for ever, so that the receiver can tell a repeat. */
export interface PendingMessage<Command = AnyCommand> {
  readonly id: string;
  /** The receiver's address; kinds of effects are served by the back office, all others by shards. */
  readonly kind: string;
  readonly key: string;
  readonly command: Command;
  /** Its declaration where it stands in a row: those of a turn to one actor travel together (rows.ts). */
  readonly inRows?: RowCommand | undefined;
  /** It may wait a moment, so that those of many actors leave together: what each of them costs alone is paid once. */
  readonly canWait?: true;
}

/** A message to the kind of receiver that the command is declared for. The command is sent as it is, not copied. */
export function message<Declared extends CommandType>(
  id: string,
  declaration: Declared,
  key: string,
  command: Sent<Declared>,
): PendingMessage<Sent<Declared>> {
  const inRows = declaration.rows === undefined ? undefined : (declaration as unknown as RowCommand);
  return { id, kind: declaration.kind, key, command, inRows };
}

/** The answer to a message, as the message's declaration says. Cast once, here: an answer comes from the wire. */
export function answerTo<Declared extends CommandType>(
  _declaration: Declared,
  answered: Answered,
): AnswerTo<Declared> {
  return answered as AnswerTo<Declared>;
}

/** What an actor does with the answer to each of the commands that it sends: one function per declaration. */
type AnswerHandlers<State, Declared extends CommandType, Event> = {
  readonly [One in Declared as One['type']]: (
    state: State,
    command: Sent<One>,
    answer: AnswerTo<One>,
    at: Instant,
  ) => readonly Event[];
};

/** The handlers as one function from a pending message and its answer to events. */
export function dispatchAnswer<State, Declared extends CommandType, Event>(
  handlers: AnswerHandlers<State, Declared, Event>,
): (state: State, command: Sent<Declared>, answer: Answered, at: Instant) => readonly Event[] {
  const handlerByType: Readonly<
    Record<string, (state: State, command: AnyCommand, answer: Answered, at: Instant) => readonly Event[]>
  > = Object.assign(Object.create(null), handlers);
  return (state, command, answer, at) => handlerByType[command.type]!(state, command, answer, at);
}

export interface Decider<State, Command, Event> {
  readonly kind: string;
  /** Raised when the shape of the state changes; `restore` understands every earlier version. */
  readonly version: number;
  initial(key: string): State;
  decide(state: State, command: Command | RuntimeCommand, at: Instant): Decision<State, Event>;
  /** Decides rows one after the other and answers those that are not accepted as new; see `RowsDecision`. */
  decideRows?(state: State, rows: Rows, at: Instant, answers: RowAnswers): RowsDecision<Event>;
  evolve(state: State, event: Event): void;
  pendingMessages(state: State): readonly PendingMessage[];
  /** When the actor wants its next `Tick`: always later than `at`, or Infinity. */
  deadline(state: State, at: Instant): Instant;
  /**
   * The state as plain data or typed arrays (copied: the actor goes on changing its own). Where there is very much of it,
   * as an object with `blocks`, an array of byte arrays: each of them is saved on its own, and only when its bytes are
   * others than before. So what stands in a block should not move when something else changes.
   */
  snapshot(state: State): unknown;
  /** The same in slices. */
  snapshotInSlices?(state: State): Slices<unknown>;
  restore(key: string, snapshot: unknown, version: number): State;
  /** The same in slices, where a state may be so large that a thread must not be held up by making it. */
  restoreInSlices?(key: string, snapshot: unknown, version: number): Slices<State>;
  /**
   * Other names by which the actor can be found (a hold's id), added and dropped by an event; `state` is as it was
   * before. Whoever has this has the three after it.
   */
  names?(
    event: Event,
    state: State,
  ): {
    readonly add?: readonly string[];
    readonly addRows?: UuidRows;
    readonly drop?: readonly string[];
  } | null;
  allNames?(state: State): Iterable<string>;
  /** How many that are. */
  nameCount?(state: State): number;
  hasName?(state: State, name: string): boolean;
  /** What operators should see of this actor now. Measures of one name and one set of labels are added up. */
  gauges?(state: State): Iterable<Measure>;
  /** The counter that this event adds 1 to. Asked for every event: the answers are static objects. */
  counts?(event: Event): Counted | null;
}

/** UUIDs in words: the first one begins at `from`, each other one `step` words after the one before. */
export interface UuidRows {
  readonly words: Words;
  readonly from: number;
  readonly step: number;
  readonly count: number;
}

/** One number for operators. The same name has the same help wherever it is given. */
export interface Measure {
  readonly name: string;
  readonly help: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export type Counted = Omit<Measure, 'value'>;

/** An actor as the runtime sees it: the types of its state, commands and events are its own affair. */
export type AnyDecider = Decider<unknown, AnyCommand, AnyEvent>;

/**
 * Erases an actor's own types. The cast is sound as long as the runtime gives a decider only the states that it made,
 * the events of its own kind's records, and commands that were sent through a declaration of its kind.
 */
export function register<State, Command extends AnyCommand, Event extends AnyEvent>(
  decider: Decider<State, Command, Event>,
): AnyDecider {
  return decider as unknown as AnyDecider;
}
