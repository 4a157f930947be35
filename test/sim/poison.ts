/**
 * Actors whose decider throws for a while: the real decider, with a bug that is switched on and off. It throws before it
 * does anything, as a bug in a pure function does; only where it applies an event, what it leaves behind is unknown.
 */
import type { AnyDecider } from '../../src/protocol/decider.ts';
import { keyOf } from './check-state.ts';
import type { Instance } from './instance.ts';
import type { World } from './world.ts';

/** Where the decider throws: at every command, at one type, when it is asked, or when it applies a decided event. */
export const poisonPlaces = ['any', 'Tick', 'Answered', 'deadline', 'pendingMessages', 'evolve'] as const;
export type PoisonPlace = (typeof poisonPlaces)[number];

export interface PoisonFault {
  readonly place: PoisonPlace;
  untilMs: number;
}

/** After a turn. */
const soonMs = 50;

/** The same decider, with the bugs that are switched on. */
export function struck(decider: AnyDecider, instance: Instance, world: World): AnyDecider {
  const { faults, loop, count, fail } = world;
  const { kind } = decider;
  const strike = (state: unknown, ...places: PoisonPlace[]) => {
    const key = keyOf(kind, state);
    const fault = key === null ? undefined : faults.poison.get(`${kind}/${key}`);
    if (!fault || fault.untilMs <= loop.nowMs || !places.includes(fault.place)) return;
    count(`a decider throws: ${fault.place}`);
    loop.after(soonMs, null, () => {
      if (!instance.isAlive && instance.endedBy === null)
        fail('a poisoned actor ends no shard', `${instance.name}: ${kind}/${key}, ${fault.place}`);
    });
    throw new Error(`${kind}/${key} is poisoned: ${fault.place}`);
  };
  // Replay meets no bug: what could not be applied was never journaled.
  let decidedOn: unknown = null;
  return {
    ...decider,
    decide(state, command, at) {
      strike(state, 'any', command.type as PoisonPlace);
      decidedOn = state;
      return decider.decide(state, command, at);
    },
    ...(decider.decideRows && {
      decideRows(state, rows, at, answers) {
        strike(state, 'any');
        const decision = decider.decideRows!(state, rows, at, answers);
        if (answers.accepted > 0) strike(state, 'evolve');
        return decision;
      },
    }),
    evolve(state, event) {
      if (state === decidedOn) strike(state, 'evolve');
      decider.evolve(state, event);
    },
    deadline(state, at) {
      strike(state, 'deadline');
      return decider.deadline(state, at);
    },
    pendingMessages(state) {
      strike(state, 'pendingMessages');
      return decider.pendingMessages(state);
    },
  };
}
