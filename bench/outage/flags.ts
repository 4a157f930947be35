/** The flags of `npm run outage`, each checked once; the crowd's own options follow from them. */
import { parseArgs } from 'node:util';
import { type CrowdOptions, readOptions } from '../crowd/options.ts';

export interface Plan {
  readonly store: 'redis' | 'postgres';
  /** How long it is away. */
  readonly seconds: number;
  readonly beforeSeconds: number;
  readonly afterSeconds: number;
  readonly buyers: number;
  readonly units: number;
  readonly releasePerSecond: number;
  readonly seed: number;
  readonly json: string | null;
}

export const usage = `npm run outage -- --store redis --seconds 60

  --store redis|postgres  which store goes away; the journal is in Redis either way (redis)
  --seconds N             for how long (60; at most 600)
  --before N, --after N   seconds of the sale before it goes, and of arrivals after it is back (30, 60)
  --buyers N              spread over all that time (3000)
  --units N               (what the sale releases while it can, so that it lasts until the end)
  --seed N                who does what (1)
  --json FILE             also write the report as JSON

Exit code 0: every promise kept; 1: one broke; 2: bad flags, or a store could not be started.`;

const flags = {
  store: { type: 'string', default: 'redis' },
  seconds: { type: 'string', default: '60' },
  before: { type: 'string', default: '30' },
  after: { type: 'string', default: '60' },
  buyers: { type: 'string', default: '3000' },
  units: { type: 'string' },
  seed: { type: 'string', default: '1' },
  json: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** About so many units make a run, whatever its length. */
const unitsWanted = 700;

/** So that some stand between their steps at any moment, also when the store goes. */
const thinkSeconds = 8;

/** null when only the usage is wanted. Throws an error with one line a problem. */
export function readPlan(argv: readonly string[]): Plan | null {
  const { values } = parseArgs({ args: [...argv], options: flags, strict: true, allowPositionals: false });
  if (values.help) return null;
  const problems: string[] = [];
  function whole(name: 'seconds' | 'before' | 'after' | 'buyers' | 'seed', min: number, max: number): number {
    const value = values[name].trim() === '' ? Number.NaN : Number(values[name]);
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    problems.push(`--${name} must be a whole number from ${min} to ${max}, not "${values[name]}"`);
    return min;
  }
  const { store } = values;
  if (store !== 'redis' && store !== 'postgres')
    problems.push(`--store must be redis or postgres, not "${store}"`);
  const seconds = whole('seconds', 1, 600);
  const beforeSeconds = whole('before', 5, 300);
  const afterSeconds = whole('after', 5, 300);
  // Nothing is released while the journal is away.
  const sellingSeconds = beforeSeconds + afterSeconds + (store === 'postgres' ? seconds : 0);
  const releasePerSecond = Math.max(1, Math.round(unitsWanted / sellingSeconds));
  const units = values.units === undefined ? releasePerSecond * sellingSeconds : Number(values.units);
  if (!(Number.isInteger(units) && units >= 1 && units <= 100_000))
    problems.push(`--units must be a whole number from 1 to 100000, not "${values.units}"`);
  const buyers = whole('buyers', 1, 50_000);
  if (buyers < units * 1.2) problems.push(`--buyers must be at least 1.2 times the ${units} units`);
  const seed = whole('seed', 0, 0xffffffff);
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return {
    store: store as Plan['store'],
    seconds,
    beforeSeconds,
    afterSeconds,
    buyers,
    units,
    releasePerSecond,
    seed,
    json: values.json ?? null,
  };
}

/** Buyers arrive all the time and repeat what is refused until well after the return. */
export function crowdOptionsOf(plan: Plan, url: string, opsUrl: string): CrowdOptions {
  const spanSeconds = plan.beforeSeconds + plan.seconds + plan.afterSeconds;
  const given = {
    buyers: plan.buyers,
    units: plan.units,
    url,
    ops: opsUrl,
    sockets: Math.floor(plan.buyers / 4),
    release: plan.releasePerSecond,
    ramp: spanSeconds,
    patience: plan.seconds + 120,
    timeout: spanSeconds + 600,
    linger: thinkSeconds,
    // What was held before the journal went must still be there to be paid for when it is back.
    limit: (plan.store === 'redis' ? plan.seconds : 0) + 30,
    abandon: 0.02,
    decline: 0.03,
    leave: 0.02,
    seed: plan.seed,
  };
  return readOptions(Object.entries(given).flatMap(([name, value]) => [`--${name}`, String(value)]))!;
}
