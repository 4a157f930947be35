/**
 * How often passwords may be guessed.
 *
 * 1. Wrong ones are counted by account and address together, so that a stranger elsewhere cannot lock the owner out,
 *    and by address over all accounts.
 * 2. A try is counted before it is made, so that many at once are not more, and given back when it was right, or when
 *    nothing was compared (`busy`).
 */
import type { AnyRequest, Services } from '../../gateway/route.ts';
import { DoorbusterError } from '../../protocol/errors.ts';

/** `account`: the folded e-mail address. Refuses with `rate_limited`, or as `attempt` does. */
export async function tryPassword<Result>(
  { limits }: Services,
  account: string,
  client: AnyRequest['client'],
  attempt: () => Promise<Result>,
): Promise<Result> {
  const { passwords, signIns } = limits;
  const key = `${account} ${client.key}`;
  passwords.take(key);
  try {
    signIns.take(client);
    const result = await attempt().catch((error) => {
      if (!isWrongPassword(error)) signIns.giveBack(client);
      throw error;
    });
    signIns.giveBack(client);
    passwords.forgive(key);
    return result;
  } catch (error) {
    if (!isWrongPassword(error)) passwords.giveBack(key);
    throw error;
  }
}

function isWrongPassword(error: unknown): boolean {
  return error instanceof DoorbusterError && error.code === 'invalid_credentials';
}
