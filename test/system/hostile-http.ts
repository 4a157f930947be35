/** Broken requests: bodies, heads, clients that vanish, bodies without an end. */
import { type Answers, inLanes, type Victim } from './hostile-answers.ts';
import { broken, mutate, type Pick, seededFor, uuidOf } from './mutations.ts';
import { checkoutBody, type Person, saleBody } from './shop.ts';
import { exchange, type Line, openLine } from './wire.ts';

function head(who: Person, path: string, length: number | string, more = ''): string {
  return (
    `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${who.token}\r\n` +
    `Content-Type: application/json\r\nContent-Length: ${length}\r\n${more}\r\n`
  );
}

const ticketsPath = ({ drop }: Victim) => `/v1/sales/${drop.saleId}/tickets`;

/** Every route that reads a body, with one that it would take. */
function targets(
  { drop, leaver }: Victim,
  pick: Pick,
): { path: string; body: object; more?: string; who?: Person }[] {
  const { saleId, sku, seller } = drop;
  return [
    { path: `/v1/sales/${saleId}/tickets`, body: { requestId: uuidOf(pick) } },
    {
      path: `/v1/sales/${saleId}/holds`,
      body: { holdId: uuidOf(pick), sku, quantity: 1 },
      more: 'Admission-Token: a.b\r\n',
    },
    {
      path: '/v1/checkout',
      body: checkoutBody([uuidOf(pick)]),
      more: `Idempotency-Key: ${uuidOf(pick)}\r\n`,
    },
    { path: '/v1/me/addresses', body: checkoutBody([]).shippingAddress },
    { path: '/v1/auth/refresh', body: { refreshToken: 'x' } },
    { path: '/v1/sales', body: saleBody(sku, 1), who: seller },
    { path: '/v1/webhooks/stripe', body: { id: 'evt_1' }, more: 'Stripe-Signature: t=1,v1=00\r\n' },
    { path: '/v1/auth/logout', body: { refreshToken: 'x' }, who: leaver },
  ];
}

export async function sendBodies(
  victim: Victim,
  amount: number,
  seed: number,
  answers: Answers,
): Promise<void> {
  const known = targets(victim, seededFor(seed, -1));
  const lines = new Map<number, Line>();
  await inLanes(amount, 40, async (n, lane) => {
    const pick = seededFor(seed, n);
    let line = lines.get(lane);
    if (!line || line.isClosed()) {
      line = await openLine(victim.port);
      lines.set(lane, line);
    }
    const { path, body, more = '', who = victim.buyer } = known[pick(known.length)]!;
    const { kind, bytes } = broken(body, pick);
    const status = await exchange(line, head(who, path, bytes.length, more), bytes);
    answers.count(`bodies, ${kind}`, status);
    if (status === 201) answers.note(`made by POST ${path.replace(/sal_[^/]+/, '{saleId}')}`);
  });
  for (const { socket } of lines.values()) socket.destroy();
}

/** The status that was heard before the end, or null. */
async function untilClosed(line: Line): Promise<string | null> {
  while (!line.isClosed()) await line.heard();
  return /^HTTP\/1\.1 (\d{3}) /.exec(line.got())?.[1] ?? null;
}

/** Garbage instead of HTTP, and requests with broken heads. */
export async function sendPositions(
  victim: Victim,
  amount: number,
  seed: number,
  answers: Answers,
): Promise<void> {
  const good = Buffer.from(`${head(victim.buyer, ticketsPath(victim), 2)}{}`);
  const lengths = ['-1', '1e3', '9'.repeat(30), '0x10'];
  await inLanes(amount, 50, async (n) => {
    const pick = seededFor(seed, n);
    const line = await openLine(victim.port);
    const [kind, bytes] = [
      () => ['heads, noise', Buffer.from(Array.from({ length: 1 + pick(600) }, () => pick(256)))] as const,
      () => ['heads, long paths', `GET /${'x'.repeat(pick(9_000))} HTTP/1.1\r\nHost: x\r\n\r\n`] as const,
      () => ['heads, bad lengths', head(victim.buyer, '/v1/checkout', lengths[pick(4)]!)] as const,
      () => ['heads, mutated', mutate(good, pick)] as const,
    ][pick(4)]!();
    line.socket.end(bytes);
    answers.count(kind, await untilClosed(line));
  });
}

/** Clients that vanish at any byte. */
export async function sendAborts(
  victim: Victim,
  amount: number,
  seed: number,
  answers: Answers,
): Promise<void> {
  await inLanes(amount, 50, async (n) => {
    const pick = seededFor(seed, n);
    const body = Buffer.from(JSON.stringify(checkoutBody([uuidOf(pick)])));
    const line = await openLine(victim.port);
    const key = `Idempotency-Key: ${uuidOf(pick)}\r\n`;
    const bytes = Buffer.concat([Buffer.from(head(victim.buyer, '/v1/checkout', body.length, key)), body]);
    line.socket.write(bytes.subarray(0, pick(bytes.length + 1)), () => line.socket.resetAndDestroy());
    await untilClosed(line);
    answers.count('aborts', 'gone');
  });
}

/** Bodies without an end: cut at 64 KiB, declared or not. */
export async function sendStreams(
  victim: Victim,
  amount: number,
  _seed: number,
  answers: Answers,
): Promise<void> {
  const chunk = Buffer.from(`4000\r\n${'x'.repeat(0x4000)}\r\n`);
  const start = (length: number) => head(victim.buyer, ticketsPath(victim), length);
  await inLanes(amount, 10, async (n) => {
    const line = await openLine(victim.port);
    if (n % 2 === 0) {
      line.socket.write(start(10_000_000_000));
    } else {
      line.socket.write(start(0).replace('Content-Length: 0', 'Transfer-Encoding: chunked'));
      const send = () => {
        if (!line.socket.destroyed) line.socket.write(chunk, () => setImmediate(send));
      };
      send();
    }
    answers.count('endless bodies', await untilClosed(line));
  });
}
