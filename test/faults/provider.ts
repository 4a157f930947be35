/** The payment provider: failing, slow, silent about what it did, limiting, and its webhooks in any order and number. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Fault, Round } from './round.ts';
import { noTrouble, tellProvider } from './till.ts';
import type { WorldOptions } from './world.ts';

const either = (random: () => number): WorldOptions => ({
  journal: random() < 0.5 ? 'redis' : 'postgres',
});

/** Misbehaves for so many seconds, from the first holds on. */
async function misbehave(round: Round, faults: object, seconds: number): Promise<void> {
  await round.until('holds', 2);
  await tellProvider(round, faults);
  await wait(seconds * 1_000);
  await tellProvider(round, noTrouble);
}

/** Ways of being away. When answers are lost, webhooks may still tell what was done. */
const absences = {
  failing: { failRate: 1, failStatus: 500 },
  'answers lost': { dropAnswerRate: 1 },
  'answers and webhooks lost': { dropAnswerRate: 1, webhookDrop: 1 },
} as const;

export const providerFaults: readonly Fault[] = [
  {
    name: 'provider-failing',
    row: '27',
    how: 'every call is answered 500, 503 or 429 for 5 s',
    holds: 'the same keys are sent again; orders end; nothing is charged twice',
    weight: 3,
    world: either,
    inject: (round) =>
      misbehave(round, { failRate: 1, failStatus: [500, 503, 429][Math.floor(round.random() * 3)] }, 5),
  },
  {
    name: 'provider-flaky',
    row: '27',
    how: 'half of the calls fail and a third of the answers are lost, for 6 s',
    holds: 'the same',
    weight: 2,
    world: either,
    inject: (round) => misbehave(round, { failRate: 0.5, failStatus: 500, dropAnswerRate: 0.33 }, 6),
  },
  {
    name: 'provider-odd',
    row: '27',
    how: 'a third of the answers are empty objects, a third of the authorisations name another amount, refunds are pending for 2 s; for 8 s',
    holds:
      'what was done is read again; nothing is charged twice, and no refund counts before it has arrived',
    weight: 2,
    world: either,
    inject: (round) => misbehave(round, { oddBody: 0.33, wrongAmount: 0.33, refundPending: 1 }, 8),
  },
  {
    name: 'provider-slow',
    row: '27',
    how: 'every call waits 3 s before it acts, for 8 s',
    holds: 'checkout answers 202 or waits; orders end',
    weight: 2,
    world: either,
    inject: (round) => misbehave(round, { delayMs: 3_000 }, 8),
  },
  {
    name: 'provider-webhooks',
    row: '28-30',
    how: 'webhooks repeated four times, reordered and dropped',
    holds: 'only forward moves count; one effect an event',
    weight: 3,
    world: either,
    inject: (round) => misbehave(round, { webhookRepeat: 4, webhookReorder: 0.5, webhookDrop: 0.3 }, 8),
  },
  {
    name: 'provider-away-40s',
    row: '27, 32',
    how: 'every call fails, or does its work and loses the answer, for longer than the 30 s that orders have to pay',
    holds: 'orders end inside their window, units go to others, everything authorised too late is voided',
    weight: 2,
    drop: { buyers: 24, units: 8, releasePerSecond: 100, paymentSeconds: 30, giveBack: 0, decline: 0 },
    secondsMax: 200,
    world: either,
    inject(round) {
      const ways = Object.entries(absences);
      const [way, faults] = ways[Math.floor(round.random() * ways.length)]!;
      round.note('away by', way);
      return misbehave(round, faults, 40);
    },
  },
];
