/** One listing of a seller: everything that is said of it, its images, its variants, and whether it is on sale. */
import './sell-listing.css';
import { useState } from 'preact/hooks';
import type { Product } from '../../market/catalog/schemas.ts';
import { ApiError, call } from '../api.ts';
import { timeOfDay } from '../format.ts';
import { useFocusOnProblem } from '../parts/field-problems.ts';
import { useLoaded } from '../parts/loaded.ts';
import { Needs } from '../parts/needs.tsx';
import { Page } from '../parts/page.tsx';
import { sentenceOf, Trouble } from '../parts/trouble.tsx';
import { hasRole, session } from '../session.ts';
import { words } from '../words.ts';
import { listingWords } from '../words-listing.ts';
import { changeOf, problemsOf } from './listing-draft.ts';
import { AboutFields } from './listing-fields.tsx';
import { Alert, problemsIn, useFormState } from './listing-form.tsx';
import { ListingImages } from './listing-images.tsx';
import { type Listing, listingPath, useListing } from './listing-state.ts';
import { ListingStatus } from './listing-status.tsx';
import { KnownVariants } from './listing-variants.tsx';
import { NotHere } from './not-here.tsx';

const text = listingWords;

export default function SellListingPage({ params }: { readonly params: Readonly<Record<string, string>> }) {
  return (
    <Needs roles={['seller', 'admin']}>
      <Loader accountId={session.value?.accountId ?? ''} productId={params.productId ?? ''} />
    </Needs>
  );
}

interface LoaderProps {
  readonly accountId: string;
  readonly productId: string;
}

function Loader({ accountId, productId }: LoaderProps) {
  const read = useLoaded(`listing ${productId} of ${accountId}`, (signal) =>
    call<Product>('GET', listingPath(productId), { signal }),
  );
  const isMissing = read.error instanceof ApiError && read.error.status === 404;
  const { body: product, etag = null } = read.value ?? {};
  if (isMissing || (product && product.sellerId !== accountId && !hasRole('admin'))) return <NotHere />;
  if (product !== undefined) return <Editor key={accountId} {...{ accountId, product, etag }} />;
  return (
    <Page heading={text.loading} title={`${text.loading} – ${words.brand}`} kind="listing-page">
      {read.error === null ? <div class="skeleton" /> : <Trouble error={read.error} onRetry={read.reload} />}
    </Page>
  );
}

interface EditorProps {
  readonly accountId: string;
  readonly product: Product;
  readonly etag: string | null;
}

function Editor({ accountId, product: first, etag }: EditorProps) {
  const listing = useListing(accountId, first, etag);
  const { product } = listing;
  const [said, setSaid] = useState('');
  const reread = () => listing.reread(true);
  return (
    <Page heading={product.title} title={`${product.title} – ${words.brand}`} kind="listing-page">
      <p>
        <a href="/sell">{text.back}</a>
      </p>
      <p class="visually-hidden" role="status">
        {said}
      </p>
      {listing.isStale && (
        <div class="notice caution" role="alert">
          <strong>{text.stale.title}</strong>
          <span>{text.stale.text}</span>
        </div>
      )}
      <div class="listing-columns">
        <div class="listing-side">
          <ListingStatus {...{ listing, onSaid: setSaid }} />
          <ListingImages product={product} onChanged={reread} />
        </div>
        <Form {...{ listing, onSaid: setSaid, onVariants: reread }} />
      </div>
    </Page>
  );
}

interface FormProps {
  readonly listing: Listing;
  readonly onSaid: (said: string) => void;
  readonly onVariants: () => Promise<void>;
}

/** Sends what was changed, based on the version that was read. */
function useSave(listing: Listing, onSaid: (said: string) => void) {
  const form = useFormState();
  const [savedAtMs, setSavedAtMs] = useState<number | null>(null);
  const { product, fields, etag } = listing;
  const save = async () => {
    if (!form.begin(problemsOf(fields, false))) return;
    const change = changeOf(product, fields);
    if (change === null) return listing.settle(product, etag);
    form.setBusy(true);
    try {
      const headers = etag === null ? {} : { 'If-Match': etag };
      const { body } = change;
      const answer = await call<Product>('PATCH', listingPath(product.productId), { body, headers });
      listing.settle(answer.body, answer.etag);
      setSavedAtMs(Date.now());
      onSaid(text.saved(timeOfDay(Date.now())));
    } catch (error) {
      const indexOf = (sent: number) => product.variants.findIndex(({ sku }) => sku === change.skus[sent]);
      if (error instanceof ApiError && error.code === 'stale_version')
        await listing.reread(false).catch((reason) => form.setAlert(sentenceOf(reason)));
      else form.refuse(error, problemsIn(error, indexOf));
    } finally {
      form.setBusy(false);
    }
  };
  const state = listing.isDirty
    ? listing.isRestored
      ? text.restored
      : text.unsaved
    : savedAtMs === null
      ? ''
      : text.saved(timeOfDay(savedAtMs));
  return { form, save, state };
}

function Form({ listing, onSaid, onVariants }: FormProps) {
  const { product, fields } = listing;
  const { form, save, state } = useSave(listing, onSaid);
  const element = useFocusOnProblem(form.problems);
  const edit = {
    ...{ fields, problems: form.problems },
    onChange: (changed: Partial<typeof fields>, name: string) => {
      listing.change(changed);
      form.touch(name);
    },
  };
  return (
    <form
      ref={element}
      class="form"
      noValidate
      aria-label={product.title}
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <AboutFields {...edit} />
      <KnownVariants
        {...edit}
        product={product}
        onDone={(done) => {
          onSaid(done);
          void onVariants().catch((error) => form.setAlert(sentenceOf(error)));
        }}
      />
      <Alert text={form.alert} />
      <div class="buttons save-bar">
        <button type="submit" class="primary" disabled={form.isBusy || !listing.isDirty}>
          {text.save}
        </button>
        {listing.isDirty && (
          <button type="button" class="link" onClick={listing.discard}>
            {text.discard}
          </button>
        )}
        <span class="quiet">{state}</span>
      </div>
    </form>
  );
}
