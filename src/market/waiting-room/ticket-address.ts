/**
 * What stands for a client's address in one sale: a keyed hash, so that the journal and the snapshots hold no addresses,
 * and none can be followed from sale to sale. Two addresses that meet share their tickets, which takes a chance of one in
 * four billion.
 */
import { createHmac } from 'node:crypto';
import { deriveKey } from '../../gateway/derive-key.ts';
import { type AnyRequest, perGateway } from '../../gateway/route.ts';

const keyOf = perGateway(({ tokenSecret }) => deriveKey(tokenSecret, 'ticket address v1'));

/** null for an address without limits. */
export function ticketAddress(
  { services, client }: Pick<AnyRequest, 'services' | 'client'>,
  saleId: string,
): number | null {
  if (client.isExempt) return null;
  const digest = createHmac('sha256', keyOf(services)).update(`${saleId} ${client.key}`).digest();
  return digest.readUInt32LE(0) || 1;
}
