/** What is said to a Redis, and what comes back. */

export type RedisCommand = readonly [name: string, ...args: (string | number | Buffer)[]];

/** `isAnswer`: Redis itself refused the command; otherwise nobody knows whether it was carried out. */
export type RedisReply =
  | { readonly value: unknown; readonly error?: never }
  | { readonly error: Error; readonly isAnswer: boolean };
