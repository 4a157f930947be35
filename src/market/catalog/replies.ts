/** What the routes of products have in common: whose product a request means, and the tags of what is shown. */
import { etagOf, versionsOf } from '../../gateway/etag.ts';
import { idParam } from '../../gateway/handling.ts';
import type { Identity } from '../../gateway/route.ts';
import { digestOf } from '../../protocol/digest.ts';
import type { Product } from './schemas.ts';
import type { Claim } from './store.ts';

/** The version, which a change is based on, and a name of all that the body shows. */
export function tagOf(product: Product): string {
  return etagOf(`${product.version}.${digestOf(product)}`);
}

export function claimOf(identity: Identity, productId: string, ifMatch: string | undefined): Claim {
  return { identity, productId: idParam('product', productId), versions: versionsOf(ifMatch) };
}

/** Of an answer that not everybody gets. */
export function unshared<Answer extends object>(answer: Answer): Answer & { readonly cacheControl: string } {
  return { ...answer, cacheControl: 'no-store' };
}
