/** The one place that writes log lines: pino, JSON, on standard error; each thread has its own. */
import { destination, pino } from 'pino';
import type { Config } from '../config.ts';
import type { Log } from '../protocol/log.ts';

export interface LogOptions {
  readonly level: Config['logLevel'];
}

/** Whether each request has its line. */
export function hasAccessLog({ level }: LogOptions): boolean {
  return level === 'trace' || level === 'debug' || level === 'info';
}

export function createLog(options: LogOptions, fields: Readonly<Record<string, unknown>>): Log {
  const logger = pino({ level: options.level, base: fields }, destination({ dest: 2, sync: true }));
  return (level, message, more) => logger[level](more ?? {}, message);
}
