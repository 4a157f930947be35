/** Every kind of actor there is. */

import { idempotencyDecider } from './actors/idempotency/decide.ts';
import { orderDecider } from './actors/order/decide.ts';
import { saleDecider } from './actors/sale/decide.ts';
import { skuDecider } from './actors/sku/decide.ts';
import type { AnyDecider } from './protocol/decider.ts';

export const deciders: readonly AnyDecider[] = [saleDecider, skuDecider, orderDecider, idempotencyDecider];
