/**
 * What the street throws at a server, in the amounts asked for.
 *
 * 1. Input `n` of a round is made from the seed and `n` alone, whatever is sent beside it.
 * 2. Every input is counted once, under its kind, with the answer that it got.
 * 3. Whatever a mutation leaves valid hits bounds that one buyer and one seller have: it makes no state without end.
 */
import type { Answers, Victim } from './hostile-answers.ts';
import { sendAborts, sendBodies, sendPositions, sendStreams } from './hostile-http.ts';
import { sendFrames, sendRawFrames } from './hostile-live.ts';
import type { ServerProcess } from './server.ts';
import { guest, openDrop } from './shop.ts';

/** Rates that are no limit to one client. */
const many = '1000000';
export const openDoors = {
  RATE_ADDRESS_PER_SECOND: many,
  RATE_ADDRESS_BURST: many,
  RATE_ACCOUNT_PER_SECOND: many,
  RATE_ACCOUNT_BURST: many,
};

export type Send = (victim: Victim, amount: number, seed: number, answers: Answers) => Promise<void>;

/** A drop with so many units, and some guests, at this server. */
export async function findVictim(server: ServerProcess, units: number): Promise<Victim> {
  const port = Number(new URL(server.url).port);
  const [buyer, leaver, ...others] = await Promise.all(Array.from({ length: 5 }, () => guest(server)));
  return { port, drop: await openDrop(server, units), buyer: buyer!, leaver: leaver!, others };
}

/** Of 100,000 inputs or a little more. */
const shares: readonly (readonly [Send, number])[] = [
  [sendBodies, 0.66],
  [sendPositions, 0.04],
  [sendAborts, 0.04],
  [sendStreams, 0.0006],
  [sendFrames, 0.26],
  [sendRawFrames, 0.015],
];

/** Throws at least so many inputs, kind after kind. */
export async function assault(victim: Victim, inputs: number, seed: number, answers: Answers): Promise<void> {
  for (const [index, [send, share]] of shares.entries())
    await send(victim, Math.ceil(inputs * share), seed * shares.length + index, answers);
}
