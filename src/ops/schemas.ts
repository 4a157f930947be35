/** How the process is doing, on the wire. */
import Type, { type Static } from 'typebox';
import { Open, Timestamp } from '../gateway/schemas.ts';

const HaltedPartition = Type.Object({ partition: Type.Integer({ minimum: 0 }), reason: Type.String() });

const PoisonedActor = Type.Object({
  kind: Type.String(),
  key: Type.String(),
  partition: Type.Integer({ minimum: 0 }),
  during: Type.String(),
  reason: Type.String(),
  failures: Type.Integer({ minimum: 1 }),
  failingSeconds: Type.Number({ minimum: 0 }),
});

export const Shard = Type.Object(
  {
    shard: Type.Integer({ minimum: 0 }),
    partitions: Type.Unknown(),
    epoch: Type.Number(),
    actors: Type.Integer({ minimum: 0 }),
    mailboxDepth: Type.Integer({ minimum: 0 }),
    commandsPerSecond: Type.Number(),
    eventsPerSecond: Type.Number(),
    commitP50Ms: Type.Number(),
    commitP99Ms: Type.Number(),
    batchSizeAvg: Type.Number(),
    journalBytes: Type.Number(),
    snapshotAgeSeconds: Type.Number(),
    restarts: Type.Integer({ minimum: 0, description: 'In this run of the process' }),
    journalLagMs: Type.Integer({ minimum: 0, description: 'How long the journal has not answered' }),
    haltedPartitions: Type.Array(HaltedPartition),
    recoveringPartitions: Type.Array(Type.Integer({ minimum: 0 })),
    poisonedActors: Type.Array(PoisonedActor),
  },
  { title: 'Shard', additionalProperties: true },
);
export type Shard = Static<typeof Shard>;

export const Problem = Open(
  {
    code: Type.String({ examples: ['journal_silent'], description: 'Stable; later versions may have more' }),
    since: Timestamp,
    what: Type.String({ examples: ['The journal does not answer; commands are refused'] }),
    doFirst: Type.String({ examples: ['See whether the store of the journal runs and its disk has room.'] }),
    safe: Type.String({
      examples: ['Nothing is acknowledged that is not durable.'],
      description: 'Why it is not worse',
    }),
    until: Type.Optional(
      Type.String({
        format: 'date-time',
        description: 'So long it may take by itself; then the next step holds',
      }),
    ),
    shard: Type.Optional(Type.Integer({ minimum: 0 })),
  },
  { title: 'OperatorProblem' },
);
export type Problem = Static<typeof Problem>;

const counts = Type.Record(Type.String(), Type.Integer({ minimum: 0 }), { examples: [{ confirmed: 1402 }] });

const payments = Type.Record(Type.String(), Type.Integer({ minimum: 0 }), {
  examples: [{ captured: 1402, declined: 61, failed: 0, voided: 0, refunded: 3 }],
  description: 'Each payment by what became of it; later versions may have more',
});

export const Overview = Open(
  {
    health: Open({
      state: Type.Enum(['ok', 'degraded', 'failing'], {
        description: '`failing`: a promise is broken, or commands are refused',
      }),
      problems: Type.Array(Problem, { description: 'The gravest first' }),
    }),
    orders: Open({ byStatus: counts }, { description: 'How many came to each status since the start' }),
    payments: Open({ byResult: payments }, { description: 'Since the start' }),
    deadLetters: Type.Integer({ minimum: 0, examples: [0] }),
    oversoldUnits: Type.Integer({ minimum: 0, examples: [0], description: 'Must be 0' }),
    inventoryMismatch: Type.Integer({ minimum: 0, examples: [0], description: 'Must be 0' }),
    saleMode: Type.Enum(['auto', 'on', 'off'], { examples: ['off'] }),
    journal: Open({
      kind: Type.Enum(['redis', 'postgresql']),
      durability: Type.String({ examples: ['PostgreSQL, synchronous commit'] }),
      lagMs: Type.Integer({ minimum: 0, description: 'How long it has not answered, at the most' }),
    }),
    asOf: Timestamp,
  },
  { title: 'Overview' },
);
export type Overview = Static<typeof Overview>;
