/**
 * The cart of a guest who signs in to an account goes to the account's. The guest's cart sends it by itself until it is
 * there; here it is only waited for, so that the account's next read has it.
 */
import { handOverCart, mergeCart } from '../../actors/cart/commands.ts';
import { newId } from '../../gateway/handling.ts';
import type { Services } from '../../gateway/route.ts';

const attemptsMax = 3;

/** A cart whose shard is away stays the guest's: a sign-in does not wait for it, and nothing is lost. */
export async function moveGuestCart(
  { ask, log }: Services,
  guestId: string,
  toAccountId: string,
): Promise<void> {
  const mergeId = newId('request');
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const { code, body } = await ask(handOverCart, guestId, { toAccountId, mergeId });
    if (code === 'busy') continue;
    if (code === 'ok' && body !== null) await ask(mergeCart, toAccountId, body);
    return;
  }
  log('warn', 'the cart of a guest who signed in was not reached: it stays where it is', { toAccountId });
}
