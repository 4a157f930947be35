/** Which room a file is in, and the table of docs/ARCHITECTURE.md: what a room may import. */

/** `src/market/orders/routes.ts`: room `market`, noun `orders`, name `routes`. Files directly in src are rooms. */
export interface Spot {
  readonly room: string;
  readonly noun: string | null;
  /** The path under the room, or under the noun where there is one, without `.ts`. */
  readonly name: string;
}

/** Rooms with one folder a noun. */
const nounRooms = ['actors', 'market'];
/** Rooms that may import everything. */
const openRooms = ['main', 'features', 'ops', 'cli', 'threads'];
/** They also read config.ts; all others know its type only. */
const configReaders = ['main', 'cli', 'threads'];

/** What the shop, or the engine, may use of a room that is not its own. */
export const contracts: Readonly<Record<string, readonly string[]>> = {
  persistence: [
    'blobs',
    'cursor',
    'database',
    'feed',
    'hash-chain',
    'projection',
    'expiring',
    'reads',
    'table',
    'transaction',
  ],
  gateway: [
    ...[
      'alias',
      'check',
      'etag',
      'handling',
      'json',
      'kept-replies',
      'pages',
      'places',
      'problem',
      'recent-map',
      'route',
    ],
    ...['schemas', 'texts', 'tokens'],
    ...['account-keys', 'derive-key', 'key-store', 'seal', 'live/codec', 'live/feature', 'live/socket'],
  ],
};

export function spotOf(path: string): Spot | null {
  const [src, room, ...rest] = path.replace(/\.tsx?$/, '').split('/');
  if (src !== 'src' || room === undefined) return null;
  if (nounRooms.includes(room) && rest.length > 1)
    return { room, noun: rest[0]!, name: rest.slice(1).join('/') };
  return { room, noun: null, name: rest.join('/') };
}

/** Why the file at `from` may not import the one at `to`; null when it may. */
export function offence(from: string, to: string, isTypeOnly: boolean): string | null {
  const here = spotOf(from);
  const there = spotOf(to);
  if (here === null) return null;
  if (there === null) return 'src imports nothing from outside src';
  if (there.room === 'config')
    return isTypeOnly || configReaders.includes(here.room) ? null : 'config.ts is imported as a type only';
  if (here.room === 'web' && there.room !== 'web' && !isTypeOnly)
    return 'web imports types of other rooms only';
  if (openRooms.includes(here.room) || there.room === 'protocol') return null;
  if (here.room === there.room && here.noun === there.noun) return null;
  const isAllowed = allowed[here.room];
  if (!isAllowed) return `the table has no room ${here.room}`;
  return isAllowed(there)
    ? null
    : `${shown(here)} may not import ${shown(there)}${there.name && ` (${there.name})`}`;
}

const shown = ({ room, noun }: Spot) => (noun === null ? room : `${room}/${noun}`);

const isContract = ({ room, name }: Spot) => contracts[room]?.includes(name) ?? false;

/** Besides protocol and the own folder. */
const allowed: Readonly<Record<string, (there: Spot) => boolean>> = {
  protocol: () => false,
  config: () => false,
  sandbox: () => false,
  persistence: () => false,
  actors: ({ room, name }) => room === 'actors' && ['commands', 'events'].includes(name),
  runtime: (there) => there.room === 'persistence' && isContract(there),
  gateway: (there) => there.room === 'persistence' && isContract(there),
  web: ({ room, name }) => (room === 'market' || room === 'ops') && /(?:^|-)schemas$/.test(name),
  // `quote`, `terms`, `amounts`: the pure functions by which every noun counts money.
  market: (there) => {
    if (there.room === 'market')
      return /^(?:(?:.+-)?(?:store|index)|schemas|views)$|^(?:quote|terms|amounts)$/.test(there.name);
    if (there.room !== 'actors') return isContract(there);
    // `facts`: the one fold of a noun's events, which its projection calls as the actor does.
    return ['commands', 'events', 'state', 'facts'].includes(there.name);
  },
};
