/**
 * A little shop's history, made by the real deciders from commands: every event type happens at least once. It is only
 * for making golden files; the files, not this story, are what later versions must understand.
 */
import { cartDecider } from '../../src/actors/cart/decide.ts';
import { couponDecider } from '../../src/actors/coupon/decide.ts';
import { idempotencyDecider } from '../../src/actors/idempotency/decide.ts';
import { orderDecider } from '../../src/actors/order/decide.ts';
import { joinSale, type ReportStock, reportStock } from '../../src/actors/sale/commands.ts';
import { saleDecider } from '../../src/actors/sale/decide.ts';
import { attachHold, commitHold, placeHold, releaseHold } from '../../src/actors/sku/commands.ts';
import { skuDecider } from '../../src/actors/sku/decide.ts';
import type { AnyCommand, FieldsOf } from '../../src/protocol/command.ts';
import { type AnyDecider, type PendingMessage, register } from '../../src/protocol/decider.ts';
import type { JournalRecord } from '../../src/protocol/frame.ts';
import { RowAnswers, type Rows } from '../../src/protocol/rows.ts';
import { rowsOf } from '../support/rows.ts';
import { emptyCarts, fillCarts } from './story-carts.ts';
import { buyCarts } from './story-checkout.ts';

export const deciders: ReadonlyMap<string, AnyDecider> = new Map(
  [
    register(skuDecider),
    register(saleDecider),
    register(orderDecider),
    register(cartDecider),
    register(idempotencyDecider),
    register(couponDecider),
  ].map((decider) => [decider.kind, decider]),
);

export interface StoryActor {
  readonly decider: AnyDecider;
  readonly key: string;
  readonly state: unknown;
}

/** Frames as lists of records, oldest first. */
export type Frames = JournalRecord[][];

const startMs = Date.UTC(2026, 10, 20, 12);
const uuid = (n: number) => `01939f2a-7c00-7${n.toString(16).padStart(3, '0')}-8abc-0123456789ab`;
const seller = `acc_${uuid(1)}`;
const saleId = `sal_${uuid(2)}`;
const sku = 'PS-1';
const elsewhere = `sal_${uuid(7)}`;
const between = `sal_${uuid(8)}`;
const price = { amount: 49_900, currency: 'USD' };
const plainAddress = {
  ...{
    name: 'Zoë Nuñez',
    line1: 'Calle Mayor 1',
    line2: '3º B',
    city: 'Madrid',
    postalCode: '28013',
    country: 'ES',
  },
};

export class Story {
  readonly frames: Frames = [];
  readonly actors = new Map<string, StoryActor>();
  atMs = startMs;

  actor(kind: string, key: string): StoryActor {
    const address = `${kind}/${key}`;
    let actor = this.actors.get(address);
    if (!actor) {
      const decider = deciders.get(kind)!;
      actor = { decider, key, state: decider.initial(key) };
      this.actors.set(address, actor);
    }
    return actor;
  }

  /** One command, one frame; throws when the answer is not the expected one. */
  send(kind: string, key: string, command: object, expected = 'ok'): void {
    const { decider, state } = this.actor(kind, key);
    const { code, events } = decider.decide(state, command as AnyCommand, this.atMs);
    if (code !== expected)
      throw new Error(`${kind}/${key} ${JSON.stringify(command)}: ${code}, not ${expected}`);
    this.atMs += 7;
    if (events.length === 0) return;
    for (const event of events) decider.evolve(state, event);
    // A copy: what an event holds may belong to the state that goes on changing.
    this.frames.push(events.map((event) => ({ kind, key, event: structuredClone(event) })));
  }

  /** One group of rows, one frame; all of them are accepted. */
  sendRows(kind: string, key: string, rows: Rows): void {
    const { decider, state } = this.actor(kind, key);
    const answers = new RowAnswers();
    const { event, more = [] } = decider.decideRows!(state, rows, this.atMs, answers);
    if (event === null || answers.others.length > 0) throw new Error(`${kind}/${key}: rows were refused`);
    for (const each of more) decider.evolve(state, each);
    this.atMs += 7;
    this.frames.push([event, ...more].map((each) => ({ kind, key, event: structuredClone(each) })));
  }

  tick(kind: string, key: string): void {
    this.send(kind, key, { type: 'Tick' });
  }

