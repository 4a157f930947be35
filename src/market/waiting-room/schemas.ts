/** Places in a queue, and holds, on the wire. */
import Type, { type Static } from 'typebox';
import { Closed, Id, Nullable, Open, Timestamp, Uuid } from '../../gateway/schemas.ts';
import { Datum } from '../../gateway/texts.ts';
import { Sku } from '../inventory/schemas.ts';
import { Money } from '../pricing/schemas.ts';
import { Outlook, saleLimits } from '../sales/schemas.ts';

const accessCodeCharsMax = 64;
const count = Type.Integer({ minimum: 0 });

// ---------------------------------------------------------------- tickets

export const JoinRequest = Closed(
  {
    requestId: Type.Optional(Uuid),
    accessCode: Type.Optional(Datum(accessCodeCharsMax)),
  },
  { title: 'JoinRequest' },
);

export const Admission = Open({
  token: Type.String({
    examples: ['WyJzYWxf…'],
    description: 'For `Admission-Token`. It is good until `expiresAt`, so the newest one counts',
  }),
  expiresAt: Type.String({
    format: 'date-time',
    description: 'By when the first hold must be placed; once one was placed, when the admission ends',
  }),
  claimed: Type.Boolean({ description: 'Whether a hold was placed', examples: [false] }),
});
export type Admission = Static<typeof Admission>;

const WaitReason = Nullable(
  Type.Enum(['release_rate', 'units_on_hold', 'paused'], {
    description: 'Why those in line are not let in now; null for who does not wait, and before the start',
  }),
  { examples: [null] },
);

export const Ticket = Open(
  {
    ticketId: Id('ticket'),
    saleId: Id('sale'),
    status: Type.Enum(['prequeued', 'waiting', 'admitted', 'completed', 'expired', 'left'], {
      examples: ['admitted'],
    }),
    ticketNumber: Nullable(Type.Integer({ minimum: 1 })),
    nowServing: count,
    usersAhead: count,
    queueLength: count,
    waitTimeSeconds: Type.Number({ minimum: 0 }),
    waitTimeKnown: Type.Boolean(),
    outlook: Outlook,
    waitReason: WaitReason,
    admission: Nullable(Admission),
    pollAfterSeconds: Type.Number({ minimum: 0 }),
    asOf: Timestamp,
  },
  { title: 'Ticket' },
);
export type Ticket = Static<typeof Ticket>;

/** What everybody in the queue is shown. */
export const Serving = Open({
  saleId: Id('sale'),
  nowServing: count,
  queueLength: count,
  releasedPerSecond: Type.Number({ minimum: 0 }),
  outlook: Outlook,
  waitReason: WaitReason,
  left: count,
  onHold: count,
  asOf: Timestamp,
});

// ---------------------------------------------------------------- holds

export const HoldRequest = Closed(
  { holdId: Uuid, sku: Sku, quantity: Type.Integer({ minimum: 1, maximum: saleLimits.purchaseLimitMax }) },
  { title: 'HoldRequest' },
);

export const Hold = Open(
  {
    holdId: Uuid,
    saleId: Nullable(Id('sale')),
    sku: Sku,
    quantity: Type.Integer({ minimum: 1 }),
    unitPrice: Money,
    state: Type.Enum(['held', 'committing', 'committed', 'voided', 'expired']),
    expiresAt: Timestamp,
  },
  { title: 'Hold' },
);
export type Hold = Static<typeof Hold>;
