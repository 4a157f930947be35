/** A sale with a hundred SKUs, or as many as wanted, made by the real actors, and what its buyers do. */
import { randomUUID } from 'node:crypto';
import { Packr } from 'msgpackr';
import { saleDecider } from '../src/actors/sale/decide.ts';
import { skuDecider } from '../src/actors/sku/decide.ts';
import type { AnyCommand } from '../src/protocol/command.ts';
import { type AnyDecider, type PendingMessage, register } from '../src/protocol/decider.ts';
import type { JournalRecord } from '../src/protocol/frame.ts';

export const skuCount = 100;
const price = { amount: 49_900, currency: 'USD' };
const sellerId = `acc_${randomUUID()}`;
const packr = new Packr({ useRecords: true, moreTypes: false, int64AsType: 'number' });

export interface Actor {
  readonly decider: AnyDecider;
  readonly key: string;
  readonly state: unknown;
}

export type Envelope = readonly [actor: Actor, command: AnyCommand];

export interface Shop {
  readonly sale: Actor;
  readonly skus: readonly Actor[];
  /** What happened until the sale was open. */
  readonly opening: readonly JournalRecord[];
}

/** Decides one command, which must not be refused, and lets it happen. */
export function tell({ decider, key, state }: Actor, command: object, at: number): JournalRecord[] {
  const { code, events, reply } = decider.decide(state, command as AnyCommand, at);
  if (code !== 'ok' && code !== 'created') throw new Error(`${JSON.stringify(command)}: ${code}`);
  for (const event of events) decider.evolve(state, event);
  if (typeof reply === 'function') reply(state);
  return events.map((event) => ({ kind: decider.kind, key, event }));
}

/** An open sale and its SKUs. */
export function openShop(startMs: number, count = skuCount): Shop {
  const opening: JournalRecord[] = [];
  const saleId = `sal_${randomUUID()}`;
  const saleState = saleDecider.initial(saleId);
  const sale: Actor = { decider: register(saleDecider), key: saleId, state: saleState };
  const skus = Array.from({ length: count }, (_, n): Actor => {
    const key = `SKU-${n}`;
    return { decider: register(skuDecider), key, state: skuDecider.initial(key) };
  });
  const quantity = 1_000_000;
  const thing = { type: 'RegisterSku', productId: 'prd_x', sellerId, title: 'Thing', price, stock: quantity };
  for (const sku of skus) opening.push(...tell(sku, thing, startMs));
  const items = skus.map(({ key }) => ({ sku: key, quantity, price, purchaseLimit: 4 }));
  const queueing = {
    method: 'fifo',
    releasePerSecond: 100,
    activeLimit: 5_000,
    admissionSeconds: 300,
    claimSeconds: 60,
    overAdmission: 1,
  };
  const terms = { sellerId, title: 'Drop', items, queueing, holdSeconds: 300, paymentSeconds: 300 };
  const times = { prequeueAtMs: null, startsAtMs: startMs, endsAtMs: startMs + 3_600_000 };
  opening.push(...tell(sale, { type: 'CreateSale', ...terms, ...times }, startMs));
  for (const pending of saleDecider.pendingMessages(saleState) as readonly PendingMessage[]) {
    opening.push(...tell(skus.find(({ key }) => key === pending.key)!, pending.command, startMs));
    opening.push(...tell(sale, { type: 'Answered', id: pending.id, code: 'created', body: null }, startMs));
  }
  opening.push(...tell(sale, { type: 'Tick' }, startMs + 1));
  return { sale, skus, opening };
}

/** The commands of one portion, made beforehand: ids are the gateway's work. */
export function envelopesOf(
  { sale, skus }: Shop,
  portion: number,
  count: number,
  startMs: number,
): Envelope[] {
  const envelopes: Envelope[] = [];
  const admissionExpiresAtMs = startMs + 300_000;
  const buyersPerPortion = count / 10;
  for (let n = portion * buyersPerPortion; envelopes.length < count; n++) {
    const sku = skus[n % skus.length]!;
    for (let i = 0; i < 5; i++) {
      const ids = {
        ticketId: `tkt_${randomUUID()}`,
        buyerId: `acc_${randomUUID()}`,
        requestId: randomUUID(),
      };
      envelopes.push([sale, { type: 'JoinSale', ...ids } as AnyCommand]);
    }
    const buyerId = `acc_${randomUUID()}`;
    const orderId = `ord_${randomUUID()}`;
    const holdIds = [randomUUID(), randomUUID()];
    const hold = { saleId: sale.key, buyerId, ticketNumber: n + 1, quantity: 1, admissionExpiresAtMs };
    for (const holdId of holdIds) envelopes.push([sku, { type: 'PlaceHold', holdId, ...hold } as AnyCommand]);
    const holdId = holdIds[0]!;
    const attach = { type: 'AttachHold', holdId, buyerId, orderId, untilMs: startMs + 330_000 };
    envelopes.push([sku, attach]);
    envelopes.push([sku, { type: 'CommitHold', holdId, orderId } as AnyCommand]);
    const figures = { seq: n + 1_000, available: 1_000, held: 10, sold: n, tickets: [[n + 1, 1, 1]] };
    envelopes.push([sale, { type: 'ReportStock', sku: sku.key, ...figures } as AnyCommand]);
  }
  // As they come from a gateway: unpacked from a message, not as the pieces that they were put together from.
  const commands = packr.unpack(packr.pack(envelopes.map(([, command]) => command))) as AnyCommand[];
  return envelopes.map(([actor], index) => [actor, commands[index]!]);
}