  /** Carries messages between the actors until none is left; payments are answered by `provider`. */
  deliver(provider: (pending: PendingMessage) => { code: string; body: object }): void {
    for (let rounds = 0; rounds < 100; rounds++) {
      const pendings = [...this.actors.values()].flatMap((actor) =>
        actor.decider.pendingMessages(actor.state).map((pending) => ({ actor, pending })),
      );
      if (pendings.length === 0 && !this.#report()) return;
      for (const { actor, pending } of pendings) this.#carry(actor, pending, provider);
    }
    throw new Error('the story never comes to rest');
  }

  /** Lets the SKUs form the reports that they owe within moments; false when there are none. */
  #report(): boolean {
    let isFormed = false;
    for (const { decider, key, state } of this.actors.values()) {
      const dueMs = decider.deadline(state, this.atMs);
      if (decider.kind !== 'sku' || dueMs > this.atMs + 100) continue;
      this.atMs = dueMs;
      this.tick('sku', key);
      isFormed = true;
    }
    return isFormed;
  }

  #carry(
    from: StoryActor,
    pending: PendingMessage,
    provider: (pending: PendingMessage) => { code: string; body: object },
  ): void {
    let answer: { code: string; body: unknown };
    if (pending.kind === 'payments') {
      answer = provider(pending);
    } else if (pending.command.type === 'ReportStock' && pending.key === saleId) {
      this.sendRows('sale', pending.key, rowsOf(reportStock, [pending.command as ReportStock]));
      answer = { code: 'ok', body: null };
    } else {
      const { decider, state } = this.actor(pending.kind, pending.key);
      const decision = decider.decide(state, pending.command, this.atMs);
      this.send(pending.kind, pending.key, pending.command, decision.code);
      const { reply } = decision;
      answer = { code: decision.code, body: typeof reply === 'function' ? reply(state) : (reply ?? null) };
    }
    this.send(from.decider.kind, from.key, { type: 'Answered', id: pending.id, ...answer });
  }
}

const captured = ({ command, key }: PendingMessage) => {
  const paymentId = `pi_${key.slice(-12)}`;
  return command.type === 'AuthorizePayment' || command.type === 'CapturePayment'
    ? { code: 'ok', body: { paymentId } }
    : { code: 'ok', body: {} };
};

let holdCount = 0;

/** A hold of this buyer; returns its id. */
function hold(story: Story, buyer: number, ticketNumber: number, quantity = 1): string {
  const holdId = uuid(0x100 + ++holdCount);
  story.send(
    'sku',
    sku,
    {
      ...{ type: 'PlaceHold', holdId, saleId, buyerId: `acc_${uuid(buyer)}`, ticketNumber, quantity },
      admissionExpiresAtMs: story.atMs + 300_000,
    },
    'created',
  );
  return holdId;
}

function placeOrder(
  story: Story,
  n: number,
  buyer: number,
  holds: { holdId: string; sku: string }[],
  shippingAddress: object = plainAddress,
): string {
  const orderId = `ord_${uuid(n)}`;
  story.send(
    'order',
    orderId,
    {
      ...{
        type: 'PlaceOrder',
        orderNumber: `DB-${n}`,
        buyerId: `acc_${uuid(buyer)}`,
        holds,
        shippingAddress,
      },
      ...{ shippingMethod: 'express', paymentMethod: 'pm_card_visa', paymentSeconds: 300 },
    },
    'created',
  );
  return orderId;
}

function saleOf(items: object[], title: string, atMs: number) {
  const queueing = {
    method: 'fifo',
    releasePerSecond: 50,
    activeLimit: 20,
    admissionSeconds: 300,
    claimSeconds: 60,
    overAdmission: 1,
    ticketsPerAddress: 2,
  };
  return {
    ...{
      type: 'CreateSale',
      sellerId: seller,
      title,
      items,
      queueing,
      holdSeconds: 300,
      paymentSeconds: 300,
    },
    ...{ prequeueAtMs: atMs + 1_000, startsAtMs: atMs + 2_000, endsAtMs: atMs + 3_600_000 },
  };
}

