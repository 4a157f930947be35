/** The flags of `npm run load`, each checked once. */
import { parseArgs } from 'node:util';
import { BadFlags, FlagValues } from '../flags.ts';

export const targets = ['products', 'sale', 'join', 'hold', 'purchase'] as const;
export type Target = (typeof targets)[number];

export interface LoadOptions {
  readonly target: Target;
  readonly connections: number;
  readonly durationSeconds: number;
  /** Requests a second over all connections; null: as many as are answered. */
  readonly rate: number | null;
  /** How many joins, holds or purchases are prepared: when they are used up the run ends early. */
  readonly prepared: number;
  readonly url: string;
  readonly isJson: boolean;
}

export const usage = `npm run load -- products|sale|join|hold|purchase [flags]

Drives a server on this machine with autocannon: one line a second, then a table.

  products    GET /v1/products
  sale        GET /v1/sales/{saleId}, the newest drop
  join        POST …/tickets, each by a guest of its own
  hold        POST …/holds, one unit each, by buyers whose turn it is
  purchase    a hold, then its checkout

  --connections N   requests that are open at once (64)
  --duration N      seconds at most (10)
  --rate N          requests a second over all connections, sent at each second's beginning (as many as are answered)
  --prepare N       how many joins, holds or purchases are made ready beforehand (what the rate needs, else 20000; 4000 for purchases)
  --url URL         the server's public port, on loopback (http://127.0.0.1:8080)
  --json            the result as JSON on standard output, the lines on standard error

join, hold and purchase open a drop of their own and close it at the end. Latency is the time from writing a request to
its whole answer. Client and server share the machine.

Exit code 0: it ran; 1: nothing was answered as it should; 2: bad flags; 3: the server could not be reached.`;

const flags = {
  connections: { type: 'string' },
  duration: { type: 'string' },
  rate: { type: 'string' },
  prepare: { type: 'string' },
  url: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

const preparedMax = 200_000;
const preparedDefault: Readonly<Record<Target, number>> = {
  ...{ products: 0, sale: 0, join: 20_000, hold: 20_000, purchase: 4_000 },
};

/** null when only the usage is wanted. Throws BadFlags. */
export function readLoadOptions(argv: readonly string[]): LoadOptions | null {
  const { values, positionals } = parse(argv);
  if (values.help) return null;
  const given = new FlagValues(values);
  const whole = (name: keyof typeof flags, fallback: number, min: number, max: number) =>
    given.number(name, fallback, { min, max });
  const target = targets.find((name) => name === positionals[0]);
  given.check(
    target !== undefined && positionals.length === 1,
    `what to load must be one of ${targets.join(', ')}, not "${positionals.join(' ')}"`,
  );
  const durationSeconds = whole('duration', 10, 1, 300);
  const rate = values.rate === undefined ? null : whole('rate', 1, 1, 1_000_000);
  const connections = whole('connections', 64, 1, 1_000);
  const needed = rate === null ? preparedDefault[target ?? 'products'] : rate * durationSeconds;
  const url = given.origin('url', 'http://127.0.0.1:8080');
  given.check(isLoopback(url), '--url must be on this machine (loopback): load is for a server of your own');
  const options: LoadOptions = {
    target: target ?? 'products',
    // autocannon gives each connection a whole share of the rate.
    connections: rate === null ? connections : Math.min(connections, rate),
    durationSeconds,
    rate,
    prepared: whole('prepare', Math.min(preparedMax, Math.max(needed, connections)), 1, preparedMax),
    url,
    isJson: values.json ?? false,
  };
  given.check(
    preparedDefault[options.target] === 0 || options.prepared >= options.connections,
    '--prepare must be at least --connections',
  );
  given.end();
  return Object.freeze(options);
}

function isLoopback(url: string): boolean {
  return /^(?:127(?:\.\d{1,3}){3}|localhost|\[::1\])$/.test(new URL(url).hostname);
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: flags, strict: true, allowPositionals: true });
  } catch (error) {
    throw new BadFlags([error instanceof Error ? error.message : String(error)]);
  }
}
