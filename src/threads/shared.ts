/** What most threads are given alike. */
import type { LogOptions } from '../ops/log.ts';
import type { ClockAnchor } from '../runtime/clock.ts';

export interface SharedData {
  readonly databaseUrl: string;
  readonly redisUrl: string | null;
  readonly shardCount: number;
  readonly clock: ClockAnchor;
  readonly log: LogOptions;
}
