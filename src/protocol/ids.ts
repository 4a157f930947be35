/**
 * Ids. Server-minted ids are a prefix and a UUIDv7 (`ord_018f…`), so they sort by time; client-minted ones
 * (`holdId`, `requestId`) are plain UUIDs of any version, kept in lower case. The gateway mints (gateway/handling.ts).
 */

export const prefixes = {
  account: 'acc',
  sale: 'sal',
  ticket: 'tkt',
  order: 'ord',
  product: 'prd',
  image: 'img',
  category: 'cat',
  address: 'adr',
  import: 'imp',
  request: 'req',
  session: 'ses',
  audit: 'aud',
  export: 'exp',
  cart: 'crt',
  quote: 'quo',
  wishlist: 'wsh',
  promotion: 'prm',
  priceRule: 'rul',
  offer: 'off',
} as const;

export type IdKind = keyof typeof prefixes;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether `text` is a prefixed id of that kind. */
export function isId(kind: IdKind, text: string): boolean {
  const prefix = prefixes[kind];
  return text.length === prefix.length + 37 && text.startsWith(`${prefix}_`) && UUID.test(text.slice(-36));
}

/** Whether `text` is a plain lower-case UUID. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}
