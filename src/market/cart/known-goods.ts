import type { Services } from '../../gateway/route.ts';
import { type Goods, keptGoodsOf } from '../catalog/goods-store.ts';

/** null: nobody knows the SKU any more, or can be asked at the moment: a line then says what it was when it was added. */
export async function knownGoods(services: Services, sku: string): Promise<Goods | null> {
  try {
    return await keptGoodsOf(services).get(sku);
  } catch {
    return null;
  }
}
