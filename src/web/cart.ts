/**
 * The cart of whoever this browser is, as every page of the tab sees it.
 *
 * 1. What is shown is the newest that was heard of, whether it came as an answer or as a frame: versions only grow.
 * 2. How much is in it is kept for the header of every tab, so that pages without a cart need not ask.
 * 3. An addition has a key of its own: asked again, it adds once.
 */
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Cart } from '../market/cart/schemas.ts';
import { call, get } from './api.ts';
import { ensureSomebody } from './auth.ts';
import { keepCartCount } from './cart-count.ts';
import { connection, type Frame, listen } from './live.ts';
import { session } from './session.ts';
import { uuid } from './uuid.ts';

const path = '/v1/cart';
const pollMs = 5_000;

/** null: not known yet, or nobody's. */
export const cart = signal<Cart | null>(null);
/** Why the last read failed. */
export const cartError = signal<unknown>(null);

function take(next: Cart): void {
  const { value } = session;
  // An answer to whoever was here before.
  if (value === null || next.cartId.slice(-36) !== value.accountId.slice(-36)) return;
  const known = cart.peek();
  if (known !== null && known.cartId === next.cartId && known.version > next.version) return;
  cart.value = next;
  cartError.value = null;
  keepCartCount(next.itemCount);
}

export async function readCart(): Promise<void> {
  if (session.peek() === null) return;
  try {
    take(await get<Cart>(path));
  } catch (error) {
    cartError.value = error;
  }
}

async function change(
  method: 'PUT' | 'DELETE' | 'POST',
  below: string,
  body?: object,
  key?: string,
): Promise<Cart> {
  const headers = key === undefined ? {} : { 'Idempotency-Key': key };
  const answer = await call<Cart>(method, `${path}${below}`, { ...(body && { body }), headers });
  take(answer.body);
  return answer.body;
}

const line = (sku: string) => `/items/${encodeURIComponent(sku)}`;
const coupon = (code: string) => `/coupons/${encodeURIComponent(code)}`;

/** A guest's account is made with the first thing that somebody adds. */
export async function addToCart(sku: string, quantity: number): Promise<Cart> {
  await ensureSomebody();
  return change('POST', '/items', { sku, quantity }, uuid());
}

export const setQuantity = (sku: string, quantity: number) => change('PUT', line(sku), { quantity });
export const removeLine = (sku: string) => change('DELETE', line(sku));
export const addCode = (code: string) => change('PUT', coupon(code));
export const removeCode = (code: string) => change('DELETE', coupon(code));

/** Reads the cart and hears of its changes for as long as a page shows it. */
export function useCart(): void {
  const accountId = session.value?.accountId ?? null;
  useEffect(() => {
    if (cart.peek()?.cartId.slice(-36) !== accountId?.slice(-36)) cart.value = null;
    if (accountId === null) return;
    void readCart();
    const stop = listen({
      topic: () => null,
      onFrame(frame: Frame) {
        if (frame.type === 'cart.updated') take(frame as unknown as Cart);
      },
      // What was changed while there was no connection.
      onSubscribed: () => void readCart(),
    });
    const timer = setInterval(() => {
      if (connection.peek() === 'polling') void readCart();
    }, pollMs);
    return () => {
      stop();
      clearInterval(timer);
    };
  }, [accountId]);
}
