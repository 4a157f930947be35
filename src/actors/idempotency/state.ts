/** What the idempotency actor remembers: its owner's keyed requests of the last day. */
import { strangerPrefix } from '../../protocol/ids.ts';

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

/** How much one owner may have remembered. The last answer may go beyond. */
interface Share {
  readonly keys: number;
  readonly answerChars: number;
}

export const shareOfAccount: Share = { keys: 10_000, answerChars: 8 * 1024 * 1024 };
/** Addresses cost nothing, and an address is many people's: they may do without keys. */
export const shareOfAddress: Share = { keys: 1_000, answerChars: 512 * 1024 };

export interface IdempotencyState {
  readonly share: Share;
  /** By key, in the order of their latest begin. */
  readonly requestByKey: Map<string, KnownRequest>;
  /** Of all stored answers together. */
  answerChars: number;
}

/** A key lives so long after its latest begin. */
export const rememberMs = 24 * 3_600_000;

export function initialIdempotency(owner: string): IdempotencyState {
  const share = owner.startsWith(strangerPrefix) ? shareOfAddress : shareOfAccount;
  return { share, requestByKey: new Map(), answerChars: 0 };
}

/** What a request adds to `answerChars`. */
export function answerCharsOf({ finished }: KnownRequest): number {
  return typeof finished?.body === 'string' ? finished.body.length : 0;
}

/** When the oldest key can be forgotten. */
export function forgetAtMs(state: IdempotencyState): number {
  for (const request of state.requestByKey.values()) return request.beganAtMs + rememberMs;
  return Number.POSITIVE_INFINITY;
}
