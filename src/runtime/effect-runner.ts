/** Routes a request to the effect of its kind. A command that fails unexpectedly is answered `busy` and comes again. */

import { type Answer, busy } from '../protocol/answer.ts';
import type { AnyCommand } from '../protocol/command.ts';
import type { Effect, EffectDeps, EffectType } from '../protocol/effect.ts';
import type { Log } from '../protocol/log.ts';
import type { Family } from '../protocol/metric.ts';
import type { ReplyTo } from './mailbox.ts';

class EffectRunner {
  readonly #effectByKind: ReadonlyMap<string, Effect>;
  readonly #log: Log;

  constructor(effectByKind: ReadonlyMap<string, Effect>, log: Log) {
    this.#effectByKind = effectByKind;
    this.#log = log;
  }

  deliver(kind: string, command: AnyCommand, reply: ReplyTo): void {
    void this.#answer(kind, command).then(({ code, body }) => reply(code, body));
  }

  async #answer(kind: string, command: AnyCommand): Promise<Answer> {
    const effect = this.#effectByKind.get(kind);
    if (!effect) return { code: 'not_found', body: null };
    try {
      return await effect.handle(command);
    } catch (error) {
      this.#log('error', 'an effect failed', { kind, command: command.type, error: String(error) });
      return busy;
    }
  }

  metrics(): Family[] {
    return [...this.#effectByKind.values()].flatMap((effect) => effect.metrics());
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#effectByKind.values()].map((effect) => effect.stop()));
  }
}

export function startEffects<Settings>(
  types: readonly EffectType<Settings>[],
  deps: EffectDeps<Settings>,
): EffectRunner {
  return new EffectRunner(new Map(types.map((type) => [type.kind, type.create(deps)])), deps.log);
}
