/** Whether a listing is a draft, on sale, held or archived, and what its seller may make of it. */
import { useRef, useState } from 'preact/hooks';
import type { Product, ProductStatus } from '../../market/catalog/schemas.ts';
import { ApiError, call } from '../api.ts';
import { Dialog } from '../parts/dialog.tsx';
import { sentenceOf } from '../parts/trouble.tsx';
import { listingWords } from '../words-listing.ts';
import { type Listing, listingPath } from './listing-state.ts';

const text = listingWords.status;

interface StatusProps {
  readonly listing: Listing;
  readonly onSaid: (said: string) => void;
}

/** The reason for which an administrator refused it; null: nobody did. */
function rejectionOf(product: Product): string | null {
  const { rejection } = product as Product & { readonly rejection?: { readonly reason?: string } | null };
  return rejection?.reason ?? null;
}

/** Changes it, based on the version that was read. */
function useStatus(listing: Listing, onChanged: (status: ProductStatus) => void) {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const become = async (next: ProductStatus) => {
    setBusy(true);
    setProblem(null);
    try {
      const headers = listing.etag === null ? {} : { 'If-Match': listing.etag };
      const answer = await call<Product>('PATCH', listingPath(listing.product.productId), {
        ...{ body: { status: next }, headers },
      });
      listing.settle(answer.body, answer.etag);
      onChanged(answer.body.status);
    } catch (error) {
      const isStale = error instanceof ApiError && error.code === 'stale_version';
      if (isStale) await listing.reread(false).catch((reason) => setProblem(sentenceOf(reason)));
      else setProblem(sentenceOf(error));
    } finally {
      setBusy(false);
    }
  };
  return { isBusy, problem, become };
}

export function ListingStatus({ listing, onSaid }: StatusProps) {
  const { product, isDirty } = listing;
  const { status } = product;
  const heading = useRef<HTMLHeadingElement>(null);
  const [isAsking, setAsking] = useState(false);
  const { isBusy, problem, become } = useStatus(listing, (next) => {
    setAsking(false);
    onSaid(text.changed(text.names[next]?.[0] ?? next));
    requestAnimationFrame(() => heading.current?.focus({ preventScroll: true }));
  });
  const [name, meaning] = text.names[status] ?? [status, ''];
  const rejection = rejectionOf(product);
  return (
    <section aria-labelledby="status" class="listing-status">
      <h2 id="status" ref={heading} tabIndex={-1}>
        {text.title}
      </h2>
      <p class={`state-${status}`}>
        <strong>{name}</strong> <span class="quiet">{meaning}</span>
      </p>
      {rejection !== null && <p class="problem">{text.rejected(rejection)}</p>}
      <div class="buttons">
        {(status === 'draft' || status === 'archived') && (
          <button
            type="button"
            class="ink"
            disabled={isBusy || isDirty}
            onClick={() => void become('active')}
          >
            {text.publish}
          </button>
        )}
        {status === 'active' && (
          <button type="button" disabled={isBusy || isDirty} onClick={() => void become('draft')}>
            {text.unpublish}
          </button>
        )}
        {status !== 'archived' && (
          <button type="button" class="link" disabled={isBusy || isDirty} onClick={() => setAsking(true)}>
            {text.archive}
          </button>
        )}
      </div>
      {isDirty && status !== 'held' && <p class="field-note">{text.dirty}</p>}
      {problem !== null && !isAsking && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      {isAsking && (
        <Dialog
          {...{ title: text.archiveTitle, stay: text.keep, act: text.archive, isBusy, problem }}
          onAct={() => void become('archived')}
          onClose={() => setAsking(false)}
        >
          <p>{text.archiveText}</p>
        </Dialog>
      )}
    </section>
  );
}
