/**
 * The crowd's flags. Every value is checked here, once; a bad one is a `BadFlags` with one clear line a problem.
 */
import { parseArgs } from 'node:util';
import { BadFlags, FlagValues } from '../flags.ts';

export interface CrowdOptions {
  readonly buyers: number;
  readonly units: number;
  readonly skus: number;
  readonly url: string;
  /** null: the provider's ledger is not checked. */
  readonly opsUrl: string | null;
  readonly sockets: number;
  /** Shares of buyers, 0 to 1. */
  readonly abandon: number;
  readonly decline: number;
  readonly leave: number;
  readonly releasePerSecond: number;
  readonly concurrency: number;
  readonly seed: number;
  /** A file name, `-` for standard output, or null. */
  readonly json: string | null;
  readonly reconnectSeconds: number;
  readonly rampSeconds: number;
  readonly timeoutSeconds: number;
  /** How long one request is repeated at least while it is refused. */
  readonly patienceSeconds: number;
  /** Buyers think for up to so long before each hold and each checkout. */
  readonly lingerSeconds: number;
  /** How long admissions and holds last; null: what the run needs. */
  readonly limitSeconds: number | null;
}

export const usage = `npm run crowd -- --buyers 20000 --units 1000      a drop of its own, and every promise checked
npm run crowd -- --sale sample --pace 60          a crowd for a drop that is there: --sale sample --help

  --buyers N              how many buyers come (1000)
  --units N               how many units are for sale (100)
  --skus N                over how many SKUs they are spread (1)
  --url URL               the shop's public port (http://127.0.0.1:8080)
  --ops URL               its operators' port (http://127.0.0.1:9090)
  --no-provider           do not read the payment sandbox's ledger
  --sockets N             buyers with a live socket (a quarter of the buyers, at most 5000)
  --abandon SHARE         admitted buyers who walk away: half before a hold, half after it (0)
  --decline SHARE         buyers whose first card is declined (0)
  --leave SHARE           buyers who leave the queue (0)
  --release N             the sale's releasePerSecond (500)
  --concurrency N         open HTTP requests at most (256)
  --ramp SECONDS          spread the arrivals over this time (0)
  --seed N                who does what (1)
  --timeout SECONDS       end of patience (600)
  --reconnect-seconds N   how long the server may be away (30)
  --patience SECONDS      how long a buyer repeats a refused request at least (0: 60 times)
  --linger SECONDS        buyers think for up to so long before a hold, and before a checkout (0)
  --limit SECONDS         admissions and holds last so long (300; 20 and 10 when buyers abandon or are declined)
  --json FILE|-           also write the report as JSON

Exit code 0: every promise kept; 1: one broke; 2: bad flags; 3: the server could not be reached.`;

const flags = {
  buyers: { type: 'string' },
  units: { type: 'string' },
  skus: { type: 'string' },
  url: { type: 'string' },
  ops: { type: 'string' },
  'no-provider': { type: 'boolean' },
  sockets: { type: 'string' },
  abandon: { type: 'string' },
  decline: { type: 'string' },
  leave: { type: 'string' },
  release: { type: 'string' },
  concurrency: { type: 'string' },
  ramp: { type: 'string' },
  seed: { type: 'string' },
  timeout: { type: 'string' },
  'reconnect-seconds': { type: 'string' },
  patience: { type: 'string' },
  linger: { type: 'string' },
  limit: { type: 'string' },
  json: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** null when only the usage is wanted. Throws BadFlags. */
export function readOptions(argv: readonly string[]): CrowdOptions | null {
  const values = parse(argv);
  if (values.help) return null;
  const given = new FlagValues(values);
  const whole = (name: keyof typeof flags, fallback: number, min: number, max: number) =>
    given.number(name, fallback, { min, max });
  const share = (name: keyof typeof flags, fallback: number, min: number, max: number) =>
    given.number(name, fallback, { min, max, isShare: true });

  const buyers = whole('buyers', 1_000, 1, 200_000);
  const units = whole('units', 100, 1, 1_000_000);
  const options: CrowdOptions = {
    buyers,
    units,
    skus: whole('skus', 1, 1, 50),
    url: given.origin('url', 'http://127.0.0.1:8080'),
    opsUrl: values['no-provider'] ? null : given.origin('ops', 'http://127.0.0.1:9090'),
    sockets: whole('sockets', Math.min(5_000, Math.floor(buyers / 4)), 0, 15_000),
    abandon: share('abandon', 0, 0, 1),
    decline: share('decline', 0, 0, 1),
    leave: share('leave', 0, 0, 1),
    releasePerSecond: whole('release', 500, 1, 100_000),
    concurrency: whole('concurrency', 256, 1, 4_000),
    seed: whole('seed', 1, 0, 0xffffffff),
    json: given.output('json'),
    reconnectSeconds: whole('reconnect-seconds', 30, 0, 600),
    rampSeconds: share('ramp', 0, 0, 3_600),
    timeoutSeconds: whole('timeout', 600, 5, 86_400),
    patienceSeconds: whole('patience', 0, 0, 3_600),
    lingerSeconds: share('linger', 0, 0, 600),
    limitSeconds: values.limit === undefined ? null : whole('limit', 300, 5, 3_600),
  };
  given.check(options.units >= options.skus, '--units must be at least --skus: every SKU needs a unit');
  given.check(options.sockets <= options.buyers, '--sockets cannot be more than --buyers');
  given.end();
  return Object.freeze(options);
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: flags, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new BadFlags([error instanceof Error ? error.message : String(error)]);
  }
}
