/** The part of the story that carts play: every event of theirs happens. */
const uuid = (n: number) => `01939f2a-7c00-7${n.toString(16).padStart(3, '0')}-8abc-0123456789ab`;

type Send = (kind: string, key: string, command: object) => void;

const goods = (name: string) => ({
  ...{ sku: name, productId: `prd_${uuid(3)}`, sellerId: `acc_${uuid(1)}`, title: `${name} “Ω”` },
  imageUrl: name === 'PS-1' ? null : '/media/socks-320.webp',
});

/** A cart with a quote that an order takes, and one that its guest hands over. */
export function fillCarts(send: Send, atMs: number): void {
  const buyer = `acc_${uuid(0xe0)}`;
  const guest = `acc_${uuid(0xe1)}`;
  const add = (key: string, name: string, quantity: number, currency: string, additionId: string | null) =>
    send('cart', key, {
      ...{
        type: 'AddToCart',
        additionId,
        goods: goods(name),
        quantity,
        rates: { EUR: '1.1', JPY: '0.0064' },
      },
      prices: [{ amount: 1_250, currency }],
    });
  send('cart', buyer, { type: 'SetCurrency', currency: 'USD', rates: { EUR: '1.1' } });
  add(buyer, 'PS-1', 2, 'EUR', `req_${uuid(0xe2)}`);
  add(buyer, 'SOCKS', 3, 'USD', null);
  add(buyer, 'SOCKS', 1, 'USD', null);
  send('cart', buyer, { type: 'SetQuantity', sku: 'SOCKS', quantity: 7, versions: ['4'] });
  send('cart', buyer, { type: 'AddCoupon', code: 'SAVE10' });
  send('cart', buyer, { type: 'AddCoupon', code: 'GONE' });
  send('cart', buyer, { type: 'RemoveCoupon', code: 'GONE' });
  const quote = (n: number) => ({
    ...{
      type: 'SaveQuote',
      quoteId: `quo_${uuid(n)}`,
      body: { total: { amount: 49_900, currency: 'USD' }, lines: [1, null, 'a'] },
    },
    expiresAtMs: atMs + 900_000,
  });
  send('cart', buyer, quote(0xe3));
  send('cart', buyer, quote(0xe4));
  send('cart', buyer, { type: 'UseQuote', quoteId: `quo_${uuid(0xe3)}`, orderId: `ord_${uuid(0xe5)}` });
  const bought = [{ sku: 'SOCKS', quantity: 2 }];
  send('cart', buyer, { type: 'CartOrdered', orderId: `ord_${uuid(0xe5)}`, lines: bought });
  add(guest, 'SOCKS', 90, 'JPY', null);
  send('cart', guest, { type: 'HandOverCart', toAccountId: buyer, mergeId: `req_${uuid(0xe6)}` });
}

export function emptyCarts(send: Send): void {
  const buyer = `acc_${uuid(0xe0)}`;
  send('cart', buyer, { type: 'RemoveFromCart', sku: 'SOCKS' });
  send('cart', buyer, { type: 'EmptyCart' });
  send('cart', `acc_${uuid(0xe1)}`, { type: 'ForgetCart' });
}
