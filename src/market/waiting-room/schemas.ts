/** Places in a queue, and holds, on the wire. */
import Type, { type Static } from 'typebox';
import { Closed, Id, Nullable, Open, Timestamp, Uuid } from '../../gateway/schemas.ts';
import { Datum } from '../../gateway/texts.ts';
import { Sku } from '../inventory/schemas.ts';
import { Money } from '../pricing/schemas.ts';
import { saleLimits } from '../sales/schemas.ts';

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

export const Admission = Open({ token: Type.String({ examples: ['WyJzYWxf…'] }), expiresAt: Timestamp });
export type Admission = Static<typeof Admission>;

const Outlook = Type.Enum(['likely', 'uncertain', 'unlikely', 'sold_out']);

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
    saleId: Id('sale'),
    sku: Sku,
    quantity: Type.Integer({ minimum: 1 }),
    unitPrice: Money,
    state: Type.Enum(['held', 'committing', 'committed', 'voided', 'expired']),
    expiresAt: Timestamp,
  },
  { title: 'Hold' },
);
export type Hold = Static<typeof Hold>;
