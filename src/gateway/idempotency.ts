/**
 * Idempotency keys: the first answer to a key is kept by the account's `idempotency` actor and given to every repeat.
 *
 * 1. The actor fixes the id that the request may mint before anything is done, so whatever happens between (a crash,
 *    an answer that got lost), a repeat works on the same resource, whose own actor knows a repeat when it sees one.
 * 2. An answer is stored before it is sent, so that a client that saw it always gets it again.
 * 3. An answer that says nothing final (`busy`, any 5xx, one too large to keep) is not stored: the key is handed back
 *    with its minted id, and the next repeat runs again. It is not abandoned, because the outcome of a request that
 *    was too late is unknown: under a fresh id its repeat would be a second order.
 * 4. An engine that is away may have taken a begin, or lost a finish, without saying so: it is told again, a bounded
 *    number of times and beside the request, so that the key is not taken for running when nobody runs it.
 */
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { BeginRequest, FinishRequest } from '../actors/idempotency/commands.ts';
import type { IdKind } from '../protocol/ids.ts';
import { newId } from '../protocol/ids.ts';
import { invalid } from './check.ts';
import { refuse } from './problem.ts';
import type { Reply, Shards } from './route.ts';

/** Larger answers are not kept. */
const storedAnswerBytesMax = 64 * 1024;
/** No server run has this name: a request that this run holds may be run again by any other. */
const handedBack = 'handed-back';
/** An answer waits at most so long more for being stored: a repeat would run on the same resource. */
const storeMsMax = 1_000;
const tellMsMax = 60_000;
/** Commands that are being told again at once; beyond, the actor's own time limit has to do. */
const toldMax = 1_000;

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
  if (answer.code === 'busy') void tell(request, { ...begin, run: handedBack });
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
      await tell(request, finish);
    } else {
      await tell(request, { ...begin, resourceId: begun.resourceId, run: handedBack });
    }
  }
}

let told = 0;

/** Resolves when the engine has heard it, or soon: what it has not heard then is told again beside the request. */
async function tell(request: KeyedRequest, command: BeginRequest | FinishRequest): Promise<void> {
  const isHeard = async () =>
    (await request.shards.ask('idempotency', request.accountId, command)).code !== 'busy';
  if ((await isHeard()) || told >= toldMax) return;
  told += 1;
  const again = tellAgain(isHeard).finally(() => {
    told -= 1;
  });
  await Promise.race([again, delay(storeMsMax, undefined, { ref: false })]);
}

/** Gives up when the actor takes the request for lost by itself. */
async function tellAgain(isHeard: () => Promise<boolean>): Promise<void> {
  const untilMs = performance.now() + tellMsMax;
  for (let pauseMs = 50; performance.now() < untilMs; pauseMs = Math.min(2_000, pauseMs * 2)) {
    await delay(pauseMs, undefined, { ref: false });
    if (await isHeard()) return;
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
