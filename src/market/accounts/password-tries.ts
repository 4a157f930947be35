/** How often passwords may be guessed: `gateway/tries.ts` counts the wrong ones, and nothing while the pool is `busy`. */
import type { AnyRequest, Services } from '../../gateway/route.ts';
import { DoorbusterError } from '../../protocol/errors.ts';

/** `account`: the folded e-mail address. Refuses with `rate_limited`, or as `attempt` does. */
export async function tryPassword<Result>(
  { limits }: Services,
  account: string,
  client: AnyRequest['client'],
  attempt: () => Promise<Result>,
): Promise<Result> {
  const one = await limits.passwordTries.begin(account, client);
  try {
    const result = await attempt();
    one.succeeded();
    return result;
  } catch (error) {
    if (isWrongPassword(error)) one.failed();
    else one.notMade();
    throw error;
  }
}

function isWrongPassword(error: unknown): boolean {
  return error instanceof DoorbusterError && error.code === 'invalid_credentials';
}
