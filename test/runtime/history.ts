/**
 * Histories made by the real actors under random commands and answers, and what those actors say of themselves at
 * the end: the tables must say the same.
 */

import { createHash } from 'node:crypto';
import type { OrderView } from '../../src/actors/order/commands.ts';
import { orderDecider } from '../../src/actors/order/decide.ts';
import type { CurrentSaleView } from '../../src/actors/sale/commands.ts';
import { saleDecider } from '../../src/actors/sale/decide.ts';
import type { HoldView, StockView } from '../../src/actors/sku/commands.ts';
import { skuDecider } from '../../src/actors/sku/decide.ts';
import { partitionOf } from '../../src/protocol/address.ts';
import { type AnyDecider, type PendingMessage, register } from '../../src/protocol/decider.ts';
import { encodeFrame, type JournalRecord } from '../../src/protocol/frame.ts';
import type { Frame, Journal } from '../../src/protocol/journal.ts';
import { seeded } from '../sandbox/support.ts';

export interface History {
  /** In the order in which things happened. */
  readonly records: JournalRecord[];
  readonly orders: OrderView[];
  readonly sales: CurrentSaleView[];
  readonly stock: StockView[];
}

const startMs = 1_800_000_000_123;
const address = { name: 'Zoë\0', line1: '1 Main St', city: 'Oslo', postalCode: '0150', country: 'NO' };

interface Command {
  readonly type: string;
  readonly [field: string]: unknown;
}

type Stage = ReturnType<typeof stage>;

/** One actor that writes down what happens to it. */
function stage(decider: AnyDecider, key: string, records: JournalRecord[]) {
  const state = decider.initial(key);
  return {
    state,
    send(command: Command, at: number): { code: string; body: unknown } {
      const { code, events, reply } = decider.decide(state, command, at);
      for (const event of events) {
        decider.evolve(state, event);
        records.push({ kind: decider.kind, key, event });
      }
      return { code, body: typeof reply === 'function' ? reply(state) : (reply ?? null) };
    },
    pendingMessages: (): readonly PendingMessage[] => decider.pendingMessages(state),
  };
}

/** `name` keeps the ids of histories in one database apart. */
export function makeHistory(seed: number, size: number, name: string): History {
  const making = new Making(seed, name);
  for (let step = 0; step < size; step++) making.step();
  return making.history();
}

class Making {
  readonly #random: () => number;
  readonly #name: string;
  readonly #records: JournalRecord[] = [];
  readonly #skus: { key: string; actor: Stage }[];
  readonly #sales: { key: string; actor: Stage }[];
  readonly #orders: { key: string; actor: Stage; isPlaced: boolean }[];
  readonly #holds: { holdId: string; sku: string; buyerId: string }[] = [];
  #at = startMs;

