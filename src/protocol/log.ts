/** The one line of news that rooms may hand out; who writes it down is decided in `main.ts`. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type Log = (level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>) => void;

/** One line for each request. */
export interface AccessLog {
  /** `requestId` is visible ASCII; `route` is an operation's name, or `unknown`. */
  line(
    requestId: string,
    route: string,
    status: number,
    ms: number,
    address: string,
    accountId: string | null,
    via: 'http' | 'live',
  ): void;
}
