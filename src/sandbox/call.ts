/** What the sandbox's calls are made of: parameters and their checks, refusals in the provider's wording, effects. */
import { randomUUID } from 'node:crypto';
import type { Intent, Refund, Rows } from './rows.ts';

/** Form or query parameters, by their names as sent: `metadata[orderId]`. */
export type Params = ReadonlyMap<string, string>;

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly params: Params;
  readonly idempotencyKey: string | null;
}

/** What is told of a call; its type says of which object (render.ts). */
export interface ProviderEvent {
  readonly type: string;
  /** So long after the call. */
  readonly afterMs?: number;
}

/** An error object as the provider words it. */
export class ApiRefusal extends Error {
  readonly status: number;
  readonly error: object;
  constructor(status: number, error: { type: string; message: string; [field: string]: unknown }) {
    super(error.message);
    this.status = status;
    this.error = error;
  }
}

export function invalid(message: string, fields: Record<string, unknown> = {}, status = 400): ApiRefusal {
  return new ApiRefusal(status, { type: 'invalid_request_error', message, ...fields });
}

/** What a writing call did. */
export interface Effect {
  readonly status: number;
  readonly intent: Intent;
  readonly refund?: Refund;
  readonly events: readonly ProviderEvent[];
}

export interface Refunding {
  /** It fails later. */
  readonly isBad: boolean;
  /** It is pending first. */
  readonly isSlow: boolean;
}

export interface Context {
  readonly rows: Rows;
  readonly params: Params;
  readonly nowMs: number;
  /** What becomes of a refund that is made now. */
  readonly refunding: Refunding;
}

/** No bank is faster: disputes, and refunds that fail. */
export const bankMs = 1_000;
/** So long a slow refund is pending. */
export const slowMs = 2_000;
/** 24 characters as the provider's ids have; a UUID costs a quarter of as many random bytes. */
export const mint = (prefix: string) => `${prefix}_${randomUUID().replaceAll('-', '').slice(0, 24)}`;
/** More digits than any amount has: what a currency allows is checked by its rules. */
export const amountMax = 999_999_999_999;

/** Refuses parameters that the provider (or this sandbox) does not know: a misspelt one must not pass unnoticed. */
export function onlyKnown(params: Params, names: readonly string[]): void {
  for (const name of params.keys()) {
    const bracket = name.indexOf('[');
    const base = bracket < 0 ? name : name.slice(0, bracket);
    if (!names.includes(base))
      throw invalid(`Received unknown parameter: ${base}`, { code: 'parameter_unknown', param: base });
  }
}

export function required(params: Params, name: string): string {
  const value = params.get(name);
  if (value === undefined || value === '')
    throw invalid(`Missing required param: ${name}.`, { code: 'parameter_missing', param: name });
  return value;
}

export function integer(params: Params, name: string, fallback: number, min: number, max: number): number {
  const text = params.get(name);
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!/^\d{1,12}$/.test(text) || value < min || value > max)
    throw invalid(`Invalid integer: ${text}`, { code: 'parameter_invalid_integer', param: name });
  return value;
}

/** One page of a list: those since `created[gte]`, newest first, after `starting_after`. `items` are in the order of creation. */
export function pageOf<Item extends { readonly id: string; readonly createdAtMs: number }>(
  items: readonly Item[],
  params: Params,
): { page: Item[]; hasMore: boolean } {
  const limit = integer(params, 'limit', 10, 1, 100);
  const sinceMs = integer(params, 'created[gte]', 0, 0, amountMax) * 1000;
  const after = params.get('starting_after');
  const end = after === undefined ? items.length : items.findLastIndex(({ id }) => id === after);
  if (end < 0) throw invalid(`No such object: '${after}'`, { code: 'resource_missing' }, 404);
  const page: Item[] = [];
  for (let index = end - 1; index >= 0; index--) {
    const item = items[index]!;
    if (item.createdAtMs < sinceMs) break;
    if (page.length === limit) return { page, hasMore: true };
    page.push(item);
  }
  return { page, hasMore: false };
}

export function metadataOf(params: Params): Record<string, string> {
  const metadata: Record<string, string> = {};
  for (const [name, value] of params) {
    const key = /^metadata\[([^\]]{1,40})\]$/.exec(name)?.[1];
    if (key === undefined) continue;
    if (value.length > 500)
      throw invalid('Metadata values can have up to 500 characters', { param: 'metadata' });
    metadata[key] = value;
  }
  if (Object.keys(metadata).length > 50)
    throw invalid('Metadata can have up to 50 keys', { param: 'metadata' });
  return metadata;
}
