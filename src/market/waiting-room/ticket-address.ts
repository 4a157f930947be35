/**
 * What stands for a client's address in one sale: a keyed hash, so that the journal and the snapshots hold no addresses,
 * and none can be followed from sale to sale. Two addresses that meet share their tickets, which takes a chance of one in
 * four billion.
 */
import { createHmac } from 'node:crypto';
import { deriveKey } from '../../gateway/derive-key.ts';
import { type AnyRequest, perGateway, type Services } from '../../gateway/route.ts';

const keyOf = perGateway(({ tokenSecret }) => deriveKey(tokenSecret, 'ticket address v1'));

type Asked = Pick<AnyRequest, 'services' | 'client'>;

/** null for an address without limits. */
export function ticketAddress({ services, client }: Asked, saleId: string): number | null {
  return client.isExempt ? null : numberOf(services, saleId, client.key);
}

/** The same for its site; null where it has none. */
export function ticketSite({ services, client }: Asked, saleId: string): number | null {
  return client.isExempt || client.site === null ? null : numberOf(services, saleId, client.site.key);
}

function numberOf(services: Services, saleId: string, key: string): number {
  const digest = createHmac('sha256', keyOf(services)).update(`${saleId} ${key}`).digest();
  return digest.readUInt32LE(0) || 1;
}
