/**
 * Idempotency keys and their answers, kept by their owner's `idempotency` actor.
 *
 * An engine that is away may have taken a begin, or lost a finish, without saying so. The command is sent again, a
 * bounded number of times and beside the request, so that the key is not taken for running when nobody runs it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type BegunRequest, beginRequest, finishRequest } from '../../actors/idempotency/commands.ts';
import { accepted } from '../../gateway/handling.ts';
import type { Begun, KeptAnswer, KeyedRequest, KeyStore } from '../../gateway/key-store.ts';
import type { Ask } from '../../protocol/command.ts';

/** No server run has this name: a request that this run holds may be run again by any other. */
const handedBack = 'handed-back';
/** An answer waits at most so long more for being stored: a repeat would run on the same resource. */
const storeMsMax = 1_000;
const resendMsMax = 60_000;
/** Commands that are being sent again at once; beyond, the actor's own time limit has to do. */
const resendingMax = 1_000;

export class ActorKeyStore implements KeyStore {
  readonly #ask: Ask;
  /** A request left open by an earlier run may be run again. */
  readonly #run: { readonly name: string };
  #resending = 0;

  constructor(ask: Ask, run: { readonly name: string }) {
    this.#ask = ask;
    this.#run = run;
  }

  async begin(request: KeyedRequest): Promise<Begun> {
    const { owner, ...fields } = request;
    const answer = await this.#ask(beginRequest, owner, { ...fields, run: this.#run.name });
    if (answer.code === 'busy') void this.handBack(request);
    return begunFrom(accepted(answer));
  }

  finish({ owner, key }: KeyedRequest, answer: KeptAnswer): Promise<void> {
    return this.#send(async () => {
      const { code } = await this.#ask(finishRequest, owner, { key, ...answer });
      return code !== 'busy';
    });
  }

  handBack({ owner, ...fields }: KeyedRequest): Promise<void> {
    return this.#send(async () => {
      const { code } = await this.#ask(beginRequest, owner, { ...fields, run: handedBack });
      return code !== 'busy';
    });
  }

  /** Resolves when the engine has heard it, or soon: what it has not heard then is sent again beside the request. */
  async #send(isHeard: () => Promise<boolean>): Promise<void> {
    if ((await isHeard()) || this.#resending >= resendingMax) return;
    this.#resending += 1;
    const again = sendAgain(isHeard).finally(() => {
      this.#resending -= 1;
    });
    await Promise.race([again, delay(storeMsMax, undefined, { ref: false })]);
  }
}

/** Gives up when the actor takes the request for lost by itself. */
async function sendAgain(isHeard: () => Promise<boolean>): Promise<void> {
  const untilMs = performance.now() + resendMsMax;
  for (let pauseMs = 50; performance.now() < untilMs; pauseMs = Math.min(2_000, pauseMs * 2)) {
    await delay(pauseMs, undefined, { ref: false });
    if (await isHeard()) return;
  }
}

function begunFrom({ outcome, resourceId, status, body, location, etag }: BegunRequest): Begun {
  if (outcome === 'run') return { outcome, resourceId };
  return { outcome, status: status ?? 200, body: typeof body === 'string' ? body : null, location, etag };
}
