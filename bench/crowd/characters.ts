/** Who comes: every buyer's character, drawn from the seed, so that the same flags bring the same crowd. */
import type { Character } from './guest.ts';
import type { CrowdOptions } from './options.ts';
import { createRandom } from './statistics.ts';

const doubleClickShare = 0.05;
const leaveWithinMs = 5_000;

export function drawCharacters(options: CrowdOptions): Character[] {
  const random = createRandom(options.seed);
  const socketEvery = options.buyers / Math.max(1, options.sockets);
  let sockets = 0;
  return Array.from({ length: options.buyers }, (_, index) => {
    // Spread the sockets evenly over the queue, so that both kinds stand everywhere in it.
    const hasSocket = sockets < options.sockets && index >= Math.floor(sockets * socketEvery);
    if (hasSocket) sockets++;
    const abandons = random() < options.abandon;
    const leaves = random() < options.leave;
    return {
      hasSocket,
      abandons: !abandons ? 'never' : random() < 0.5 ? 'before the hold' : 'after the hold',
      firstCardDeclined: random() < options.decline,
      triesAgain: random() < 0.5,
      leavesAfterMs: leaves ? random() * leaveWithinMs : null,
      doubleClicks: random() < doubleClickShare,
      favouriteSku: Math.floor(random() * options.skus),
      arrivesAfterMs: random() * options.rampSeconds * 1_000,
      thinksMs: options.lingerSeconds > 0 ? random() * options.lingerSeconds * 1_000 : 0,
    };
  });
}
