/**
 * The listing that a seller is changing: the product as it was read last, and what was typed over it.
 *
 * 1. Nothing typed is lost: it is kept in this browser at each change, with the product that it was typed over, until it is
 *    saved or discarded.
 * 2. A save names the version that it is based on. When the product is another one meanwhile, what was touched stays and the
 *    rest follows, and the person is told.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Product } from '../../market/catalog/schemas.ts';
import { call } from '../api.ts';
import { load, save } from '../stored.ts';
import { fieldsOf, isSame, isSameListing, type ListingFields, rebased } from './listing-draft.ts';

interface Kept {
  readonly base: Product;
  readonly fields: ListingFields;
}

export interface Listing {
  readonly product: Product;
  readonly etag: string | null;
  readonly fields: ListingFields;
  readonly isDirty: boolean;
  /** Typed before the page was opened. */
  readonly isRestored: boolean;
  /** Somebody else has changed it while it was open. */
  readonly isStale: boolean;
  readonly change: (changed: Partial<ListingFields>) => void;
  readonly discard: () => void;
  /** After a save: what was typed is the product now. */
  readonly settle: (product: Product, etag: string | null) => void;
  /** Reads it again. `isOwn`: after a change of our own to images or variants, which is no news. */
  readonly reread: (isOwn: boolean) => Promise<void>;
}

interface State {
  readonly product: Product;
  readonly etag: string | null;
  readonly fields: ListingFields;
  readonly isRestored: boolean;
  readonly isStale: boolean;
}

export const listingPath = (productId: string) => `/v1/products/${productId}`;

export function useListing(accountId: string, first: Product, firstEtag: string | null): Listing {
  const { productId } = first;
  const name = `listing:${accountId}:${productId}`;
  const [state, setState] = useState<State>(() => {
    const kept = load<Kept>(name);
    const fields = kept === null ? fieldsOf(first) : rebased(kept.fields, kept.base, first);
    const isRestored = !isSame(fields, fieldsOf(first));
    return { product: first, etag: firstEtag, fields, isRestored, isStale: false };
  });
  // What is asked for meanwhile must not bring back an older state.
  const latest = useRef(state);
  const put = (next: State) => {
    latest.current = next;
    setState(next);
    const isDirty = !isSame(next.fields, fieldsOf(next.product));
    save(name, isDirty ? ({ base: next.product, fields: next.fields } satisfies Kept) : null);
  };
  const isOpen = useRef(true);
  useEffect(
    () => () => {
      isOpen.current = false;
    },
    [],
  );
  const follow = (product: Product, etag: string | null, isOwn: boolean) => {
    const { current } = latest;
    const isNews = !isOwn || !isSameListing(product, current.product);
    const fields = rebased(current.fields, current.product, product);
    put({ ...current, product, etag, fields, isStale: current.isStale || isNews });
  };
  return {
    ...state,
    isDirty: !isSame(state.fields, fieldsOf(state.product)),
    change: (changed) => put({ ...latest.current, fields: { ...latest.current.fields, ...changed } }),
    discard: () =>
      put({ ...latest.current, fields: fieldsOf(latest.current.product), isRestored: false, isStale: false }),
    settle: (product, etag) =>
      put({ product, etag, fields: fieldsOf(product), isRestored: false, isStale: false }),
    async reread(isOwn) {
      const { body, etag } = await call<Product>('GET', listingPath(productId));
      if (isOpen.current) follow(body, etag, isOwn);
    },
  };
}
