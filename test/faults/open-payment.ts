/**
 * Another server takes the data over while checkouts are at the provider. There is one provider for both: what the
 * older server has asked for is done, whoever hears of it.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { waitFor } from '../system/server.ts';
import { expectFenced } from './fencing.ts';
import type { Fault, Round } from './round.ts';
import { noTrouble, paymentsOpen, tellProvider, untilPayments } from './till.ts';
import { freeze, type WorldOptions } from './world.ts';

/** Where the money is when the data changes hands. */
const moments = {
  'asked, not done': async (round: Round) => {
    await tellProvider(round, { delayMs: 4_000 });
    await waitFor(async () => (await paymentsOpen(round)) >= 3, 20_000);
  },
  'authorised, not told': async (round: Round) => {
    await tellProvider(round, { dropAnswerRate: 1, webhookDrop: 1 });
    await untilPayments(round, 'authorized', 3);
  },
  'capture asked': async (round: Round) => {
    await tellProvider(round, { delayMs: 1_200, webhookDrop: 1 });
    await untilPayments(round, 'authorized', 3);
    await wait(400);
  },
  'captured, not told': async (round: Round) => {
    await tellProvider(round, { delayMs: 400, webhookDrop: 1 });
    await untilPayments(round, 'authorized', 2);
    await tellProvider(round, { dropAnswerRate: 1 });
    await untilPayments(round, 'captured', 1);
  },
} as const;

/** The older server sells on, or sleeps and wakes with the provider's answers in its sockets. */
async function takeOver(round: Round): Promise<void> {
  const { world, random } = round;
  const older = world.server;
  const names = Object.keys(moments) as (keyof typeof moments)[];
  const moment = names[Math.floor(random() * names.length)]!;
  const isAsleep = random() < 0.5;
  round.note('money', moment);
  round.note('older one', isAsleep ? 'asleep' : 'awake');
  await moments[moment](round);
  round.note('calls out', await paymentsOpen(round));
  const thaw = isAsleep ? await freeze(older.pid) : async () => {};
  const second = await world.startSecond();
  world.url = second.url;
  // The newcomer asks for the same under the same keys before the older one wakes.
  if (isAsleep) await waitFor(async () => (await paymentsOpen(round)) > 0, 10_000).catch(() => {});
  await thaw();
  await tellProvider(round, noTrouble);
  await waitFor(() => !older.isRunning, 20_000);
  await expectFenced(round, older);
}

export const openPaymentFaults: readonly Fault[] = (['redis', 'postgres'] as const).map((journal) => ({
  name: `takeover-at-till-${journal}`,
  row: '6-9, 13, 14',
  how: `a second server takes over while payments are under way at the one provider, journal in ${journal}`,
  holds: 'every order ends once: charged once with its unit sold, or not charged and its unit free',
  weight: 3,
  drop: { buyers: 20, units: 8, releasePerSecond: 100, giveBack: 0, decline: 0.1 },
  world: (): WorldOptions => ({ journal, hasOneProvider: true }),
  inject: takeOver,
}));
