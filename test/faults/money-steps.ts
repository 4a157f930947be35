/**
 * kill -9 at named steps of the money's way (S4 to S10): frozen by holding the line to the journal, or by a provider
 * that waits or swallows its answers.
 *
 * The answer to an authorisation is the authorisation: S6 is "answered, and not journaled", S7 "journaled, and nothing
 * that follows from it".
 */
import { setTimeout as wait } from 'node:timers/promises';
import { waitFor } from '../system/server.ts';
import type { Fault, Round } from './round.ts';
import { either, inRedis, killAndStart } from './steps.ts';
import { paymentsOf, paymentsOpen, tellProvider, untilPayments } from './till.ts';

/** With everybody at the till: freeze the journal at the k-th frame of the checkouts, see how far the money got, kill. */
async function sweep(round: Round): Promise<void> {
  const { world, crowd } = round;
  crowd.isTillClosed = true;
  await round.until('holds', crowd.options.units);
  const frames = Math.floor(round.random() * 16);
  const direction = round.random() < 0.5 ? 'replies' : 'requests';
  world.journalLink!.hold(direction, world.appends, frames);
  crowd.isTillClosed = false;
  await waitFor(() => world.journalLink!.heldBytes > 0 || round.ledger.orders.size === crowd.options.units);
  // What had been let out before the freeze reaches the provider.
  await wait(250);
  const payments = await paymentsOf(round);
  const count = (status: string) => payments.filter((payment) => payment.status === status).length;
  const [authorized, captured] = [count('authorized'), count('captured')];
  const isJournaled = direction === 'replies';
  const step =
    captured > 0
      ? 'S10 captured'
      : authorized > 0
        ? isJournaled
          ? 'S8 commit journaled'
          : 'S7 authorised'
        : isJournaled
          ? 'S4 key journaled'
          : 'S1 applied';
  round.note('step', step);
  round.note('frame', frames);
  await killAndStart(round);
}

/**
 * The provider has answered; the journal has the answer (and does not say so), or never gets it. In Redis, where one
 * line carries everything: with PostgreSQL the question of the lease may hold the only connection that is there.
 */
async function killAuthorized(round: Round, isJournaled: boolean): Promise<void> {
  const { world, crowd } = round;
  const link = world.journalLink!;
  crowd.isTillClosed = true;
  await round.until('holds', crowd.options.units);
  await tellProvider(round, { delayMs: 1_500, webhookDrop: 1 });
  crowd.isTillClosed = false;
  // Every order has said what it asks for: the next frame is an authorisation's.
  await waitFor(async () => (await paymentsOpen(round)) === crowd.options.units, 20_000);
  if ((await paymentsOf(round)).length > 0) throw new Error('the provider did not wait');
  link.hold(isJournaled ? 'replies' : 'requests', world.appends);
  // Other questions on the same line are held as well: it must be the frame.
  await waitFor(() => link.heldAppends > 0 && link.heldBytes > 0, 20_000);
  round.note('authorised', (await untilPayments(round, 'authorized', 1)).length);
  await killAndStart(round);
}

const smallDrop = { buyers: 16, units: 8, releasePerSecond: 100, giveBack: 0, decline: 0 } as const;

export const moneySteps: readonly Fault[] = [
  {
    name: 'kill-s4-s10-sweep',
    row: '5-9',
    how: 'the journal frozen at the k-th frame of the checkouts (before or after it is written), kill -9',
    holds: 'recovery goes on with the same keys: one charge an order, none without stock',
    weight: 9,
    drop: smallDrop,
    world: either,
    inject: sweep,
  },
  {
    name: 'kill-s5-sent',
    row: '6',
    how: 'the provider waits before it acts, kill -9 while the call is out',
    holds: 'the same key is sent again: one payment an order',
    weight: 3,
    drop: smallDrop,
    world: either,
    async inject(round) {
      await tellProvider(round, { delayMs: 5_000 });
      await waitFor(async () => (await paymentsOpen(round)) >= 3, 20_000);
      if ((await paymentsOf(round)).length > 0) round.fail('the provider did not wait');
      await killAndStart(round);
    },
  },
  {
    name: 'kill-s5-lost',
    row: '6, 7',
    how: 'the provider acts and swallows its answers, kill -9 when the ledger shows authorisations',
    holds: 'the same key finds the authorisation; nothing is authorised twice',
    weight: 3,
    drop: smallDrop,
    world: either,
    async inject(round) {
      await tellProvider(round, { dropAnswerRate: 1, webhookDrop: 1 });
      await untilPayments(round, 'authorized', 2);
      await killAndStart(round);
    },
  },
  {
    name: 'kill-s6-answered',
    row: '7',
    how: "the provider's answer has come, its frame is held on the way to the journal and thrown away, kill -9",
    holds: 'asked again under the same key: one payment an order',
    weight: 3,
    drop: smallDrop,
    world: inRedis,
    inject: (round) => killAuthorized(round, false),
  },
  {
    name: 'kill-s7-authorised',
    row: '7',
    how: 'the authorisation is journaled and the journal does not answer, kill -9',
    holds: 'the stock is committed first, then the money is captured, once',
    weight: 3,
    drop: smallDrop,
    world: inRedis,
    inject: (round) => killAuthorized(round, true),
  },
  {
    name: 'kill-s9-capture-sent',
    row: '8, 9',
    how: 'every call waits; kill -9 while captures are out and not done',
    holds: 'capture is sent again with its own key',
    weight: 3,
    drop: smallDrop,
    world: either,
    async inject(round) {
      await tellProvider(round, { delayMs: 1_200, webhookDrop: 1 });
      await untilPayments(round, 'authorized', 2);
      await wait(400);
      await killAndStart(round);
    },
  },
  {
    name: 'kill-s10-captured',
    row: '9',
    how: 'captures are done and their answers swallowed, kill -9',
    holds: 'already captured counts as success; one capture an order',
    weight: 3,
    drop: smallDrop,
    world: either,
    async inject(round) {
      await tellProvider(round, { delayMs: 500, webhookDrop: 1 });
      await untilPayments(round, 'authorized', 1);
      await tellProvider(round, { dropAnswerRate: 1 });
      await untilPayments(round, 'captured', 1);
      await killAndStart(round);
    },
  },
];
