/**
 * Idempotency keys: the first answer to a key is kept for its owner (the account, or without one the client's address) and
 * given to every repeat.
 *
 * 1. The store fixes the id that the request may mint before anything is done, so whatever happens between (a crash,
 *    an answer that got lost), a repeat works on the same resource, whose own actor knows a repeat when it sees one.
 * 2. An answer is stored before it is sent, so that a client that saw it always gets it again.
 * 3. An answer that says nothing final (`busy`, `rate_limited`, any 5xx, one too large to keep) is not stored: the key
 *    is handed back with its minted id, and the next repeat runs again under that id, because the outcome of a request
 *    that was too late is unknown: under a fresh id its repeat would be a second order.
 * 4. What is confidential or personal is kept sealed.
 */
import { createHash } from 'node:crypto';
import { DoorbusterError } from '../protocol/errors.ts';
import type { KeptAnswer, KeyedRequest, KeyStore } from './key-store.ts';
import type { Reply } from './route.ts';
import type { AnswerSeal } from './seal.ts';

/** Larger answers are not kept. */
const storedAnswerBytesMax = 64 * 1024;

/**
 * `perform` answers refusals as replies and throws nothing but bugs. `sealing`: null where nothing is confidential; it
 * never rejects.
 */
export async function runOnce(
  keys: KeyStore,
  request: KeyedRequest,
  sealing: AnswerSeal | Promise<AnswerSeal> | null,
  perform: (mintedId: string) => Promise<Reply>,
): Promise<Reply> {
  const begun = await keys.begin(request);
  const seal = await sealing;
  if (begun.outcome === 'replay') return replay(begun, seal);
  const { resourceId } = begun;
  let answer: Reply | null = null;
  try {
    answer = await perform(resourceId);
    return answer;
  } finally {
    const kept = answer === null ? null : keptFrom(answer, seal);
    if (kept === null) await keys.handBack({ ...request, resourceId });
    else await keys.finish(request, kept);
  }
}

/** null for an answer that is not to be kept: invariant 3. */
function keptFrom({ status, body, headers }: Reply, seal: AnswerSeal | null): KeptAnswer | null {
  if (status >= 500 || status === 429) return null;
  const text = body === undefined ? null : JSON.stringify(body);
  if (text !== null && Buffer.byteLength(text) > storedAnswerBytesMax) return null;
  const kept = text === null || seal === null ? text : seal.close(text);
  return { status, body: kept, location: headers?.Location ?? null, etag: headers?.ETag ?? null };
}

function replay({ status, body, location, etag }: KeptAnswer, seal: AnswerSeal | null): Reply {
  const headers: Record<string, string> = { 'Idempotency-Replayed': 'true' };
  if (location !== null) headers.Location = location;
  if (etag !== null) headers.ETag = etag;
  if (body === null) return { status, headers };
  return { status, headers, body: JSON.parse(seal === null ? body : seal.open(body)) };
}

export function fingerprintOf(method: string, path: string, body: Uint8Array): string {
  return createHash('sha256').update(`${method} ${path}\n`).update(body).digest('hex');
}

/** Refuses with `idempotency_key_invalid`. */
export function checkKey(key: string): void {
  if (/^[\x21-\x7e]{1,255}$/.test(key)) return;
  throw new DoorbusterError(
    'idempotency_key_invalid',
    'An idempotency key is 1 to 255 visible ASCII characters',
  );
}
