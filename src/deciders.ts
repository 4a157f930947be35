/** Every kind of actor there is. */

import { idempotencyDecider } from './actors/idempotency.ts';
import { orderDecider } from './actors/order.ts';
import { saleDecider } from './actors/sale.ts';
import { skuDecider } from './actors/sku.ts';
import type { AnyDecider } from './protocol/decider.ts';

export const deciders: readonly AnyDecider[] = [saleDecider, skuDecider, orderDecider, idempotencyDecider];
