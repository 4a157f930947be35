/** The part of the story in which carts are paid for: free stock is taken, coupons are used, refused and given back. */
import type { PendingMessage } from '../../src/protocol/decider.ts';

const uuid = (n: number) => `01939f2a-7c00-7${n.toString(16).padStart(3, '0')}-8abc-0123456789ab`;
const usd = (amount: number) => ({ amount, currency: 'USD' });
const sku = 'MUG';
const coupon = 'MUGS-4-2';

interface Teller {
  atMs: number;
  send(kind: string, key: string, command: object, expected?: string): void;
  deliver(provider: (pending: PendingMessage) => { code: string; body: object }): void;
}

function buy(story: Teller, n: number, quantity: number, isFree: boolean): string {
  const orderId = `ord_${uuid(n)}`;
  const holdId = uuid(n + 1);
  const full = 1_000 * quantity;
  const total = isFree ? 0 : full / 2 + 31;
  const quote = {
    lines: [
      {
        ...{ holdId, unitPrice: usd(1_000), discount: usd(isFree ? full : full / 2) },
        ...{ tax: usd(isFree ? 0 : 31), taxRate: '0.0625', isTaxInclusive: false },
      },
    ],
    ...{ subtotal: usd(full), discount: usd(isFree ? full : full / 2), shipping: usd(0) },
    ...{ tax: usd(isFree ? 0 : 31), rounding: usd(0), total: usd(total), maxDays: 4 },
    quotedAtMs: story.atMs,
  };
  const terms = {
    ...{ orderNumber: `DB-${n}`, buyerId: `acc_${uuid(0xe8)}`, holds: [], paymentSeconds: 300, isCart: true },
    items: [{ holdId, sku, quantity, unitPrice: usd(1_000) }],
    ...{ quote, coupons: [coupon], shippingMethod: 'bicycle', paymentMethod: 'pm_card_visa' },
    shippingAddress: { sealed: 'c2VhbGVk', country: 'US' },
  };
  story.send('order', orderId, { type: 'PlaceOrder', ...terms }, 'created');
  return orderId;
}

/** One is paid, one costs nothing and is cancelled afterwards, one has its coupon refused, one is under way at half time. */
export function buyCarts(
  story: Teller,
  paid: (pending: PendingMessage) => { code: string; body: object },
): void {
  const goods = {
    productId: `prd_${uuid(0xe9)}`,
    sellerId: `acc_${uuid(1)}`,
    title: 'Mug',
    price: usd(1_000),
  };
  story.send('sku', sku, { type: 'RegisterSku', ...goods, stock: 9 }, 'created');
  const terms = {
    ...{ sellerId: null, discount: { kind: 'percent', basisPoints: 5_000 }, limit: 2, limitPerBuyer: null },
    ...{ startsAtMs: null, endsAtMs: null, minimumSubtotal: null, stackable: false, priority: 0 },
    scope: { skus: null, categories: null, sellerId: null },
  };
  story.send('coupon', coupon, { type: 'DefineCoupon', kind: 'coupon', terms }, 'created');
  buy(story, 0x900, 2, false);
  story.deliver(paid);
  const free = buy(story, 0x904, 3, true);
  story.deliver(paid);
  buy(story, 0x908, 1, false);
  story.deliver(paid);
  story.send('order', free, { type: 'CancelOrder', buyerId: null });
  story.deliver(paid);
  buy(story, 0x90c, 1, false);
}
