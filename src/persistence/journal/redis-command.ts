/** What is said to a Redis, and what comes back. Texts inside a value are bytes: most of what is asked for are frames. */

export type RedisCommand = readonly [name: string, ...args: (string | number | Uint8Array)[]];

/** `isAnswer`: Redis itself refused the command; otherwise nobody knows whether it was carried out. */
export type RedisReply =
  | { readonly value: unknown; readonly error?: never }
  | { readonly error: Error; readonly isAnswer: boolean };