  constructor(seed: number, name: string) {
    this.#random = seeded(seed);
    this.#name = name;
    this.#skus = [1, 2, 3].map((n) => this.#stage(register(skuDecider), 'sku', n));
    this.#sales = [1, 2].map((n) => this.#stage(register(saleDecider), 'sal', n));
    this.#orders = Array.from({ length: 6 }, (_, n) => ({
      ...this.#stage(register(orderDecider), 'ord', n),
      isPlaced: false,
    }));
    for (const { key, actor } of this.#skus) this.#register(key, actor);
  }

  step(): void {
    this.#at += 1 + Math.floor(this.#random() * 3_000);
    this.#pick([
      () => this.#stepSku(),
      () => this.#stepSale(),
      () => this.#stepOrder(),
      () => this.#stepOrder(),
    ])();
  }

  history(): History {
    const at = this.#at;
    const placed = this.#orders.filter((order) => order.isPlaced);
    const read = { type: 'ReadOrder', buyerId: null };
    return {
      records: this.#records,
      orders: placed.map(({ actor }) => actor.send(read, at).body as OrderView),
      sales: this.#sales
        .map(({ actor }) => actor.send({ type: 'ReadSale' }, at))
        .filter(({ code }) => code === 'ok')
        .map(({ body }) => body as CurrentSaleView),
      stock: this.#skus.map(({ actor }) => actor.send({ type: 'ReadStock' }, at).body as StockView),
    };
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.#random() * items.length)]!;
  }

  #chance(probability: number): boolean {
    return this.#random() < probability;
  }

  /** The same for the same name; of the form that the server mints, and in the order of `n`. */
  #id(prefix: string, n: number): string {
    const digest = createHash('sha256').update(this.#name).digest('hex');
    const hex = `${digest.slice(0, 24)}${n.toString(16).padStart(8, '0')}`;
    return `${prefix}_${hex.slice(0, 8)}-${hex.slice(8, 12)}-7${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  }

  #stage(decider: AnyDecider, prefix: string, n: number): { key: string; actor: Stage } {
    const key = this.#id(prefix, n);
    return { key, actor: stage(decider, key, this.#records) };
  }

  #register(key: string, actor: Stage): void {
    const command = {
      type: 'RegisterSku',
      productId: 'prd_1',
      sellerId: 'acc_s',
      title: `"${key}" \\u0000`,
      price: { amount: 100, currency: 'USD' },
      stock: 20,
    };
    actor.send(command, this.#at);
  }

  #stepSku(): void {
    const { key: sku, actor } = this.#pick(this.#skus);
    const saleId = this.#pick(this.#sales).key;
    const buyerId = this.#id('acc', Math.floor(this.#random() * 4));
    const known = this.#holds.filter((hold) => hold.sku === sku);
    const hold = known.length > 0 ? this.#pick(known) : null;
    // Each hold has its one order, so that it can be attached, committed and returned.
    const orderId = hold && `${hold.holdId}-order`;
    const command = this.#pick<() => Command | null>([
      () => ({
        type: 'AdjustStock',
        adjustmentId: `a${this.#at}`,
        delta: this.#pick([-3, 2]),
        reason: 'count',
        sellerId: null,
      }),
      () => ({
        type: 'OpenAllocation',
        saleId,
        sellerId: 'acc_s',
        quantity: 8,
        price: { amount: 90, currency: 'USD' },
        purchaseLimit: 3,
        holdSeconds: 60,
      }),
      () => (this.#chance(0.1) ? { type: 'CloseAllocation', saleId } : null),
      ...Array.from({ length: 4 }, () => () => {
        const holdId = `h-${this.#name}-${this.#holds.length}`;
        this.#holds.push({ holdId, sku, buyerId });
        return {
          type: 'PlaceHold',
          holdId,
          saleId,
          buyerId,
          ticketNumber: 1,
          quantity: 1,
          admissionExpiresAtMs: this.#at + 1e6,
        };
      }),
      () => hold && { type: 'AttachHold', ...hold, orderId, untilMs: this.#at + 60_000 },
      () => hold && { type: 'CommitHold', ...hold, orderId },
      () => hold && { type: 'ReleaseHold', ...hold, orderId },
      () => hold && { type: 'VoidHold', ...hold },
      () => ({ type: 'Tick' }),
    ])();
    if (command) actor.send(command, this.#at);
  }

  #stepSale(): void {
    const { key, actor } = this.#pick(this.#sales);
    const pending = actor.pendingMessages();
    if (pending.length > 0 && this.#chance(0.5)) {
      const code = this.#chance(0.85) ? 'created' : 'insufficient_stock';
      actor.send({ type: 'Answered', id: this.#pick(pending).id, code, body: { available: 1 } }, this.#at);
      return;
    }
    actor.send(
      this.#pick<Command>([
        {
          type: 'CreateSale',
          sellerId: 'acc_s',
          title: `Drop ${key}`,
          items: this.#skus.map((sku) => ({
            sku: sku.key,
            quantity: 8,
            price: { amount: 90, currency: 'USD' },
            purchaseLimit: 3,
          })),
          prequeueAtMs: this.#chance(0.5) ? this.#at + 20_000 : null,
          startsAtMs: this.#at + 40_000,
          endsAtMs: this.#at + 900_000,
          queueing: {
            method: 'fifo',
            releasePerSecond: 10,
            activeLimit: 5,
            admissionSeconds: 60,
            claimSeconds: 30,
            overAdmission: 1,
          },
          holdSeconds: 60,
          paymentSeconds: 60,
        },
        { type: 'Tick' },
        { type: this.#chance(0.5) ? 'PauseSale' : 'ResumeSale', sellerId: null },
        { type: this.#chance(0.05) ? 'CloseSale' : 'Tick', sellerId: null },
        {
          type: 'ChangeSale',
          sellerId: null,
          queueing: { activeLimit: 1 + Math.floor(this.#random() * 50) },
        },
        { type: 'JoinSale', ticketId: `tkt_${this.#at}`, buyerId: this.#id('acc', 1), requestId: null },
        ...this.#skus.map((sku) => ({
          type: 'ReportStock',
          sku: sku.key,
          seq: this.#at,
          available: this.#pick([0, 0, 3]),
          held: 0,
          sold: this.#pick([8, 5]),
          tickets: [],
        })),
      ]),
      this.#at,
    );
  }

  #holdView(holdId: string, orderId: string): HoldView {
    return {
      holdId,
      saleId: this.#sales[0]!.key,
      sku: this.#skus[0]!.key,
      buyerId: 'acc_b',
      quantity: 1 + (holdId.length % 2),
      unitPrice: { amount: 19_900, currency: 'USD' },
      state: 'committing',
      expiresAtMs: this.#at + 60_000,
      title: 'Console',
      sellerId: 'acc_s',
      productId: 'prd_1',
      orderId,
    };
  }

  #answerTo(orderId: string, { command }: PendingMessage): { code: string; body: unknown } {
    const fields = command as unknown as { holdId: string; sku?: string };
    const paymentId = `pi_${orderId}`;
    switch (command.type) {
      case 'AttachHold':
        return this.#chance(0.95)
          ? { code: 'ok', body: this.#holdView(fields.holdId, orderId) }
          : { code: 'hold_expired', body: null };
      case 'RetakeHold':
        return this.#chance(0.6)
          ? { code: 'created', body: this.#holdView(fields.holdId, orderId) }
          : { code: 'sold_out', body: { available: 0 } };
      case 'CommitHold':
        return { code: this.#chance(0.85) ? 'ok' : 'hold_expired', body: null };
      case 'AuthorizePayment':
        if (this.#chance(0.75)) return { code: 'ok', body: { paymentId } };
        return this.#chance(0.6)
          ? {
              code: 'payment_declined',
              body: { paymentId: this.#chance(0.5) ? paymentId : null, declineCode: 'lost_card' },
            }
          : { code: 'payment_failed', body: { reason: 'expired' } };
      case 'CapturePayment':
        return this.#chance(0.85)
          ? { code: 'ok', body: { paymentId } }
          : { code: 'payment_failed', body: { reason: 'canceled' } };
      case 'ExaminePayment': {
        const amount = this.#pick([0, 1_000, 100_000_000]);
        const disputed = this.#chance(0.2) ? { amount: 500, currency: 'USD' } : null;
        const captured = { amount: this.#pick([0, 100_000_000]), currency: 'USD' };
        return { code: 'ok', body: { captured, refunded: { amount, currency: 'USD' }, disputed } };
      }
      default:
        return { code: 'ok', body: { paymentId } };
    }
  }

  #stepOrder(): void {
    const order = this.#pick(this.#orders);
    const { key, actor } = order;
    if (!order.isPlaced) {
      order.isPlaced = true;
      actor.send(
        {
          type: 'PlaceOrder',
          orderNumber: `DB-${key}`,
          buyerId: 'acc_b',
          holds: [2, 1].map((n) => ({ holdId: `${key}-h${n}`, sku: this.#skus[0]!.key })),
          shippingAddress: address,
          shippingMethod: 'express',
          paymentMethod: 'pm_card_visa',
          paymentSeconds: 300,
        },
        this.#at,
      );
      return;
    }
    const pending = actor.pendingMessages();
    if (pending.length > 0 && this.#chance(0.85)) {
      const one = this.#pick(pending);
      actor.send({ type: 'Answered', id: one.id, ...this.#answerTo(key, one) }, this.#at);
      return;
    }
    actor.send(
      this.#pick<Command>([
        { type: 'ForgetAddress', buyerId: 'acc_b' },
        { type: this.#chance(0.2) ? 'CancelOrder' : 'Tick', buyerId: null },
        {
          type: 'PaymentReported',
          paymentId: `pi_${key}`,
          status: this.#pick(['authorized', 'captured', 'voided', 'refunded', 'refund_failed', 'disputed']),
        },
      ]),
      this.#at,
    );
  }
}

/** Appends the records as frames of random length, in order per partition. Answers how many frames there were. */
export async function appendRandomly(
  journal: Journal,
  records: readonly JournalRecord[],
  seed: number,
  tails: Map<number, { epoch: number; seq: number }>,
): Promise<Frame[]> {
  const random = seeded(seed);
  const byPartition = Map.groupBy(records, ({ kind, key }) => partitionOf(kind, key));
  const written: Frame[] = [];
  for (const [partition, mine] of byPartition) {
    let tail = tails.get(partition);
    if (!tail) {
      const [claim] = await journal.claim([partition]);
      tail = { epoch: claim!.epoch, seq: claim!.tailSeq };
      tails.set(partition, tail);
    }
    for (let from = 0; from < mine.length; ) {
      const length = 1 + Math.floor(random() * 7);
      const seq = ++tail.seq;
      const bytes = encodeFrame(partition, tail.epoch, seq, mine.slice(from, from + length));
      const frame = { partition, epoch: tail.epoch, seq, bytes };
      const [outcome] = await journal.append([frame]);
      if (outcome !== 'ok') throw new Error(`append: ${outcome}`);
      written.push(frame);
      from += length;
    }
  }
  return written;
}
