/**
 * kill -9 at named steps of the checkout saga, without any crash code in the server: the step is frozen from outside by
 * holding the line to the journal, or by a provider that waits or swallows its answers; then the server is killed.
 *
 * S3 and S12 are not here: S3 (after the reply) is what `kill-*` does at every acknowledgement, and nothing indexes
 * for search yet. S6 and S7 cannot be told apart from outside: the provider answers with the authorisation.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { readMetrics } from '../system/metrics.ts';
import { waitFor } from '../system/server.ts';
import { sandboxFaults } from '../system/shop.ts';
import { type Payment, readPayments } from './audit.ts';
import type { Fault, Round } from './round.ts';
import { freeze, type WorldOptions } from './world.ts';

const either = (random: () => number): WorldOptions => ({
  journal: random() < 0.5 ? 'redis' : 'postgres',
  shards: 1 + Math.floor(random() * 2),
});

const booksOf = (round: Round) => readPayments(round.world.server.sandboxUrl!);

function untilBooks(round: Round, status: string, count: number): Promise<Payment[]> {
  return waitFor(async () => {
    const payments = await booksOf(round);
    return payments.filter((payment) => payment.status === status).length >= count && payments;
  }, 20_000);
}

async function untilHeld(round: Round): Promise<void> {
  const link = round.world.journalLink!;
  await waitFor(() => link.heldBytes > 0, 20_000);
}

async function killAndStart(round: Round): Promise<void> {
  await round.world.kill();
  round.world.journalLink?.drop();
  await round.world.start();
}

const paymentsOpen = async (round: Round) =>
  (await readMetrics(round.world.server.opsUrl)).value('doorbuster_payments_open');

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
  const payments = await booksOf(round);
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

const smallDrop = { buyers: 16, units: 8, releasePerSecond: 100, giveBack: 0, decline: 0 } as const;

export const steps: readonly Fault[] = [
  {
    name: 'kill-s0-received',
    row: '1',
    how: 'commands lie in the socket of a stopped server, which is then killed',
    holds: 'nothing happened; the same ids are fresh',
    weight: 4,
    world: either,
    async inject(round) {
      await round.until('holds', 4 + Math.floor(round.random() * 15));
      await freeze(round.world.server.pid);
      await waitFor(() => round.client.open >= 5);
      await round.world.kill();
      await round.world.start();
    },
  },
  {
    name: 'kill-s1-applied',
    row: '2',
    how: 'appends held on their way to the journal, kill -9, appends thrown away',
    holds: 'no reply was sent; the retry applies once',
    weight: 6,
    world: either,
    async inject(round) {
      await round.until('holds', 3 + Math.floor(round.random() * 15));
      round.world.journalLink!.hold('requests', round.world.appends);
      await untilHeld(round);
      await killAndStart(round);
    },
  },
  {
    name: 'kill-s1-late',
    row: '2, 13',
    how: 'appends held on their way, kill -9, a successor starts, then the appends are delivered',
    holds: 'the journal refuses what comes from an older epoch',
    weight: 6,
    world: either,
    async inject(round) {
      const { world } = round;
      const link = world.journalLink!;
      await round.until('holds', 3 + Math.floor(round.random() * 15));
      link.hold('requests', world.appends);
      await untilHeld(round);
      await world.kill();
      link.confine();
      round.note('late bytes', link.heldBytes);
      if (link.heldBytes === 0) round.fail('nothing was left to come late');
      await world.start();
      link.release();
    },
  },
  {
    name: 'kill-s2-journaled',
    row: '3, 21',
    how: 'answers of the journal held, kill -9',
    holds: 'the retry returns the stored result, the same hold id and expiry',
    weight: 6,
    world: either,
    async inject(round) {
      await round.until('holds', 3 + Math.floor(round.random() * 15));
      round.world.journalLink!.hold('replies', round.world.appends);
      await untilHeld(round);
      await killAndStart(round);
    },
  },
  {
    name: 'kill-s4-s10-sweep',
    row: '5-9',
    how: 'the journal frozen at the k-th frame of the checkouts (before or after it is written), kill -9',
    holds: 'recovery goes on with the same keys: one charge an order, none without stock',
    weight: 14,
    drop: smallDrop,
    world: either,
    inject: sweep,
  },
  {
    name: 'kill-s5-sent',
    row: '6',
    how: 'the provider waits before it acts, kill -9 while the call is out',
    holds: 'the same key is sent again: one payment an order',
    weight: 5,
    drop: smallDrop,
    world: either,
    async inject(round) {
      await sandboxFaults(round.world.server, { delayMs: 5_000 });
      await waitFor(async () => (await paymentsOpen(round)) >= 3, 20_000);
      if ((await booksOf(round)).length > 0) round.fail('the provider did not wait');
      await killAndStart(round);
    },
  },
  {
    name: 'kill-s6-s7-authorised',
    row: '6, 7',
    how: 'the provider acts and swallows its answers, kill -9 when the books show authorisations',
    holds: 'the same key finds the authorisation; nothing is authorised twice',
    weight: 5,
    drop: smallDrop,
    world: either,
    async inject(round) {
      await sandboxFaults(round.world.server, { dropAnswerRate: 1, webhookDrop: 1 });
      await untilBooks(round, 'authorized', 2);
      await killAndStart(round);
    },
  },
  {
    name: 'kill-s9-capture-sent',
    row: '8, 9',
    how: 'every call waits; kill -9 while captures are out and not done',
    holds: 'capture is sent again with its own key',
    weight: 5,
    drop: smallDrop,
    world: either,
    async inject(round) {
      await sandboxFaults(round.world.server, { delayMs: 1_200, webhookDrop: 1 });
      await untilBooks(round, 'authorized', 2);
      await wait(400);
      await killAndStart(round);
    },
  },
  {
    name: 'kill-s10-captured',
    row: '9',
    how: 'captures are done and their answers swallowed, kill -9',
    holds: 'already captured counts as success; one capture an order',
    weight: 5,
    drop: smallDrop,
    world: either,
    async inject(round) {
      await sandboxFaults(round.world.server, { delayMs: 500, webhookDrop: 1 });
      await untilBooks(round, 'authorized', 1);
      await sandboxFaults(round.world.server, { dropAnswerRate: 1 });
      await untilBooks(round, 'captured', 1);
      await killAndStart(round);
    },
  },
  {
    name: 'kill-s11-projected',
    row: '10',
    how: "the tables' answers to the projection held after a random number, kill -9",
    holds: 'each event takes effect once: tables agree with the actors',
    weight: 6,
    world: () => ({ journal: 'redis' }),
    async inject(round) {
      const { world, random } = round;
      await round.until('holds', 3 + Math.floor(random() * 15));
      world.databaseLink!.hold('replies', /back-office/, Math.floor(random() * 12));
      await waitFor(() => world.databaseLink!.heldBytes > 0, 20_000);
      await world.kill();
      world.databaseLink!.drop();
      await world.start();
    },
  },
];
