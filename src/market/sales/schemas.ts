/** Sales on the wire. */
import Type, { type Static, type StaticDecode } from 'typebox';
import {
  Closed,
  exampleId,
  Id,
  Instant,
  Nullable,
  Open,
  pageQuery,
  Rarely,
  Timestamp,
} from '../../gateway/schemas.ts';
import { Line } from '../../gateway/texts.ts';
import { Sku } from '../inventory/schemas.ts';
import { Money, Price } from '../pricing/schemas.ts';

/** The ranges a sale may move in. */
export const saleLimits = {
  titleCharsMax: 200,
  itemsMax: 50,
  /** All SKU codes of a sale together. */
  skuCharsMax: 1_500,
  quantityMax: 1_000_000,
  purchaseLimitMax: 100,
  releasePerSecondMax: 100_000,
  activeLimitMax: 1_000_000,
  admissionSecondsMin: 10,
  admissionSecondsMax: 3_600,
  claimSecondsMin: 5,
  overAdmissionMax: 10,
  ticketsPerAddressMax: 1_000_000,
  holdSecondsMin: 5,
  holdSecondsMax: 3_600,
  paymentSecondsMin: 30,
  paymentSecondsMax: 3_600,
  durationDaysMax: 366,
} as const;

const integer = (minimum: number, maximum: number) => Type.Integer({ minimum, maximum });
const count = Type.Integer({ minimum: 0 });

const rates = {
  releasePerSecond: integer(1, saleLimits.releasePerSecondMax),
  activeLimit: integer(1, saleLimits.activeLimitMax),
  admissionSeconds: integer(saleLimits.admissionSecondsMin, saleLimits.admissionSecondsMax),
  claimSeconds: integer(saleLimits.claimSecondsMin, saleLimits.admissionSecondsMax),
  overAdmission: Type.Number({ minimum: 1, maximum: saleLimits.overAdmissionMax }),
  ticketsPerAddress: Nullable(integer(1, saleLimits.ticketsPerAddressMax)),
};
const method = Type.Literal('fifo');
const itemProperties = {
  sku: Sku,
  quantity: integer(1, saleLimits.quantityMax),
  purchaseLimit: integer(1, saleLimits.purchaseLimitMax),
};
const holdSeconds = integer(saleLimits.holdSecondsMin, saleLimits.holdSecondsMax);
const paymentSeconds = integer(saleLimits.paymentSecondsMin, saleLimits.paymentSecondsMax);

export const NewSale = Closed(
  {
    title: Line(saleLimits.titleCharsMax, { examples: ['Console drop'] }),
    items: Type.Array(
      Closed({
        ...itemProperties,
        price: Price,
        purchaseLimit: Type.Optional(itemProperties.purchaseLimit),
      }),
      { minItems: 1, maxItems: saleLimits.itemsMax },
    ),
    prequeueAt: Type.Optional(Nullable(Instant())),
    startsAt: Type.Optional(Instant()),
    endsAt: Instant('2026-11-27T20:00:00Z'),
    queueing: Type.Optional(Type.Partial(Type.Object({ method, ...rates }), { additionalProperties: false })),
    holdSeconds: Type.Optional(holdSeconds),
    paymentSeconds: Type.Optional(paymentSeconds),
    inviteOnly: Type.Optional(Type.Literal(false)),
  },
  { title: 'NewSale' },
);
export type NewSale = StaticDecode<typeof NewSale>;

export const SalePause = Closed(
  {
    holds: Type.Optional(
      Type.Boolean({ description: 'Whether new holds stop, too; what is held may be paid all the same' }),
    ),
  },
  { title: 'SalePause' },
);

export const NewRates = Closed(
  { queueing: Type.Partial(Type.Object(rates), { additionalProperties: false, minProperties: 1 }) },
  { title: 'SaleChange' },
);

const phases = ['scheduled', 'prequeue', 'active', 'paused', 'sold_out', 'ended'] as const;
export const Phase = Type.Enum(phases);

export const Outlook = Type.Enum(['likely', 'uncertain', 'unlikely', 'sold_out']);

/** Null where nobody can be asked now: the catalogue, or the sale's shard. */
const SaleItem = Open(
  {
    ...itemProperties,
    price: Money,
    productId: Nullable(Id('product')),
    title: Type.String({ examples: ['Console'], description: "The product's title, or the SKU" }),
    imageUrl: Nullable(Type.String({ examples: ['https://example.com/console.webp'] })),
    left: Nullable(Type.Integer({ minimum: 0, examples: [1000], description: 'Neither held nor sold' })),
    onHold: Nullable(Type.Integer({ minimum: 0, examples: [0], description: 'Held: may still come back' })),
    outlook: Nullable(Outlook),
  },
  { title: 'SaleItem' },
);

export const Sale = Open(
  {
    saleId: Id('sale'),
    sellerId: Type.String({ examples: [exampleId('account')] }),
    title: Type.String({ examples: ['Console drop'] }),
    phase: Type.Enum(phases, { examples: ['active'] }),
    items: Type.Array(SaleItem),
    stock: Type.Enum(['pending', 'ready', 'refused'], {
      description: 'Whether the units of every item are set aside',
      examples: ['ready'],
    }),
    prequeueAt: Rarely(Timestamp),
    startsAt: Timestamp,
    endsAt: Timestamp,
    queueing: Open({ method, ...rates }),
    holdSeconds,
    paymentSeconds,
    inviteOnly: Type.Boolean(),
    createdAt: Timestamp,
  },
  { title: 'Sale' },
);
export type Sale = Static<typeof Sale>;

const ChangedRate = Open({ from: Nullable(Type.Number()), to: Nullable(Type.Number()) });

export const SaleChange = Open(
  {
    at: Timestamp,
    actor: Open({ accountId: Id('account'), role: Type.Enum(['seller', 'operator', 'admin']) }),
    change: Type.Enum(['paused', 'resumed', 'closed', 'rates'], { examples: ['rates'] }),
    holds: Type.Optional(Type.Boolean({ description: 'Of a pause: whether new holds stopped, too' })),
    rates: Type.Optional(
      Type.Record(Type.String(), ChangedRate, {
        description: 'Those that are others than before',
        examples: [{ releasePerSecond: { from: 100, to: 50 } }],
      }),
    ),
  },
  { title: 'ChangeOfSale' },
);
export type SaleChange = Static<typeof SaleChange>;

export const SaleFilter = Closed({
  seller: Type.Optional(Id('account')),
  product: Type.Optional(Id('product')),
  ...pageQuery,
});

export const SaleStatus = Open(
  {
    saleId: Id('sale'),
    phase: Phase,
    queueLength: count,
    activeAdmissions: count,
    joined: count,
    released: count,
    completed: count,
    expired: count,
    left: count,
    inflowPerSecond: Type.Number({ minimum: 0 }),
    outflowPerSecond: Type.Number({ minimum: 0 }),
    items: Type.Array(Open({ sku: Sku, quantity: count, available: count, held: count, sold: count })),
    oversold: count,
  },
  { title: 'SaleStatus' },
);
export type SaleStatus = Static<typeof SaleStatus>;
