/**
 * Creating a sale.
 *
 * 1. A sale is answered for when its units are set aside (or could not be): 201 means that the drop can open.
 * 2. A repeated creation finds the first one's sale, even when its times were left to default to "now".
 */
import { type CurrentSaleView, createSale, readSale } from '../../actors/sale/commands.ts';
import { readStock } from '../../actors/sku/commands.ts';
import { accepted } from '../../gateway/handling.ts';
import { throwRefusal } from '../../gateway/problem.ts';
import type { Identity, Services } from '../../gateway/route.ts';
import type { NewSale } from './schemas.ts';
import { settled } from './settling.ts';
import { termsOf } from './terms.ts';

/** Refuses with `validation_failed`, and with the code of the first item whose units could not be set aside. */
export async function openSale(
  services: Services,
  identity: Identity,
  saleId: string,
  body: NewSale,
): Promise<CurrentSaleView> {
  const terms = termsOf(body, await sellerOf(services, identity, body), services.now());
  let answer = await services.ask(createSale, saleId, terms);
  // The id belongs to this request alone, so other content can only be another "now": see invariant 2.
  if (answer.code === 'exists_with_different' && body.startsAt === undefined)
    answer = await services.ask(readSale, saleId, {});
  const sale = await settled(services, accepted(answer));
  if (sale.stock === 'refused') {
    const { code } = sale.stockRefusals[0]!;
    throwRefusal({ code, body: { saleId, items: sale.stockRefusals } });
  }
  return sale;
}

/** An admin opens a sale in the name of the seller whose stock it is. */
async function sellerOf(services: Services, identity: Identity, { items }: NewSale): Promise<string> {
  if (!identity.roles.includes('admin')) return identity.accountId;
  const answer = await services.ask(readStock, items[0]!.sku, {});
  return answer.code === 'not_found' ? identity.accountId : accepted(answer).sellerId;
}
