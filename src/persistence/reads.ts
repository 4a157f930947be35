/** Where reads that may be a little old go: to the database itself, or to a standby of it (replica.ts). */
import type { Database } from './database.ts';

/** A standby that is further behind is left out. */
export const lagMsMax = 1_000;

/** Which database answers a read. */
export interface Reads {
  /**
   * For one request's reads of this account (null: of anybody) that may be `lagMsMax` old. What was committed before
   * `sinceMs` of `monotonicMs` is shown in any case.
   */
  of(accountId: string | null, sinceMs?: number): Database;
  /** The same for reads of nobody in particular, chosen anew for each. */
  readonly ofAnybody: Database;
  /** The account has written something, just now. Absent where nobody need know. */
  wrote?(accountId: string): void;
}

/** Without a standby. */
export const readsFrom = (primary: Database): Reads => ({ of: () => primary, ofAnybody: primary });

/** Milliseconds that never go back, the same in all threads. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}
