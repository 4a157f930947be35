/** A flash sale as it comes: who does what next, by chance, with a liking for what a buyer would do next. */
import type { CreateSale, TicketView } from '../../src/actors/sale/commands.ts';
import type { Buyer } from './clients.ts';
import type { Cluster } from './cluster.ts';
import type { Random } from './random.ts';
import { type Shop, sellerId } from './shop.ts';
import type { World } from './world.ts';

const pollsMax = 30;

export class Workload {
  readonly #shop: Shop;
  readonly #cluster: Cluster;
  readonly #random: Random;
  readonly #world: World;
  readonly #followed = new Map<string, number>();

  constructor(world: World, cluster: Cluster, shop: Shop) {
    this.#shop = shop;
    this.#cluster = cluster;
    this.#random = world.random('workload');
    this.#world = world;
    shop.onTicket = (buyer, view) => this.#follow(buyer, view);
    shop.onHold = (buyer, holdId) => this.#pay(buyer, holdId);
  }

  open(): void {
    const random = this.#random;
    const skuCount = random.int(1, 3);
    for (let n = 0; n < skuCount; n++)
      this.#shop.registerSku(`SKU-${random.int(0, 999)}-${n}`, random.int(5, 16));
    const saleCount = random.int(1, 2);
    for (let n = 0; n < saleCount; n++) this.#openSale();
  }

  #openSale(): void {
    const random = this.#random;
    const skus = this.#shop.skus.filter(() => random.chance(0.75));
    if (skus.length === 0) skus.push(random.pick(this.#shop.skus));
    const startsAtMs = this.#cluster.engineNow() + random.int(0, 4_000);
    const claimSeconds = random.int(2, 8);
    const sale: CreateSale = {
      type: 'CreateSale',
      sellerId,
      title: 'drop',
      items: skus.map((sku) => ({
        sku,
        quantity: random.int(1, 6),
        price: { amount: random.int(100, 9_999), currency: 'USD' },
        purchaseLimit: random.int(1, 3),
      })),
      prequeueAtMs: random.chance(0.5) ? startsAtMs - random.int(0, 3_000) : null,
      startsAtMs,
      endsAtMs: startsAtMs + (random.chance(0.2) ? random.int(20_000, 120_000) : 3_600_000 * 10),
      queueing: {
        method: 'fifo',
        releasePerSecond: random.pick([2, 10, 50]),
        activeLimit: random.int(1, 8),
        admissionSeconds: claimSeconds + random.int(2, 20),
        claimSeconds,
        overAdmission: random.pick([1, 1, 1.5]),
      },
      holdSeconds: random.chance(0.15) ? 70 : random.int(3, 25),
      paymentSeconds: 30,
    };
    this.#shop.createSale(`sal_${random.uuid()}`, sale);
  }

  /** One to a dozen things at once. */
  act(): void {
    const times = this.#random.chance(0.1) ? this.#random.int(4, 12) : this.#random.int(1, 3);
    for (let n = 0; n < times; n++) {
      if (this.#random.chance(0.06)) this.#manage();
      else this.#buy(this.#random.pick(this.#shop.buyers));
    }
  }

  #manage(): void {
    const random = this.#random;
    const shop = this.#shop;
    const saleId = this.#saleId();
    random.weighted([
      [4, () => shop.adjust(random.pick(shop.skus), random.int(-4, 4))],
      [2, () => shop.steer(saleId, 'PauseSale')],
      [4, () => shop.steer(saleId, 'ResumeSale')],
      [0.2, () => shop.steer(saleId, 'CloseSale')],
      [2, () => shop.changeRates(saleId)],
      [2, () => shop.readStatus(saleId)],
      [shop.sales.size < 6 ? 1 : 0, () => this.#openSale()],
    ])();
  }

  /** One that is open, as far as anybody has heard. */
  #saleId(): string {
    const { sales, endedSales } = this.#shop;
    const open = [...sales.keys()].filter((saleId) => !endedSales.has(saleId));
    if (open.length === 0 && sales.size < 6) this.#openSale();
    return this.#random.pick(open.length > 0 && this.#random.chance(0.95) ? open : [...sales.keys()]);
  }

  #buy(buyer: Buyer): void {
    const random = this.#random;
    if (random.chance(0.75) && this.#goOn(buyer)) return;
    const shop = this.#shop;
    const saleId = this.#saleId();
    const holdId = buyer.holdIds.length > 0 ? random.pick(buyer.holdIds) : null;
    const orderId = buyer.orderIds.length > 0 ? random.pick(buyer.orderIds) : null;
    const act = random.weighted<() => void>([
      [3, () => shop.join(buyer, saleId)],
      [1, () => shop.look(buyer, saleId)],
      [0.7, () => shop.leave(buyer, saleId)],
      [holdId ? 1 : 0, () => shop.repeatHold(holdId!, false)],
      [holdId ? 0.5 : 0, () => shop.repeatHold(holdId!, true)],
      [holdId ? 1 : 0, () => shop.giveBack(buyer, holdId!)],
      [holdId ? 1 : 0, () => shop.readHold(holdId!)],
      [holdId ? 0.7 : 0, () => shop.checkout(buyer, [holdId!])],
      [orderId ? 1 : 0, () => shop.readOrder(orderId!)],
      [orderId ? 0.7 : 0, () => shop.cancel(orderId!)],
    ]);
    act();
  }

  /** A page that stays open: it polls while waiting, and holds soon after it is let in. */
  #follow(buyer: Buyer, { ticketId, saleId, status, admission }: TicketView): void {
    const random = this.#random;
    const polls = (this.#followed.get(ticketId) ?? 0) + 1;
    if (polls > pollsMax || this.#shop.isPatient) return;
    const isWaiting = status === 'waiting' || status === 'prequeued';
    if (!isWaiting && admission === null) return;
    this.#followed.set(ticketId, isWaiting ? polls : pollsMax);
    this.#world.loop.after(random.int(50, isWaiting ? 3_000 : 1_500), null, () => {
      if (isWaiting) this.#shop.look(buyer, saleId);
      else if (random.chance(0.9)) {
        const { sku, purchaseLimit } = random.pick(this.#shop.sales.get(saleId)!.items);
        this.#shop.placeHold(buyer, saleId, sku, random.int(1, purchaseLimit));
      }
    });
  }

  #pay(buyer: Buyer, holdId: string): void {
    if (this.#shop.isPatient || !this.#random.chance(0.7)) return;
    this.#world.loop.after(this.#random.int(0, 4_000), null, () => {
      const position = buyer.holdIds.indexOf(holdId);
      if (position < 0) return;
      const holdIds = buyer.holdIds.slice(position, position + this.#random.int(1, 3));
      buyer.holdIds.splice(position, holdIds.length);
      this.#shop.checkout(buyer, holdIds);
    });
  }

