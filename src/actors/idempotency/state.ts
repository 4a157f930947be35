/** What the idempotency actor remembers: its owner's keyed requests of the last day. */
import { addressPart, isStrangers, sitePart } from '../../protocol/strangers.ts';

interface FinishedRequest {
  readonly status: number;
  readonly body: unknown;
  readonly location: string | null;
  readonly etag: string | null;
}

export interface KnownRequest {
  readonly fingerprint: string;
  readonly resourceId: string;
  readonly run: string;
  readonly beganAtMs: number;
  finished: FinishedRequest | null;
}

/** How much may be remembered. The last answer may go beyond. */
interface Share {
  readonly keys: number;
  readonly answerChars: number;
}

export const shareOfAccount: Share = { keys: 10_000, answerChars: 8 * 1024 * 1024 };
/**
 * Addresses cost nothing, and an address is many people's: they may do without keys. All owners of strangers' keys
 * together keep 256 times the first of these.
 */
export const shareOfStrangers: Share = { keys: 4_096, answerChars: 2 * 1024 * 1024 };
export const shareOfSite: Share = { keys: 2_000, answerChars: 1024 * 1024 };
export const shareOfAddress: Share = { keys: 1_000, answerChars: 512 * 1024 };

interface Usage {
  keys: number;
  answerChars: number;
}

export interface IdempotencyState {
  readonly share: Share;
  /** By key, in the order of their latest begin. */
  readonly requestByKey: Map<string, KnownRequest>;
  /** Of all stored answers together. */
  answerChars: number;
  /** Of each address and each site, by what their keys begin with; null in an account's. */
  readonly usageByStranger: Map<string, Usage> | null;
}

/** A key lives so long after its latest begin. */
export const rememberMs = 24 * 3_600_000;

export function initialIdempotency(owner: string): IdempotencyState {
  const isOfStrangers = isStrangers(owner);
  return {
    share: isOfStrangers ? shareOfStrangers : shareOfAccount,
    requestByKey: new Map(),
    answerChars: 0,
    usageByStranger: isOfStrangers ? new Map() : null,
  };
}

/** Adds to what the key's owner has, and the stranger whose key it is. */
export function count(state: IdempotencyState, key: string, keys: -1 | 0 | 1, answerChars: number): void {
  state.answerChars += answerChars;
  const { usageByStranger } = state;
  if (usageByStranger === null) return;
  for (const part of [sitePart(key), addressPart(key)]) {
    const usage = usageByStranger.get(part) ?? { keys: 0, answerChars: 0 };
    usage.keys += keys;
    usage.answerChars += answerChars;
    if (usage.keys > 0) usageByStranger.set(part, usage);
    else usageByStranger.delete(part);
  }
}

/** What a request adds to the answers. */
export function answerCharsOf({ finished }: KnownRequest): number {
  return typeof finished?.body === 'string' ? finished.body.length : 0;
}

/** When the oldest key can be forgotten. */
export function forgetAtMs({ requestByKey }: IdempotencyState): number {
  for (const { beganAtMs } of requestByKey.values()) return beganAtMs + rememberMs;
  return Number.POSITIVE_INFINITY;
}

/** When there is room for a new key, by forgetting what is a day old then; null: there is. */
export function roomAtMs(state: IdempotencyState, key: string): number | null {
  const { share, requestByKey, answerChars, usageByStranger } = state;
  let atMs = isFull(share, requestByKey.size, answerChars) ? forgetAtMs(state) : null;
  if (usageByStranger === null) return atMs;
  for (const [part, share] of [
    [sitePart(key), shareOfSite],
    [addressPart(key), shareOfAddress],
  ] as const) {
    const usage = usageByStranger.get(part);
    if (usage !== undefined && isFull(share, usage.keys, usage.answerChars))
      atMs = Math.max(atMs ?? 0, oldestMs(state, part) + rememberMs);
  }
  return atMs;
}

function isFull(share: Share, keys: number, answerChars: number): boolean {
  return keys >= share.keys || answerChars >= share.answerChars;
}

/** When the oldest of the keys that begin with `part` began. */
function oldestMs({ requestByKey }: IdempotencyState, part: string): number {
  for (const [key, { beganAtMs }] of requestByKey) if (key.startsWith(part)) return beganAtMs;
  return Number.POSITIVE_INFINITY;
}
