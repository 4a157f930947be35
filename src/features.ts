/**
 * The one registration: every actor, projection and effect of the shop is reached from here, one line each. What only
 * some threads need is loaded by them alone.
 */
import { idempotencyDecider } from './actors/idempotency/decide.ts';
import { orderDecider } from './actors/order/decide.ts';
import { saleDecider } from './actors/sale/decide.ts';
import { skuDecider } from './actors/sku/decide.ts';
import type { PaymentSettings } from './market/payments/effects.ts';
import type { Projection } from './persistence/projection.ts';
import { type AnyDecider, register } from './protocol/decider.ts';
import type { EffectType } from './protocol/effect.ts';

export const deciders: readonly AnyDecider[] = [
  register(saleDecider),
  register(skuDecider),
  register(orderDecider),
  register(idempotencyDecider),
];

export async function loadProjections(): Promise<readonly Projection[]> {
  return [
    (await import('./market/inventory/projection.ts')).stockProjection,
    (await import('./market/sales/projection.ts')).salesProjection,
    (await import('./market/orders/projection.ts')).ordersProjection,
  ];
}

/** What operators configure for the effects, each its own part. */
export type EffectSettings = PaymentSettings;

/** The kinds that the effects below serve: a shard sends their commands to the back office. */
export const effectKinds: ReadonlySet<string> = new Set(['payments']);

export async function loadEffects(): Promise<readonly EffectType<EffectSettings>[]> {
  return [(await import('./market/payments/effects.ts')).paymentsEffect];
}
