/** A seller's wishes as the terms of a sale: defaults filled in, and the rules checked that a schema cannot state. */
import type { Queueing, SaleTerms } from '../../actors/sale/commands.ts';
import { invalid } from '../../gateway/handling.ts';
import { checkChargeable } from '../pricing/schemas.ts';
import { type NewSale, saleLimits } from './schemas.ts';

const queueingDefaults: Queueing = {
  method: 'fifo',
  releasePerSecond: 100,
  activeLimit: 5000,
  admissionSeconds: 300,
  claimSeconds: 60,
  overAdmission: 1,
  ticketsPerAddress: 20,
};
const holdSecondsDefault = 300;
const paymentSecondsDefault = 300;
const purchaseLimitDefault = 1;
const dayMs = 86_400_000;

/** Refuses with `validation_failed`. */
export function termsOf(body: NewSale, sellerId: string, nowMs: number): SaleTerms {
  const times = timesOf(body, nowMs);
  const queueing = queueingOf(body.queueing ?? {});
  checkItems(body.items);
  return {
    sellerId,
    title: body.title,
    items: body.items.map((item) => ({ ...item, purchaseLimit: item.purchaseLimit ?? purchaseLimitDefault })),
    ...times,
    queueing,
    holdSeconds: body.holdSeconds ?? holdSecondsDefault,
    paymentSeconds: body.paymentSeconds ?? paymentSecondsDefault,
  };
}

function timesOf({ prequeueAt, startsAt, endsAt }: NewSale, nowMs: number) {
  const startsAtMs = startsAt ?? Math.floor(nowMs);
  const endsAtMs = endsAt;
  const prequeueAtMs = prequeueAt ?? null;
  if (endsAtMs <= startsAtMs) invalid('/endsAt', 'must be later than startsAt');
  if (endsAtMs <= nowMs) invalid('/endsAt', 'must be in the future');
  if (endsAtMs - startsAtMs > saleLimits.durationDaysMax * dayMs)
    invalid('/endsAt', `must be within ${saleLimits.durationDaysMax} days of startsAt`);
  if (prequeueAtMs !== null && prequeueAtMs > startsAtMs)
    invalid('/prequeueAt', 'must not be later than startsAt');
  return { prequeueAtMs, startsAtMs, endsAtMs };
}

function queueingOf(wished: Partial<Queueing>): Queueing {
  const queueing = { ...queueingDefaults, ...wished };
  // A short admission with the default claim time would be refused for something the seller never said.
  if (wished.claimSeconds === undefined)
    queueing.claimSeconds = Math.min(queueing.claimSeconds, queueing.admissionSeconds);
  checkClaimTime(queueing);
  return queueing;
}

export function checkClaimTime({ claimSeconds, admissionSeconds }: Queueing): void {
  if (claimSeconds > admissionSeconds)
    invalid('/queueing/claimSeconds', 'must not be longer than admissionSeconds');
}

function checkItems(items: NewSale['items']): void {
  items.forEach((item, index) => {
    if (items.findIndex((other) => other.sku === item.sku) !== index)
      invalid(`/items/${index}/sku`, 'is in the list twice');
    if (item.price.currency !== items[0]!.price.currency)
      invalid(`/items/${index}/price/currency`, 'must be the same for all items');
    checkChargeable(`/items/${index}/price`, item.price, item.purchaseLimit ?? purchaseLimitDefault);
  });
  if (items.reduce((chars, { sku }) => chars + sku.length, 0) > saleLimits.skuCharsMax)
    invalid('/items', `must not have more than ${saleLimits.skuCharsMax} characters in all SKU codes`);
}