function openShop(story: Story): void {
  for (const [key, stock] of [
    [sku, 40],
    ['SOCKS', 0],
  ] as const)
    story.send(
      'sku',
      key,
      { type: 'RegisterSku', productId: `prd_${uuid(3)}`, sellerId: seller, title: 'Console', price, stock },
      'created',
    );
  story.send('sku', sku, {
    type: 'ChangeSku',
    title: 'Console “Ω”',
    price: { amount: 50_000, currency: 'USD' },
  });
  story.send(
    'sku',
    sku,
    {
      ...{ type: 'AdjustStock', adjustmentId: uuid(4), delta: -2, reason: 'two broken', sellerId: null },
      by: { accountId: `acc_${uuid(6)}`, role: 'operator' },
    },
    'created',
  );
  const item = (key: string, quantity: number) => ({ sku: key, quantity, price, purchaseLimit: 2 });
  story.send('sale', saleId, saleOf([item(sku, 5)], 'Console drop', story.atMs), 'created');
  // No socks are there: this one is refused.
  story.send('sale', `sal_${uuid(5)}`, saleOf([item('SOCKS', 1)], 'Sock drop', story.atMs), 'created');
  story.deliver(captured);
  story.send('sale', saleId, {
    ...{ type: 'ChangeSale', sellerId: seller, queueing: { releasePerSecond: 80 } },
    by: { accountId: seller, role: 'seller' },
  });
  story.atMs += 1_000;
  story.tick('sale', saleId);
  for (let n = 1; n <= 8; n++)
    story.send(
      'sale',
      saleId,
      {
        type: 'JoinSale',
        ticketId: `tkt_${uuid(0x20 + n)}`,
        buyerId: `acc_${uuid(0x40 + n)}`,
        requestId: n % 2 ? uuid(0x60 + n) : null,
        // Two of one address, one of another, and some of none that counts.
        address: n <= 2 ? 0xfedc_ba98 : n === 3 ? 1 : null,
        site: n <= 3 ? 0x8765_4321 : null,
      },
      'created',
    );
  story.send('sale', saleId, { type: 'LeaveSale', buyerId: `acc_${uuid(0x42)}`, ticketId: null });
  story.atMs += 1_000;
  story.tick('sale', saleId);
  story.send('sale', saleId, { type: 'PauseSale', sellerId: seller });
  story.send('sale', saleId, { type: 'ResumeSale', sellerId: seller });
  const operator = { accountId: `acc_${uuid(9)}`, role: 'operator' };
  story.send('sale', saleId, { type: 'PauseSale', sellerId: null, holds: true, by: operator });
  story.deliver(captured);
  story.send('sale', saleId, { type: 'ResumeSale', sellerId: null, by: operator });
  story.deliver(captured);
  for (let n = 0; n < 4; n++) {
    story.atMs += 100;
    story.tick('sale', saleId);
  }
}

function sellOut(story: Story): void {
  // Bought; declined; cancelled afterwards and refunded; given back by the buyer.
  const good = placeOrder(story, 0x200, 0x41, [{ holdId: hold(story, 0x41, 1), sku }]);
  story.deliver(captured);
  story.send('order', good, { type: 'CancelOrder', buyerId: null });
  story.deliver(captured);
  placeOrder(story, 0x201, 0x43, [{ holdId: hold(story, 0x43, 3, 2), sku }]);
  story.deliver(captured);
  placeOrder(story, 0x202, 0x44, [{ holdId: hold(story, 0x44, 4), sku }]);
  story.deliver((pending) =>
    pending.command.type === 'AuthorizePayment'
      ? { code: 'payment_declined', body: { paymentId: 'pi_declined', declineCode: 'insufficient_funds' } }
      : captured(pending),
  );
  placeOrder(story, 0x203, 0x44, [{ holdId: hold(story, 0x44, 4), sku }]);
  story.deliver((pending) =>
    pending.command.type === 'AuthorizePayment'
      ? { code: 'payment_failed', body: { reason: 'gone' } }
      : captured(pending),
  );
  const given = hold(story, 0x45, 5);
  story.send('sku', sku, { type: 'VoidHold', holdId: given, buyerId: `acc_${uuid(0x45)}` });
  // All three that are left are held: sold out for good once they are paid, open again when one is given back.
  placeOrder(story, 0x204, 0x45, [{ holdId: hold(story, 0x45, 5, 2), sku }]);
  const last = placeOrder(story, 0x205, 0x46, [{ holdId: hold(story, 0x46, 6), sku }]);
  story.deliver(captured);
  story.send('order', last, { type: 'CancelOrder', buyerId: `acc_${uuid(0x46)}` });
  story.deliver(captured);
  // Its buyer leaves.
  story.send('order', last, { type: 'ForgetAddress', buyerId: `acc_${uuid(0x46)}` });
}

