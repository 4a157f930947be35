/**
 * Idempotency keys: the first answer to a key is kept by the account's `idempotency` actor and given to every repeat.
 *
 * 1. The actor fixes the id that the request may mint before anything is done, so whatever happens between (a crash,
 *    an answer that got lost), a repeat works on the same resource, whose own actor knows a repeat when it sees one.
 * 2. An answer is stored before it is sent, so that a client that saw it always gets it again.
 * 3. An answer that says nothing final (`busy`, any 5xx, one too large to keep) is not stored: the key is handed back
 *    with its minted id, and the next repeat runs again. It is not abandoned, because the outcome of a request that
 *    was too late is unknown: under a fresh id its repeat would be a second order.
 */
import { createHash } from 'node:crypto';
import type { BeginRequest, FinishRequest } from '../protocol/commands.ts';
import type { IdKind } from '../protocol/ids.ts';
import { newId } from '../protocol/ids.ts';
import { refuse } from './problem.ts';
import type { Reply, Shards } from './route.ts';
import { invalid } from './schemas-check.ts';

/** Larger answers are not kept. */
const storedAnswerBytesMax = 64 * 1024;
/** No server run has this name: a request that this run holds may be run again by any other. */
const handedBack = 'handed-back';

export interface KeyedRequest {
  readonly shards: Shards;
  readonly run: string;
  readonly accountId: string;
  readonly key: string;
  readonly fingerprint: string;
  readonly mints: IdKind;
}

interface Begun {
  readonly outcome: 'run' | 'replay';
  readonly resourceId: string;
  readonly status: number;
  readonly body: unknown;
  readonly location: string | null;
}

/** `perform` answers refusals as replies and throws nothing but bugs. */
export async function runOnce(
  request: KeyedRequest,
  perform: (mintedId: string) => Promise<Reply>,
): Promise<Reply> {
  const { shards, accountId, key } = request;
  const begin: BeginRequest = {
    type: 'BeginRequest',
    key,
    fingerprint: request.fingerprint,
    resourceId: newId(request.mints),
    run: request.run,
  };
  const answer = await shards.ask('idempotency', accountId, begin);
  if (answer.code !== 'ok') refuse(answer);
  const begun = answer.body as Begun;
  if (begun.outcome === 'replay') return replay(begun);

  let reply: Reply | null = null;
  try {
    reply = await perform(begun.resourceId);
    return reply;
  } finally {
    const body = reply?.body === undefined ? null : JSON.stringify(reply.body);
    if (reply !== null && reply.status < 500 && Buffer.byteLength(body ?? '') <= storedAnswerBytesMax) {
      const location = reply.headers?.Location ?? null;
      const finish: FinishRequest = { type: 'FinishRequest', key, status: reply.status, body, location };
      await shards.ask('idempotency', accountId, finish);
    } else {
      const handBack: BeginRequest = { ...begin, resourceId: begun.resourceId, run: handedBack };
      await shards.ask('idempotency', accountId, handBack);
    }
  }
}

/** Bodies are kept as JSON text: small, and the same bytes again. */
function replay(begun: Begun): Reply {
  const headers: Record<string, string> = { 'Idempotency-Replayed': 'true' };
  if (begun.location !== null) headers.Location = begun.location;
  if (typeof begun.body !== 'string') return { status: begun.status, headers };
  return { status: begun.status, headers, body: JSON.parse(begun.body) };
}

export function fingerprintOf(method: string, path: string, body: Uint8Array): string {
  return createHash('sha256').update(`${method} ${path}\n`).update(body).digest('hex');
}

/** 1 to 255 visible ASCII characters. */
export function checkKey(key: string): string {
  if (/^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw invalid(
    [{ path: '/Idempotency-Key', message: 'must be 1 to 255 visible ASCII characters' }],
    'A header',
  );
}
