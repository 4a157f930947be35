/**
 * Who we are to a Redis, and in which of its databases: asked for at every connection, before anything else is sent.
 *
 * 1. A connection counts as open only once Redis has agreed to all of it: one that went on after a refusal would write
 *    to database 0.
 * 2. What Redis answers is final for this connection. Without an answer, or while Redis loads its data, the same is
 *    asked again.
 */
import type { RedisCommand, RedisReply } from './redis-command.ts';

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  readonly database: number;
  /** Null: no AUTH is sent. */
  readonly credentials: { readonly user: string; readonly password: string } | null;
}

/** The settings have been checked: config.ts takes no other form. */
export function redisAddress(url: string): RedisAddress {
  const { protocol, hostname, port, pathname, username, password } = new URL(url);
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1') || '127.0.0.1',
    port: Number(port || 6379),
    isTls: protocol === 'rediss:',
    database: Number(pathname.slice(1)),
    credentials:
      username || password
        ? { user: decodeURIComponent(username), password: decodeURIComponent(password) }
        : null,
  };
}

interface Step {
  readonly command: RedisCommand;
  /** What it means when Redis refuses; null when that does not matter. */
  readonly refusal: string | null;
}

const isLoading = /^loading:1\r?$/m;

function stepsTo({ credentials, database }: RedisAddress, name: string): Step[] {
  const steps: Step[] = [];
  if (credentials) {
    const { user, password } = credentials;
    steps.push({ command: ['auth', ...(user ? [user] : []), password], refusal: 'refuses the credentials' });
  }
  // A connection begins in database 0.
  if (database > 0) steps.push({ command: ['select', database], refusal: `refuses database ${database}` });
  // The name is for people who look at CLIENT LIST.
  steps.push({ command: ['client', 'SETNAME', name], refusal: null });
  steps.push({ command: ['info', 'persistence'], refusal: null });
  return steps;
}

/** `refused`: this connection must not be used. `unsure`: ask again. */
export type Handshake =
  | { readonly type: 'agreed' }
  | { readonly type: 'refused' | 'unsure'; readonly reason: string };

export async function shakeHands(
  address: RedisAddress,
  name: string,
  run: (commands: readonly RedisCommand[]) => Promise<RedisReply[]>,
): Promise<Handshake> {
  const steps = stepsTo(address, name);
  const replies = await run(steps.map(({ command }) => command));
  for (const [index, reply] of replies.entries()) {
    if (!reply.error) {
      if (isLoading.test(String(reply.value))) return { type: 'unsure', reason: 'Redis loads its data' };
      continue;
    }
    const { message } = reply.error;
    if (!reply.isAnswer) return { type: 'unsure', reason: message };
    const refusal = message.startsWith('NOAUTH') ? 'wants credentials' : steps[index]!.refusal;
    if (refusal !== null)
      return { type: 'refused', reason: `Redis at ${address.host}:${address.port} ${refusal}: ${message}` };
  }
  return { type: 'agreed' };
}
