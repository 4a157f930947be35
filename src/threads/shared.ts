/** What most threads are given alike. */
import type { LogOptions } from '../ops/log.ts';
import type { EngineTime } from '../runtime/clock.ts';

export interface SharedData {
  readonly databaseUrl: string;
  readonly redisUrl: string | null;
  readonly shardCount: number;
  readonly clock: EngineTime;
  readonly log: LogOptions;
}
