/** Every fault of the suite in one table, and which of them a run of N rounds takes. */
import { createRandom } from '../../bench/crowd/statistics.ts';
import { clientFaults } from './clients.ts';
import { databaseFaults } from './database.ts';
import { fencingFaults } from './fencing.ts';
import { diskFaults } from './full-disk.ts';
import { idleOwnerFaults } from './idle-owner.ts';
import { kills } from './kills.ts';
import { moneySteps } from './money-steps.ts';
import { openPaymentFaults } from './open-payment.ts';
import { poisonedActors } from './poisoned-actor.ts';
import { providerFaults } from './provider.ts';
import { redisFaults } from './redis.ts';
import type { Fault } from './round.ts';
import { searchFaults } from './search.ts';
import { steps } from './steps.ts';
import { tableSteps } from './table-steps.ts';
import { tailFaults } from './tail.ts';

export const catalog: readonly Fault[] = [
  ...kills,
  ...steps,
  ...moneySteps,
  ...tableSteps,
  ...redisFaults,
  ...databaseFaults,
  ...diskFaults,
  ...providerFaults,
  ...fencingFaults,
  ...idleOwnerFaults,
  ...openPaymentFaults,
  ...clientFaults,
  ...tailFaults,
  ...poisonedActors,
  ...searchFaults,
];

export interface Planned {
  readonly fault: Fault;
  readonly seed: number;
}

/** What this machine can do. */
export interface Means {
  readonly hasRedis: boolean;
  readonly hasSmallDisk: boolean;
  readonly hasElasticsearch: boolean;
}

function isPossible({ world }: Fault, { hasRedis, hasSmallDisk, hasElasticsearch }: Means): boolean {
  // The extremes of chance show every kind of world that a fault may ask for.
  return [0, 0.99].every((drawn) => {
    const options = world(() => drawn);
    return (
      (hasRedis || options.journal !== 'redis') &&
      (hasSmallDisk || options.onSmallDisk === undefined) &&
      (hasElasticsearch || options.hasElasticsearch !== true)
    );
  });
}

/** Spread by weight: after any number of rounds each fault has had about its share. Throws for an unknown name. */
export function schedule(
  rounds: number,
  seed: number,
  only: readonly string[] | null,
  means: Means = { hasRedis: true, hasSmallDisk: true, hasElasticsearch: true },
): Planned[] {
  const unknown = only?.filter((name) => !catalog.some((fault) => fault.name === name)) ?? [];
  if (unknown.length > 0) throw new Error(`unknown faults: ${unknown.join(', ')}`);
  const wanted = catalog
    .filter((fault) => (only ? only.includes(fault.name) : fault.weight > 0))
    .filter((fault) => isPossible(fault, means))
    .map((fault) => ({ fault, weight: Math.max(1, fault.weight), credit: 0 }));
  const total = wanted.reduce((sum, { weight }) => sum + weight, 0);
  const random = createRandom(seed);
  for (const one of wanted) one.credit = random() * total * 0.5;
  return Array.from({ length: rounds }, (_, index) => {
    for (const one of wanted) one.credit += one.weight;
    const next = wanted.reduce((best, one) => (one.credit > best.credit ? one : best));
    next.credit -= total;
    return { fault: next.fault, seed: seed * 100_000 + index };
  });
}
