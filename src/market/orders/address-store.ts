/**
 * Where an order goes, as orders keep it: sealed under its buyer's key, because a journal and its backups cannot forget
 * one buyer. Views are opened here.
 *
 * 1. An order is sealed for itself: the text opens in no other order.
 * 2. When keys cannot be read an address is kept as it was given, as earlier versions did: selling does not wait for a
 *    database. An erasure has such orders forget it (`ForgetAddress`).
 */
import type { KeptAddress, OrderView, ShippingAddress } from '../../actors/order/commands.ts';
import { type AccountKey, accountKeysOf } from '../../gateway/account-keys.ts';
import type { Services } from '../../gateway/route.ts';

/** An order whose address can be shown. */
export interface OpenedOrder extends OrderView {
  readonly shippingAddress: ShippingAddress;
}

export async function keptAddress(
  services: Services,
  { orderId, buyerId }: Pick<OrderView, 'orderId' | 'buyerId'>,
  address: ShippingAddress,
): Promise<KeptAddress> {
  const key = await accountKeysOf(services).ensure(buyerId);
  if (key === null) return address;
  return { sealed: key.seal(orderId, JSON.stringify(address)), country: address.country };
}

/** What is shown of an address that nobody can read. */
function unreadable({ country }: KeptAddress): ShippingAddress {
  return { name: 'Former member', line1: 'Erased', country };
}

export function openOrder(order: OrderView, key: AccountKey | null): OpenedOrder {
  const { shippingAddress: kept, orderId } = order;
  if (!('sealed' in kept)) return { ...order, shippingAddress: kept };
  const text = kept.sealed === null ? null : (key?.open(orderId, kept.sealed) ?? null);
  return {
    ...order,
    shippingAddress: text === null ? unreadable(kept) : (JSON.parse(text) as ShippingAddress),
  };
}

export function isSealed({ shippingAddress }: Pick<OrderView, 'shippingAddress'>): boolean {
  return 'sealed' in shippingAddress && shippingAddress.sealed !== null;
}

/** With the buyer's key if it is wanted and can be read. */
export async function opened(services: Services, order: OrderView): Promise<OpenedOrder> {
  const key = isSealed(order) ? await accountKeysOf(services).find(order.buyerId) : null;
  return openOrder(order, key);
}
