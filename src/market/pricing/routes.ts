/** Prices: tables of rates, codes, promotions and personal offers. */
import type { Route } from '../../gateway/route.ts';
import { couponRoutes } from './coupon-routes.ts';
import { offerRoutes } from './offer-routes.ts';
import { rateRoutes } from './rate-routes.ts';

export const routes: readonly Route[] = [...rateRoutes, ...couponRoutes, ...offerRoutes];
