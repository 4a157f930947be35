/**
 * An effect is what an actor wants done outside the engine, such as a charge. The actor sends a command, and the back
 * office hands it to the effect of the command's kind.
 *
 * 1. Each command gets one final answer. The shard sends a command again until it has one, also after a crash, so an
 *    effect must recognise a repeat.
 * 2. `busy` is not final: the shard asks again later. An effect that stops answers its open commands with it.
 */

import type { Answer } from './answer.ts';
import type { AnyCommand } from './command.ts';
import type { Instant } from './decider.ts';
import type { Log } from './log.ts';
import type { Family } from './metric.ts';

export interface EffectDeps<Settings> {
  readonly log: Log;
  readonly now: () => Instant;
  /** What operators have configured for the world outside. */
  readonly settings: Settings;
}

export interface Effect<Command extends AnyCommand = AnyCommand> {
  handle(command: Command): Promise<Answer>;
  metrics(): readonly Family[];
  stop(): Promise<void>;
}

/** How an effect is registered: `kind` is the address kind of the commands that it serves. */
export interface EffectType<Settings, Command extends AnyCommand = AnyCommand> {
  readonly kind: string;
  create(deps: EffectDeps<Settings>): Effect<Command>;
}