  /** What this buyer would do next, if there is anything: look, hold, pay. */
  #goOn(buyer: Buyer): boolean {
    const random = this.#random;
    const shop = this.#shop;
    const [saleId, ticket] = random.pick([...buyer.ticketBySale, [null, null] as const]);
    if (saleId === null) return false;
    const isOver = ticket.status === 'completed' || ticket.status === 'expired' || ticket.status === 'left';
    if (isOver) {
      buyer.ticketBySale.delete(saleId);
      return false;
    }
    if (
      ticket.admission === null ||
      ticket.admission.expiresAtMs < this.#cluster.engineNow() - random.int(0, 500)
    ) {
      shop.look(buyer, saleId);
      return true;
    }
    const unpaid = buyer.holdIds.filter((holdId) => {
      const known = shop.ledger.holds.get(holdId)!;
      return known.quantity !== null && !known.isGivenBack && !known.isCommitted;
    });
    if (unpaid.length > 0 && random.chance(0.55)) {
      // Mostly what was held last: it lives.
      const holdIds = unpaid.slice(random.chance(0.6) ? -1 : -3);
      shop.checkout(buyer, holdIds);
      if (random.chance(0.8))
        for (const holdId of holdIds) buyer.holdIds.splice(buyer.holdIds.indexOf(holdId), 1);
      return true;
    }
    const { sku, purchaseLimit } = random.pick(shop.sales.get(saleId)!.items);
    const most = random.chance(0.2) ? purchaseLimit + 1 : purchaseLimit;
    shop.placeHold(buyer, saleId, sku, random.int(1, most));
    if (random.chance(0.3)) shop.look(buyer, saleId);
    return true;
  }
}
