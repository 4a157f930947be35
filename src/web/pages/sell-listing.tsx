/** One listing of a seller: everything that is said of it, its images, its variants, and whether it is on sale. */
import './sell-listing.css';
import { useState } from 'preact/hooks';
import type { Product } from '../../market/catalog/schemas.ts';
import { ApiError, call } from '../api.ts';
import type { PageProps } from '../app.tsx';
import { timeOfDay } from '../format.ts';
import { fieldProblemsOf, useFocusOnProblem } from '../parts/field-problems.ts';
import { useLoaded } from '../parts/loaded.ts';
import { Needs } from '../parts/needs.tsx';
import { Page } from '../parts/page.tsx';
import { sentenceOf, Trouble } from '../parts/trouble.tsx';
import { hasRole, session } from '../session.ts';
import { words } from '../words.ts';
import { listingWords } from '../words-listing.ts';
import { changeOf, fieldAt, type ListingProblems, problemsOf } from './listing-draft.ts';
import { AboutFields } from './listing-fields.tsx';
import { ListingImages } from './listing-images.tsx';
import { type Listing, listingPath, useListing } from './listing-state.ts';
import { ListingStatus } from './listing-status.tsx';
import { KnownVariants } from './listing-variants.tsx';
import { NotHere } from './not-here.tsx';

const text = listingWords;

export default function SellListingPage({ params }: PageProps) {
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

/** At the fields that the API means; null: at none of them. */
function problemsIn(error: unknown, skus: readonly string[], product: Product): ListingProblems | null {
  const indexOf = (sent: number) => product.variants.findIndex(({ sku }) => sku === skus[sent]);
  const found = Object.entries(fieldProblemsOf(error)).flatMap(([pointer, message]) => {
    const field = fieldAt(pointer, indexOf);
    return field === null ? [] : [[field, message] as const];
  });
  return found.length === 0 ? null : Object.fromEntries(found);
}

function Form({ listing, onSaid, onVariants }: FormProps) {
  const { product, fields } = listing;
  const [problems, setProblems] = useState<ListingProblems>({});
  const form = useFocusOnProblem(problems);
  const [alert, setAlert] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [savedAtMs, setSavedAtMs] = useState<number | null>(null);
  const refuse = (found: ListingProblems) => {
    setProblems(found);
    setAlert(text.correct);
  };
  const save = async () => {
    const found = problemsOf(fields, false);
    if (Object.keys(found).length > 0) return refuse(found);
    setProblems({});
    setAlert(null);
    const change = changeOf(product, fields);
    if (change === null) return listing.settle(product, listing.etag);
    setBusy(true);
    try {
      const headers = listing.etag === null ? {} : { 'If-Match': listing.etag };
      const answer = await call<Product>('PATCH', listingPath(product.productId), {
        body: change.body,
        headers,
      });
      listing.settle(answer.body, answer.etag);
      setSavedAtMs(Date.now());
      onSaid(text.saved(timeOfDay(Date.now())));
    } catch (error) {
      if (error instanceof ApiError && error.code === 'stale_version')
        await listing.reread(false).catch((reason) => setAlert(sentenceOf(reason)));
      else {
        const atFields = problemsIn(error, change.skus, product);
        if (atFields === null) setAlert(sentenceOf(error));
        else refuse(atFields);
      }
    } finally {
      setBusy(false);
    }
  };
  const edit = {
    ...{ fields, problems },
    onChange: (changed: Partial<typeof fields>, name: string) => {
      listing.change(changed);
      if (problems[name] !== undefined) setProblems(({ [name]: _, ...others }) => others);
    },
  };
  const state = listing.isDirty
    ? listing.isRestored
      ? text.restored
      : text.unsaved
    : savedAtMs === null
      ? ''
      : text.saved(timeOfDay(savedAtMs));
  return (
    <form
      ref={form}
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
          void onVariants().catch((error) => setAlert(sentenceOf(error)));
        }}
      />
      {alert !== null && (
        <p class="problem" role="alert">
          {alert}
        </p>
      )}
      <div class="buttons save-bar">
        <button type="submit" class="primary" disabled={isBusy || !listing.isDirty}>
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
