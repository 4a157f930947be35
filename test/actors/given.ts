/**
 * Tests of actors as sentences: given what happened, when somebody asks, then this is decided.
 *
 *   given(skuDecider, 'PS-1').events(...).when(placeHold, at).then({ code: 'created', events: [...] })
 *
 * 1. `then` applies the decided events and returns the case, so that a story can go on with the next `when`.
 * 2. Expectations are partial: only what is named is compared, but lists must have the same length.
 * 3. Every `when` also checks that deciding changes nothing and that the next deadline lies in the future.
 */
import { expect } from 'vitest';
import type { Code } from '../../src/protocol/codes.ts';
import type { Decider, Push, RuntimeCommand } from '../../src/protocol/decider.ts';

export interface Expected {
  readonly code: Code;
  readonly events?: readonly object[];
  readonly reply?: object | null;
  readonly pushes?: readonly object[];
  /** The pending messages afterwards. */
  readonly pendingMessages?: readonly object[];
  /** The deadline afterwards, as seen at the time of the command. */
  readonly deadline?: number;
}

export interface Decided<Event> {
  readonly code: Code;
  readonly events: readonly Event[];
  readonly reply: object | null;
  readonly pushes: readonly Push[];
}

/** What the runtime does with one command: decide, then evolve, then make the answer and the pushes. */
export function step<State, Command, Event>(
  decider: Decider<State, Command, Event>,
  state: State,
  command: Command | RuntimeCommand,
  at: number,
): Decided<Event> {
  const { code, events, reply, pushes } = decider.decide(state, command, at);
  for (const event of events) decider.evolve(state, event);
  return {
    code,
    events,
    reply: typeof reply === 'function' ? reply(state) : (reply ?? null),
    pushes: typeof pushes === 'function' ? pushes(state) : (pushes ?? []),
  };
}

export class Case<State, Command, Event> {
  readonly decider: Decider<State, Command, Event>;
  readonly state: State;

  constructor(decider: Decider<State, Command, Event>, key: string) {
    this.decider = decider;
    this.state = decider.initial(key);
  }

  events(...events: Event[]): this {
    for (const event of events) this.decider.evolve(this.state, event);
    return this;
  }

  when(command: Command | RuntimeCommand, at: number) {
    const before = structuredClone(this.decider.snapshot(this.state));
    this.decider.decide(this.state, command, at);
    expect(this.decider.snapshot(this.state)).toEqual(before);
    const decided = step(this.decider, this.state, command, at);
    expect(this.decider.deadline(this.state, at)).toBeGreaterThan(at);
    return {
      decided,
      // biome-ignore lint/suspicious/noThenProperty: given, when, then; nobody awaits it
      then: (expected: Expected): this => {
        this.#compare(decided, expected, at);
        return this;
      },
    };
  }

  #compare(decided: Decided<Event>, expected: Expected, at: number): void {
    expect(decided.code).toBe(expected.code);
    if (expected.events) expect(decided.events).toMatchObject(expected.events);
    if (expected.reply === null) expect(decided.reply).toBeNull();
    else if (expected.reply) expect(decided.reply).toMatchObject(expected.reply);
    if (expected.pushes) expect(decided.pushes).toMatchObject(expected.pushes);
    if (expected.pendingMessages)
      expect(this.decider.pendingMessages(this.state)).toMatchObject(expected.pendingMessages);
    if (expected.deadline !== undefined)
      expect(this.decider.deadline(this.state, at)).toBe(expected.deadline);
  }
}

export function given<State, Command, Event>(
  decider: Decider<State, Command, Event>,
  key: string,
): Case<State, Command, Event> {
  return new Case(decider, key);
}
