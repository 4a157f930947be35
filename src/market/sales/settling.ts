/**
 * What an answer about a sale says is so for everybody who asks next: the SKUs have answered, and the list of sales
 * shows it. Waiting is bounded; a sale that still waits after that is shown as what it is.
 */
import { type CurrentSaleView, readSale } from '../../actors/sale/commands.ts';
import { accepted, waitUntil } from '../../gateway/handling.ts';
import type { Services } from '../../gateway/route.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { isListedAs } from './store.ts';

const settleMsMax = 5_000;
/** The list follows within milliseconds; when it does not, the sale's own answer is not held up for it. */
const listedMsMax = 1_000;

/** A sale that starts at once is also waited for until it has started: the first buyer finds it open. */
export async function settled(services: Services, first: CurrentSaleView): Promise<CurrentSaleView> {
  let sale = first;
  await waitUntil(settleMsMax, async () => {
    if (sale.isSettled && !(sale.phase === 'scheduled' && sale.startsAtMs <= services.now())) return true;
    const answer = await services.ask(readSale, sale.saleId, {});
    if (answer.code !== 'busy') sale = accepted(answer);
    return false;
  });
  if (sale.stock === 'ready') await listed(services, sale);
  return sale;
}

async function listed({ database }: Services, { saleId, phase }: CurrentSaleView): Promise<void> {
  await waitUntil(listedMsMax, () => isListedAs(database, saleId, phase)).catch((error) => {
    // The tables are away: nobody can read the list now.
    if (!(error instanceof DoorbusterError)) throw error;
  });
}