/** Somebody gives money back in the provider's dashboard: a part, then all; and a bank disputes another payment. */
function moveMoneyElsewhere(story: Story): void {
  const usd = (amount: number) => ({ amount, currency: 'USD' });
  const moves: [refunded: number, disputed: number | null][][] = [
    [
      [10_000, null],
      [1_000_000, null],
    ],
    [[0, 49_900]],
  ];
  for (const [n, stands] of moves.entries()) {
    const holdId = uuid(0xa00 + n);
    const buyer = `acc_${uuid(0xb0 + n)}`;
    const hold = { holdId, saleId: elsewhere, buyerId: buyer, ticketNumber: n + 1, quantity: 1 };
    const admissionExpiresAtMs = story.atMs + 300_000;
    story.send('sku', sku, { type: 'PlaceHold', ...hold, admissionExpiresAtMs }, 'created');
    const orderId = placeOrder(story, 0x210 + n, 0xb0 + n, [{ holdId, sku }]);
    story.deliver(captured);
    for (const [refunded, disputed] of stands) {
      const paymentId = `pi_${orderId.slice(-12)}`;
      const status = disputed === null ? 'refunded' : 'disputed';
      story.send('order', orderId, { type: 'PaymentReported', paymentId, status });
      const body = {
        captured: usd(1_000_000),
        refunded: usd(refunded),
        disputed: disputed === null ? null : usd(disputed),
      };
      story.deliver((pending) =>
        pending.command.type === 'ExaminePayment' ? { code: 'ok', body } : captured(pending),
      );
    }
  }
  sendMoneyBack(story);
}

/** The buyer's bank sends back what two orders gave back when they were cancelled; a part of it, and all of it. */
function sendMoneyBack(story: Story): void {
  const usd = (amount: number) => ({ amount, currency: 'USD' });
  for (const [n, arrived] of [20_000, 0].entries()) {
    const holdId = uuid(0xa10 + n);
    const hold = { holdId, saleId: elsewhere, buyerId: `acc_${uuid(0xc0 + n)}`, ticketNumber: 10 + n };
    const admissionExpiresAtMs = story.atMs + 300_000;
    story.send('sku', sku, { type: 'PlaceHold', ...hold, quantity: 1, admissionExpiresAtMs }, 'created');
    const orderId = placeOrder(story, 0x220 + n, 0xc0 + n, [{ holdId, sku }]);
    story.deliver(captured);
    story.send('order', orderId, { type: 'CancelOrder', buyerId: null });
    story.deliver(captured);
    const paymentId = `pi_${orderId.slice(-12)}`;
    story.send('order', orderId, { type: 'PaymentReported', paymentId, status: 'refund_failed' });
    const body = { captured: usd(1_000_000), refunded: usd(arrived), disputed: null };
    story.deliver((pending) =>
      pending.command.type === 'ExaminePayment' ? { code: 'ok', body } : captured(pending),
    );
  }
}

/** A sale has a report on its way to it, and more to hear in the next one. */
function sayMoreThanIsHeard(story: Story): void {
  const terms = { saleId: between, sellerId: seller, quantity: 2, price, purchaseLimit: 1, holdSeconds: 120 };
  story.send('sku', sku, { type: 'OpenAllocation', ...terms }, 'created');
  story.tick('sku', sku);
  const hold = { holdId: uuid(0xa20), saleId: between, buyerId: `acc_${uuid(0xd0)}`, ticketNumber: 3 };
  const admissionExpiresAtMs = story.atMs + 300_000;
  story.send('sku', sku, { type: 'PlaceHold', ...hold, quantity: 1, admissionExpiresAtMs }, 'created');
}

