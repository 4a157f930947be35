/** What operators are told, on the wire. */
import Type, { type Static } from 'typebox';

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
    restarts: Type.Integer({ minimum: 0 }),
    haltedPartitions: Type.Array(HaltedPartition),
    recoveringPartitions: Type.Array(Type.Integer({ minimum: 0 })),
    poisonedActors: Type.Array(PoisonedActor),
  },
  { title: 'Shard', additionalProperties: true },
);
export type Shard = Static<typeof Shard>;
