/**
 * Every outcome of a command or a request. An answer names the first one that applies. Codes are stable for ever. HTTP
 * statuses live in `gateway/problem.ts` only.
 */

/** Titles of the refusals, in about the order in which they are checked: a command's own comment has its exact one. */
export const refusals = {
  malformed_request: 'The head of the request is not valid HTTP',
  not_found: 'No such resource',
  method_not_allowed: 'Method not allowed here',
  unauthenticated: 'Authentication is required',
  invalid_token: 'The access token is not valid',
  token_expired: 'The access token has expired',
  invalid_credentials: 'E-mail or password is wrong',
  account_suspended: 'The account is suspended',
  forbidden: 'Not allowed for this account',
  seller_suspended: 'The seller is suspended',
  rate_limited: 'Too many requests',
  request_timeout: 'The body took too long to come',
  payload_too_large: 'The body is too large',
  unsupported_media_type: 'The body must be application/json',
  malformed_json: 'The body is not valid JSON',
  card_data_refused: 'Card numbers must not be sent here',
  validation_failed: 'The request does not match its schema',
  idempotency_key_invalid: 'An Idempotency-Key is 1 to 255 visible ASCII characters',
  idempotency_key_required: 'An Idempotency-Key header is required',
  idempotency_key_reused: 'The Idempotency-Key was used for another request',
  idempotency_in_progress: 'The first request with this Idempotency-Key is still running',
  exists_with_different: 'The id was used before with other content',
  link_invalid: 'The link is not one of ours, was used, or has expired',
  account_in_use: 'The account has open business',
  email_taken: 'The e-mail address has an account already',
  last_admin: 'The last admin stays admin',
  sku_taken: 'The SKU exists already',
  variant_in_use: 'Units of the variant are held, or a sale of it is not over',
  category_exists: 'The category exists already',
  category_cycle: 'A category cannot be below itself',
  category_not_empty: 'The category has products or branches',
  listing_refused: 'The listing is not allowed here',
  stale_version: 'The resource has changed since',
  unknown_sku: 'The sale does not sell this SKU',
  sale_not_open: 'The sale is not open yet',
  sale_ended: 'The sale has ended',
  sale_paused: 'The sale is paused',
  address_limit: 'This address has as many tickets as one may have',
  invite_required: 'The sale needs an access code',
  admission_required: 'An admission token is required',
  admission_invalid: 'The admission token is not valid for this',
  admission_expired: 'The admission has expired',
  hold_expired: 'The hold has ended',
  hold_in_use: 'The hold belongs to another order',
  wrong_state: 'Not possible in the present state',
  purchase_limit: 'The purchase limit is reached',
  sold_out: 'Sold out',
  insufficient_stock: 'Not enough units are available',
  price_changed: 'The price has changed',
  payment_declined: 'The payment was declined',
  payment_failed: 'The payment could not be made',
  invalid_signature: 'The signature is not valid',
  busy: 'Too busy, or the outcome is not known yet: retry with the same ids',
  internal_error: 'An unexpected error',
} as const;

export type Refusal = keyof typeof refusals;
/** `created`: something new came to be; `ok`: done before, read, or changed. */
export type Accepted = 'ok' | 'created';
export type Code = Accepted | Refusal;
