/**
 * The one registration: every actor, route, live feature, projection, effect and job of the shop is reached from here,
 * one line a noun. What only some threads need is loaded by them alone.
 */
import type { Pool } from 'pg';
import { cartDecider } from './actors/cart/decide.ts';
import { couponDecider } from './actors/coupon/decide.ts';
import { idempotencyDecider } from './actors/idempotency/decide.ts';
import { orderDecider } from './actors/order/decide.ts';
import { saleDecider } from './actors/sale/decide.ts';
import { skuDecider } from './actors/sku/decide.ts';
import type { LiveFeature } from './gateway/live/feature.ts';
import type { About } from './gateway/openapi.ts';
import type { WebPage } from './gateway/pages.ts';
import type { Route } from './gateway/route.ts';
import type { MailSettings } from './market/mail/file-store.ts';
import type { PaymentSettings } from './market/payments/effects.ts';
import type { SearchSettings } from './market/search/settings.ts';
import type { BlobSettings } from './persistence/blobs.ts';
import type { Projection } from './persistence/projection.ts';
import type { Ask } from './protocol/command.ts';
import { type AnyDecider, register } from './protocol/decider.ts';
import type { EffectType } from './protocol/effect.ts';
import type { Job } from './protocol/job.ts';
import type { Log } from './protocol/log.ts';

export const deciders: readonly AnyDecider[] = [
  register(saleDecider),
  register(skuDecider),
  register(orderDecider),
  register(cartDecider),
  register(idempotencyDecider),
  register(couponDecider),
];

export const actorKinds: ReadonlySet<string> = new Set(deciders.map(({ kind }) => kind));

/** What the API says of itself. */
export const about: About = {
  title: 'Doorbuster',
  version: '1.0.0',
  description:
    'A flash-sale marketplace engine: waiting rooms, holds, checkout. Errors are RFC 9457 problems, but for those of the HTTP machine itself (400, 431 and 505 for what is no HTTP/1.1 request with a head of at most 16 KiB), which are pages and close the connection.',
};

export async function loadRoutes(): Promise<readonly Route[]> {
  const nouns = await Promise.all([
    import('./market/accounts/routes.ts'),
    import('./market/audit/routes.ts'),
    import('./market/privacy/routes.ts'),
    import('./market/catalog/routes.ts'),
    import('./market/images/routes.ts'),
    import('./market/categories/routes.ts'),
    import('./market/search/routes.ts'),
    import('./market/imports/routes.ts'),
    import('./market/inventory/routes.ts'),
    import('./market/pricing/routes.ts'),
    import('./market/price-rules/routes.ts'),
    import('./market/sales/routes.ts'),
    import('./market/waiting-room/routes.ts'),
    import('./market/cart/routes.ts'),
    import('./market/wishlists/routes.ts'),
    import('./market/checkout/routes.ts'),
    import('./market/orders/routes.ts'),
    import('./market/payments/routes.ts'),
    import('./market/sellers/routes.ts'),
    import('./market/compliance/routes.ts'),
    import('./market/moderation/routes.ts'),
    import('./ops/routes.ts'),
    import('./ops/sample/pictures.ts'),
  ]);
  const { guarded } = await import('./market/sellers/guard.ts');
  const { aliasesOf } = await import('./market/aliases/routes.ts');
  const routes = nouns.flatMap((noun) => noun.routes).map(guarded);
  return [...routes, ...aliasesOf(routes)];
}

export async function loadPages(): Promise<readonly WebPage[]> {
  const nouns = await Promise.all([
    import('./market/accounts/routes.ts'),
    import('./market/images/routes.ts'),
    import('./market/audit/routes.ts'),
    import('./market/imports/routes.ts'),
    import('./market/catalog/pages.ts'),
    import('./market/cart/routes.ts'),
    import('./market/sales/routes.ts'),
    import('./market/orders/routes.ts'),
    import('./market/pricing/routes.ts'),
    import('./market/sellers/routes.ts'),
    import('./market/moderation/routes.ts'),
    import('./ops/routes.ts'),
  ]);
  return nouns.flatMap(({ pages }) => pages);
}

export async function loadLive(): Promise<readonly LiveFeature[]> {
  const nouns = await Promise.all([
    import('./market/waiting-room/live.ts'),
    import('./market/cart/live.ts'),
    import('./market/checkout/live.ts'),
    import('./market/orders/live.ts'),
    import('./market/payments/live.ts'),
    import('./market/pricing/live.ts'),
    import('./ops/live.ts'),
  ]);
  return nouns.map(({ live }) => live);
}

export async function loadProjections(): Promise<readonly Projection[]> {
  const nouns = await Promise.all([
    import('./market/inventory/projection.ts'),
    import('./market/sales/projection.ts'),
    import('./market/orders/projection.ts'),
    import('./market/pricing/projection.ts'),
  ]);
  return nouns.map(({ projection }) => projection);
}

/** What operators configure for effects and jobs, each its own part. */
export type EffectSettings = PaymentSettings &
  SearchSettings & {
    readonly mail: MailSettings;
    readonly blobs: BlobSettings;
  };

/** The kinds that the effects below serve: a shard sends their commands to the back office. */
export const effectKinds: ReadonlySet<string> = new Set(['payments']);

export async function loadEffects(): Promise<readonly EffectType<EffectSettings>[]> {
  const nouns = await Promise.all([import('./market/payments/effects.ts')]);
  return nouns.map(({ effect }) => effect);
}

/** What the back office gives to its jobs; each takes what it needs. */
interface JobDeps {
  readonly pool: Pool;
  readonly ask: Ask;
  readonly log: Log;
  readonly settings: EffectSettings;
  readonly dataDir: string;
  /** For how long the tables have been behind the journal, in seconds; Infinity while a partition is halted. */
  lagSeconds(): number;
}

export async function loadJobs(): Promise<readonly ((deps: JobDeps) => Job | null)[]> {
  const nouns = await Promise.all([
    import('./market/accounts/job.ts'),
    import('./market/privacy/erasure-job.ts'),
    import('./market/privacy/export-job.ts'),
    import('./market/mail/job.ts'),
    import('./market/moderation/job.ts'),
    import('./market/catalog/job.ts'),
    import('./market/imports/job.ts'),
    import('./market/catalog/stock-job.ts'),
    import('./market/search/job.ts'),
    import('./market/search/elasticsearch/job.ts'),
    import('./market/images/job.ts'),
    import('./market/payments/job.ts'),
    import('./ops/feed-forgetting.ts'),
    import('./market/sellers/job.ts'),
    import('./market/price-rules/job.ts'),
    import('./ops/stock-reconciliation.ts'),
  ]);
  return nouns.map(({ createJob }) => createJob);
}
