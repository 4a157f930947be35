/** Prices: tables of rates, codes, promotions and personal offers. */
import type { WebPage } from '../../gateway/pages.ts';
import type { Route } from '../../gateway/route.ts';
import { couponRoutes } from './coupon-routes.ts';
import { offerRoutes } from './offer-routes.ts';
import { rateRoutes } from './rate-routes.ts';

export const routes: readonly Route[] = [...rateRoutes, ...couponRoutes, ...offerRoutes];

/** The three of a seller are one page. */
export const pages: readonly WebPage[] = [
  { path: '/admin/rates' },
  { path: '/sell/coupons' },
  { path: '/sell/promotions' },
  { path: '/sell/price-rules' },
];
