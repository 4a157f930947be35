/** The flags of a crowd that comes to a drop which is there already. */
import { parseArgs } from 'node:util';
import { BadFlags, FlagValues } from '../../flags.ts';

export interface VisitOptions {
  /** A sale's id, or `sample`. */
  readonly sale: string;
  readonly paceSeconds: number;
  readonly buyers: number;
  /** Shares of buyers, 0 to 1; who neither leaves nor buys lets the turn pass. */
  readonly buy: number;
  readonly leave: number;
  readonly decline: number;
  readonly lingerSeconds: number;
  readonly concurrency: number;
  readonly url: string;
  readonly seed: number;
  readonly timeoutSeconds: number;
  readonly json: string | null;
  readonly reconnectSeconds: number;
  readonly patienceSeconds: number;
}

export const visitUsage = `npm run crowd -- --sale sample --pace 60

A crowd for a drop that is there, to be looked at: its page, its console. Guests come by the public API over a few
connections; one live socket tells all of them which number is being served.

  --sale ID|sample    the drop; sample: the one that the sample shop sells now
  --pace SECONDS      spread the arrivals over this time (60)
  --buyers N          how many come (3000)
  --buy SHARE         how many of them buy when it is their turn (0.3)
  --leave SHARE       how many leave the line while they wait (0.1); all others let their turn pass
  --decline SHARE     buyers whose first card is declined (0.05)
  --linger SECONDS    buyers think for up to so long before a hold, and before a checkout (5)
  --connections N     open HTTP requests at most (32)
  --url URL           the shop's public port (http://127.0.0.1:8080)
  --seed N            who does what (1)
  --timeout SECONDS   after this time the rest leaves the line (900)
  --json FILE|-       also write the report as JSON

From an address that the server does not exempt (RATE_EXEMPT) its limits hold: 30 new guests a minute, 20 places in a
drop. Refusals are waited out as Retry-After says. Ctrl-C once: everybody leaves, and the report follows.

Exit code 0: every promise kept; 1: one broke; 2: bad flags; 3: the server could not be reached, or has no such drop.`;

const flags = {
  sale: { type: 'string' },
  pace: { type: 'string' },
  buyers: { type: 'string' },
  buy: { type: 'string' },
  leave: { type: 'string' },
  decline: { type: 'string' },
  linger: { type: 'string' },
  connections: { type: 'string' },
  url: { type: 'string' },
  seed: { type: 'string' },
  timeout: { type: 'string' },
  json: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Whether these flags are of such a crowd. */
export const isVisit = (argv: readonly string[]): boolean => argv.some((flag) => /^--sale(?:=|$)/.test(flag));

/** null when only the usage is wanted. Throws BadFlags. */
export function readVisitOptions(argv: readonly string[]): VisitOptions | null {
  const values = parse(argv);
  if (values.help) return null;
  const given = new FlagValues(values);
  const whole = (name: keyof typeof flags, fallback: number, min: number, max: number) =>
    given.number(name, fallback, { min, max });
  const share = (name: keyof typeof flags, fallback: number, max = 1) =>
    given.number(name, fallback, { min: 0, max, isShare: true });
  const options: VisitOptions = {
    sale: given.text('sale') ?? '',
    paceSeconds: whole('pace', 60, 1, 3_600),
    buyers: whole('buyers', 3_000, 1, 100_000),
    buy: share('buy', 0.3),
    leave: share('leave', 0.1),
    decline: share('decline', 0.05),
    lingerSeconds: share('linger', 5, 60),
    concurrency: whole('connections', 32, 1, 256),
    url: given.origin('url', 'http://127.0.0.1:8080'),
    seed: whole('seed', 1, 0, 0xffffffff),
    timeoutSeconds: whole('timeout', 900, 5, 86_400),
    json: given.output('json'),
    reconnectSeconds: 30,
    patienceSeconds: 0,
  };
  given.check(
    options.sale === 'sample' || /^sal_[0-9a-f-]{36}$/.test(options.sale),
    `--sale must be the id of a drop, or sample, not "${options.sale}"`,
  );
  given.check(options.buy + options.leave <= 1, '--buy and --leave together cannot be more than 1');
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
