/**
 * What Schemathesis reports and is as it must be, each with its reason. It takes a request for good when every part of
 * it fits its schema; rules between parts, and between a request and what has happened before, stand in no schema.
 */
import type { Finding } from './tool.ts';

const busyCode = /"code":"busy"/;
const whyBusy =
  '503 `busy` with Retry-After: overload, such as a journal whose disk is silent for 150 ms; the request may be repeated';

const isMachines = /uWebSockets/;
const whyMachines = '431: a head of more than 16 KiB is answered with a page by the HTTP machine itself';

/** Answers to requests whose parts all fit. */
const refusals: readonly [says: RegExp, why: string][] = [
  [/must be the nextCursor of an earlier page/, 'a cursor is opaque: only what a page gave is one'],
  [/"code":"invalid_signature"/, 'a signature of the payment provider cannot be made up'],
  [/must be a valid token of a guest/, "a guest's token cannot be made up"],
  [/"code":"idempotency_key_reused"/, 'one Idempotency-Key was made up for two requests (422)'],
  [/"code":"stale_version"/, 'an If-Match was made up (412)'],
  [/"code":"sale_ended"/, 'the sale was closed by an earlier request, or its time is over (410)'],
  [/"code":"price_changed"/, 'the price has changed since the hold (422)'],
  [/"code":"payment_(?:declined|failed)"/, 'the sandbox knows no such payment method, or declines it (402)'],
  [/"code":"card_data_refused"/, 'a made-up text looks like a card number (422)'],
  [/cannot be a postal code of|is required in [A-Z]{2}\b/, 'what an address needs depends on its country'],
  [/either this or shippingAddressId is required/, 'an order needs one of two addresses'],
  [/"path":"\/holdIds"/, 'holds that are paid together have one currency and a sum that can be charged'],
  [
    /"path":"\/(?:prequeueAt|endsAt)"/,
    'the instants of a sale come after each other, the last in the future',
  ],
  [/must not be longer than admissionSeconds/, 'one duration bounds another'],
  [/is in the list twice|must not be named twice/, 'an item is named once'],
  [/must be a variant of this product/, 'only variants that a product has are changed'],
  [/must be the same for all/, 'prices that stand together have one currency'],
  [/\/price\/amount"/, 'the least and the most that the provider charges depend on the currency'],
  [/characters in all SKU codes/, "a sale's SKU codes are bounded together"],
  [/must be names separated by >|must have names of at most/, 'a category is a path of names'],
  [/must have either a pattern or a category/, 'a rule is of a pattern or of a category'],
  [/must have a min or a max|must not be less than min/, 'one bound of a price goes with the other'],
  [/"code":"payload_too_large"/, 'a body of many bounded parts is over 64 KiB (413)'],
  [/There is no way here to read/, 'a Content-Encoding was made up (415)'],
  [/"code":"link_invalid"/, "a mail's link cannot be made up"],
  [/must not be given with a cursor/, 'a list goes on by a cursor or by page numbers'],
];

/** Why it is as it must be, or null. */
export function explain({ check, status, body, isRetryable }: Finding): string | null {
  if (check === 'not_a_server_error')
    return status === 503 && isRetryable && busyCode.test(body) ? whyBusy : null;
  if (status === 431 && isMachines.test(body)) return whyMachines;
  if (check !== 'positive_data_acceptance') return null;
  return refusals.find(([says]) => says.test(body))?.[1] ?? null;
}
