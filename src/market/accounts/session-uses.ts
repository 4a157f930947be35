/**
 * How often a session was renewed and when last, where that is kept in Redis (`SESSIONS_REDIS_URL`): what changes with
 * every use, and may be lost.
 *
 * 1. Whose a session is and that it has ended stays in the table `sessions`, and is asked for at every renewal: a Redis
 *    that comes back with an older state revives no session.
 * 2. A session without a value is refused: whoever loses it signs in again.
 * 3. Rows of such sessions have the generation -1, which no token has: without Redis, later on, nothing of them counts.
 * 4. No address is kept there: what is erased is erased in the table.
 */
import { perGateway } from '../../gateway/route.ts';
import type { ExpiringValues } from '../../persistence/expiring.ts';

/** Of a row whose generation is in Redis. */
export const elsewhere = -1;

const keyOf = (sessionId: string) => `doorbuster:session:${sessionId}`;

interface Use {
  readonly generation: number;
  readonly atMs: number;
}

export class SessionUses {
  readonly #values: ExpiringValues;
  readonly #seconds: number;

  constructor(values: ExpiringValues, seconds: number) {
    this.#values = values;
    this.#seconds = seconds;
  }

  async read(sessionIds: readonly string[]): Promise<(Use | null)[]> {
    return (await this.#values.get(sessionIds.map(keyOf))).map(useOf);
  }

  open(sessionId: string): Promise<void> {
    return this.#values.set(keyOf(sessionId), textOf(0), this.#seconds);
  }

  /**
   * From this generation to the next. `again`: that was done within `graceMs`. `reused`: somebody else went on from it.
   * `lost`: there is no value, and none is made unless `isFirst`.
   */
  async renew(
    sessionId: string,
    generation: number,
    graceMs: number,
    isFirst: boolean,
  ): Promise<'renewed' | 'again' | 'reused' | 'lost'> {
    const key = keyOf(sessionId);
    const next = textOf(generation + 1);
    const [before = null] = await this.#values.get([key]);
    const use = useOf(before);
    if (use === null && !isFirst) return 'lost';
    if (use === null || use.generation === generation) {
      if (await this.#values.replace(key, before, next, this.#seconds)) return 'renewed';
      // Another request was quicker, a moment ago: it has made what this one wants, unless it was from elsewhere.
      const [now = null] = await this.read([sessionId]);
      return now?.generation === generation + 1 ? 'again' : 'reused';
    }
    const isFresh = use.generation === generation + 1 && Date.now() - use.atMs <= graceMs;
    return isFresh ? 'again' : 'reused';
  }
}

/** `<generation> <milliseconds>` */
const textOf = (generation: number) => `${generation} ${Date.now()}`;

function useOf(text: string | null): Use | null {
  if (text === null) return null;
  const [generation, atMs] = text.split(' ').map(Number);
  return { generation: generation!, atMs: atMs! };
}

/** In seconds: a session's life after its latest use. */
const sessionSeconds = 30 * 86_400;

/** null: all of a session is in its row. */
export const sessionUsesOf = perGateway(({ expiring }) =>
  expiring === null ? null : new SessionUses(expiring, sessionSeconds),
);
