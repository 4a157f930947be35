/** Where the suites of sessions keep what changes with every use: in the table, unless redis-sessions.test.ts says otherwise. */
import type { Pool } from 'pg';
import type { TestServerOptions } from '../../gateway/harness.ts';

interface SessionStore {
  /** What the gateway is given. */
  readonly options: Pick<TestServerOptions, 'expiring'>;
  /** Sessions that an earlier version wrote into the table are good. */
  readonly takesEarlier: boolean;
  /** As if the session had been renewed so long ago. False: there is none. */
  later(pool: Pool, sessionId: string, seconds: number): Promise<boolean>;
}

const inTable: SessionStore = {
  options: {},
  takesEarlier: true,
  async later(pool, sessionId, seconds) {
    const moved = await pool.query(
      'UPDATE sessions SET refreshed_at = refreshed_at - make_interval(secs => $2) WHERE session_id = $1',
      [sessionId, seconds],
    );
    return moved.rowCount === 1;
  },
};

let chosen: SessionStore = inTable;

export const sessionStore = (): SessionStore => chosen;

/** Before the suite is imported. */
export function chooseStore(store: SessionStore): void {
  chosen = store;
}