function loseHolds(story: Story): void {
  // A line whose hold is unknown is refused; one whose hold dies while it is being paid is taken again.
  placeOrder(story, 0x206, 0x47, [{ holdId: uuid(0x999), sku }]);
  story.deliver(captured);
  placeOrder(story, 0x207, 0x47, [{ holdId: hold(story, 0x47, 7), sku }], {
    sealed: 'c2VhbGVk',
    country: 'US',
  });
  story.deliver((pending) => {
    if (pending.command.type === 'AuthorizePayment') {
      story.atMs += 340_000;
      story.tick('sku', sku);
    }
    return captured(pending);
  });
  // A buyer who is warned, and lets the hold go.
  story.send(
    'sale',
    saleId,
    { type: 'JoinSale', ticketId: `tkt_${uuid(0x80)}`, buyerId: `acc_${uuid(0x81)}`, requestId: null },
    'created',
  );
  story.deliver(captured);
}

function endShop(story: Story): void {
  for (let n = 0; n < 3; n++) {
    story.atMs += 400_000;
    story.tick('sale', saleId);
  }
  const general = `sal_${uuid(6)}`;
  story.send('sale', saleId, {
    ...{ type: 'CloseSale', sellerId: seller },
    by: { accountId: seller, role: 'seller' },
  });
  story.deliver(captured);
  const terms = {
    type: 'OpenAllocation',
    saleId: general,
    sellerId: seller,
    quantity: 4,
    price,
    purchaseLimit: 4,
    holdSeconds: 120,
  };
  story.send('sku', sku, terms, 'created');
  const holdId = uuid(0x900);
  story.send(
    'sku',
    sku,
    {
      type: 'PlaceHold',
      holdId,
      saleId: general,
      buyerId: `acc_${uuid(0x90)}`,
      ticketNumber: 1,
      quantity: 3,
      admissionExpiresAtMs: story.atMs + 1_000,
    },
    'created',
  );
  story.atMs += 100_000;
  story.tick('sku', sku);
  story.atMs += 30_000;
  story.tick('sku', sku);
  story.deliver(captured);
  story.atMs += 25 * 3_600_000;
  story.tick('sku', sku);
  story.send('sku', sku, { type: 'RetireSku' });
  story.send('sku', sku, { type: 'ReinstateSku' });
}

function requests(story: Story): void {
  const key = `acc_${uuid(0x41)}`;
  const begin = (name: string) => ({
    ...{
      type: 'BeginRequest',
      key: name,
      fingerprint: 'ab'.repeat(32),
      resourceId: `ord_${uuid(0x200)}`,
      run: uuid(0x300),
    },
  });
  story.send('idempotency', key, begin('first'));
  const body = {
    orderId: `ord_${uuid(0x200)}`,
    total: price,
    note: null,
    lines: [1, 2.5, -3],
    isGift: false,
  };
  story.send('idempotency', key, {
    type: 'FinishRequest',
    key: 'first',
    status: 201,
    body,
    location: '/v1/orders/x',
  });
  story.send('idempotency', key, begin('second'));
  story.send('idempotency', key, { type: 'AbandonRequest', key: 'second' });
  story.atMs += 23 * 3_600_000;
  story.send('idempotency', key, begin('third'));
  story.atMs += 2 * 3_600_000;
  story.tick('idempotency', key);
}

/** Two holds in one group of rows. */
function holdTogether(story: Story): void {
  const rows = [0x50, 0x51].map((buyer, row) => ({
    ...{ holdId: uuid(0x600 + row), saleId: elsewhere, buyerId: `acc_${uuid(buyer)}`, ticketNumber: 7 + row },
    ...{ quantity: 1, admissionExpiresAtMs: story.atMs + 300_000 },
  }));
  story.sendRows('sku', sku, rowsOf(placeHold, rows));
}

/** Three join the sale in one group of rows: with and without a request, an address and a site. */
function joinTogether(story: Story): void {
  const rows = [0, 1, 2].map((n) => ({
    ...{ ticketId: `tkt_${uuid(0x700 + n)}`, buyerId: `acc_${uuid(0x710 + n)}` },
    requestId: n === 0 ? null : uuid(0x720 + n),
    address: n === 2 ? 0xfedc_ba99 : null,
    site: n === 2 ? 0x8765_4322 : null,
  }));
  story.sendRows('sale', saleId, rowsOf(joinSale, rows));
}

