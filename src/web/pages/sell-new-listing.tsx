/** A listing that there is not yet. Once it is saved its own page goes on with the images. */
import './sell-listing.css';
import { useRef, useState } from 'preact/hooks';
import type { Product } from '../../market/catalog/schemas.ts';
import { ApiError, call } from '../api.ts';
import { useFocusOnProblem } from '../parts/field-problems.ts';
import { Needs } from '../parts/needs.tsx';
import { Page } from '../parts/page.tsx';
import { sentenceOf } from '../parts/trouble.tsx';
import { go } from '../router.ts';
import { session } from '../session.ts';
import { load, save } from '../stored.ts';
import { uuid } from '../uuid.ts';
import { words } from '../words.ts';
import { listingWords } from '../words-listing.ts';
import {
  emptyListing,
  type ListingFields,
  type ListingProblems,
  newListing,
  problemsOf,
} from './listing-draft.ts';
import { AboutFields } from './listing-fields.tsx';
import { Alert, problemsIn, useFormState } from './listing-form.tsx';
import { CurrencyField, NewVariants } from './listing-variants.tsx';

const text = listingWords;

export default function NewListingPage() {
  return (
    <Needs roles={['seller', 'admin']}>
      <NewListing accountId={session.value?.accountId ?? ''} />
    </Needs>
  );
}

/** What was typed, and what was sent of it as long as nobody has answered: the same button sends the same again. */
interface Draft {
  readonly fields: ListingFields;
  readonly sent: { readonly key: string; readonly body: object } | null;
}

function useDraft(accountId: string) {
  const name = `listing:${accountId}:new`;
  const [draft, setDraft] = useState<Draft>(() => {
    const kept = load<Draft>(name);
    return { fields: { ...emptyListing, ...kept?.fields }, sent: kept?.sent ?? null };
  });
  // What is typed into one field takes nothing from another, however fast it comes.
  const latest = useRef(draft);
  const put = (changed: Partial<ListingFields>, sent: Draft['sent']) => {
    const next = { fields: { ...latest.current.fields, ...changed }, sent };
    latest.current = next;
    setDraft(next);
    save(name, next);
  };
  const forget = () => save(name, null);
  return { draft, put, forget };
}

/** What the API refuses, at the fields that it means; null: at none of them. */
function refusalsOf(error: unknown, fields: ListingFields): ListingProblems | null {
  if (!(error instanceof ApiError) || error.code !== 'sku_taken') return problemsIn(error, (sent) => sent);
  const sku = String(error.problem.sku ?? '');
  const at = fields.variants.findIndex((variant) => variant.sku.trim() === sku);
  return { [`variants/${Math.max(0, at)}/sku`]: text.taken(sku) };
}

function useCreate(accountId: string) {
  const { draft, put, forget } = useDraft(accountId);
  const form = useFormState();
  const { fields } = draft;
  const create = async (status: 'draft' | 'active') => {
    if (!form.begin(problemsOf(fields, true))) return;
    form.setBusy(true);
    const body = newListing(fields, status);
    const isRepeat = draft.sent !== null && JSON.stringify(draft.sent.body) === JSON.stringify(body);
    const sent = isRepeat ? draft.sent! : { key: uuid(), body };
    put({}, sent);
    try {
      const headers = { 'Idempotency-Key': sent.key };
      const answer = await call<Product>('POST', '/v1/products', { body, headers });
      forget();
      go(`/sell/products/${answer.body.productId}`, true);
    } catch (error) {
      form.setBusy(false);
      const isUnsure =
        error instanceof ApiError && (error.isPassing || error.code === 'idempotency_in_progress');
      if (isUnsure) return form.setAlert(error.status === 0 ? text.unsure : sentenceOf(error));
      put({}, null);
      form.refuse(error, refusalsOf(error, fields));
    }
  };
  const change = (changed: Partial<ListingFields>, name: string) => {
    put(changed, null);
    form.touch(name);
  };
  return { form, fields, create, change };
}

function NewListing({ accountId }: { readonly accountId: string }) {
  const { form, fields, create, change } = useCreate(accountId);
  const element = useFocusOnProblem(form.problems);
  const edit = { fields, problems: form.problems, onChange: change };
  return (
    <Page heading={text.newTitle} title={`${text.newTitle} – ${words.brand}`} kind="listing-page">
      <p>
        <a href="/sell">{text.back}</a>
      </p>
      <form
        ref={element}
        class="form listing-new"
        noValidate
        aria-label={text.newTitle}
        onSubmit={(event) => {
          event.preventDefault();
          void create('active');
        }}
      >
        <AboutFields {...edit} />
        <CurrencyField {...edit} />
        <NewVariants {...edit} />
        <p class="field-note">{text.images.afterSaving}</p>
        <Alert text={form.alert} />
        <div class="buttons save-bar">
          <button type="submit" class="primary" disabled={form.isBusy}>
            {text.publish}
          </button>
          <button type="button" disabled={form.isBusy} onClick={() => void create('draft')}>
            {text.saveDraft}
          </button>
        </div>
      </form>
    </Page>
  );
}
