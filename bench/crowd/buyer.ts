/**
 * One buyer, from guest to order: what a person with a browser would do, with that person's character.
 *
 * 1. Every step that changes something carries an id minted before the first attempt; repeats use the same id.
 * 2. What the server acknowledged is in the ledger before the next step.
 * 3. A buyer always ends with an outcome; nothing is retried without a bound.
 */
import { NoAnswer } from './client.ts';
import { type Guest, type Scene, Unexpected } from './guest.ts';
import { buy } from './till.ts';
import { join, untilAdmitted } from './waiting.ts';

/** The whole visit. The answer is the outcome, in words for the report. */
export async function visit(scene: Scene, guest: Guest): Promise<string> {
  try {
    await scene.clock.pause(guest.character.arrivesAfterMs);
    const refusal = await join(scene, guest);
    if (refusal) return refusal;
    const leaveAtMs = performance.now() + (guest.character.leavesAfterMs ?? Number.POSITIVE_INFINITY);
    const end = await untilAdmitted(scene, guest, leaveAtMs);
    if (end) return end;
    scene.tally.add('admissions');
    if (guest.character.abandons === 'before the hold') return 'walked away when admitted';
    return await buy(scene, guest);
  } catch (error) {
    if (error instanceof Unexpected) return `unexpected answer to ${error.message}`;
    if (error instanceof NoAnswer) return 'gave up: no answer';
    throw error;
  } finally {
    guest.live?.close();
  }
}