/** Orders take two holds, buy them, and give up another one and one of the two, each in one group of rows. */
function assignTogether(story: Story): void {
  const [first, second, third] = [0x52, 0x53, 0x54].map((buyer, n) => ({
    ...{ holdId: uuid(0x610 + n), saleId: elsewhere, buyerId: `acc_${uuid(buyer)}`, ticketNumber: 17 + n },
    ...{ quantity: 1, admissionExpiresAtMs: story.atMs + 300_000 },
  })) as [Placed, Placed, Placed];
  const all = [first, second, third];
  story.sendRows('sku', sku, rowsOf(placeHold, all));
  const untilMs = story.atMs + 400_000;
  const order = ({ holdId }: Placed) => ({ holdId, orderId: `ord_${holdId}` });
  const taken = all.map((hold) => ({ ...order(hold), buyerId: hold.buyerId, untilMs }));
  story.sendRows('sku', sku, rowsOf(attachHold, taken));
  story.sendRows('sku', sku, rowsOf(commitHold, [order(first), order(second)]));
  story.sendRows('sku', sku, rowsOf(releaseHold, [order(second), order(third)]));
}

type Placed = FieldsOf<typeof placeHold>;

/** A code with every term is changed, taken, used and given back; a promotion comes and goes. */
function giveDiscounts(story: Story): void {
  const terms = {
    ...{ sellerId: seller, discount: { kind: 'percent', basisPoints: 1250 }, limit: 100, limitPerBuyer: 2 },
    ...{ startsAtMs: story.atMs - 1_000, endsAtMs: story.atMs + 86_400_000 },
    minimumSubtotal: { amount: 5_000, currency: 'USD' },
    scope: { skus: [sku], categories: ['Electronics > Consoles'], sellerId: null },
    ...{ stackable: true, priority: 7 },
  };
  story.send('coupon', 'SAVE-12', { type: 'DefineCoupon', kind: 'coupon', terms }, 'created');
  const anew = { ...terms, discount: { kind: 'amount', amount: { amount: 500, currency: 'USD' } } };
  story.send('coupon', 'SAVE-12', { type: 'ChangeCoupon', sellerId: seller, versions: ['1'], terms: anew });
  const order = (n: number) => ({ orderId: `ord_${uuid(0x800 + n)}` });
  for (const n of [1, 2, 3, 4])
    story.send(
      'coupon',
      'SAVE-12',
      { type: 'TakeCoupon', ...order(n), buyerId: `acc_${uuid(0x810 + (n >> 1))}` },
      'created',
    );
  for (const n of [1, 2, 3]) story.send('coupon', 'SAVE-12', { type: 'CommitCoupon', ...order(n) });
  for (const n of [2, 5]) story.send('coupon', 'SAVE-12', { type: 'ReleaseCoupon', ...order(n) });
  const free = { ...terms, sellerId: null, discount: { kind: 'free_shipping' }, limit: null };
  const gone = `prm_${uuid(0x820)}`;
  story.send('coupon', gone, { type: 'DefineCoupon', kind: 'promotion', terms: free }, 'created');
  story.send('coupon', gone, { type: 'TakeCoupon', ...order(6), buyerId: `acc_${uuid(0x811)}` }, 'created');
  story.send('coupon', gone, { type: 'RemoveCoupon', sellerId: null, versions: null });
}

/** `onHalfTime` is called where states are at their richest: the moment for snapshots. */
export function tellStory(onHalfTime: (story: Story) => void): Story {
  holdCount = 0;
  const story = new Story();
  openShop(story);
  sellOut(story);
  story.send('idempotency', `acc_${uuid(0x99)}`, {
    ...{ type: 'BeginRequest', key: 'open', fingerprint: 'cd'.repeat(32), resourceId: 'x', run: uuid(0x300) },
  });
  const open = placeOrder(story, 0x208, 0x45, [{ holdId: uuid(0x998), sku }]);
  const allocation = { quantity: 5, price, purchaseLimit: 1, holdSeconds: 120 };
  const terms = { type: 'OpenAllocation', saleId: elsewhere, sellerId: seller, ...allocation };
  story.send('sku', sku, terms, 'created');
  joinTogether(story);
  holdTogether(story);
  assignTogether(story);
  moveMoneyElsewhere(story);
  sayMoreThanIsHeard(story);
  giveDiscounts(story);
  fillCarts(story.send.bind(story), story.atMs);
  buyCarts(story, captured);
  onHalfTime(story);
  story.send('order', open, { type: 'CancelOrder', buyerId: null });
  loseHolds(story);
  endShop(story);
  requests(story);
  emptyCarts(story.send.bind(story));
  return story;
}
