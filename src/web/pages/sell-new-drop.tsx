/** A new drop: the form, and beside it how it will go. */
import './sell-new-drop.css';
import { useRef, useState } from 'preact/hooks';
import type { Product } from '../../market/catalog/schemas.ts';
import type { Sale } from '../../market/sales/schemas.ts';
import { ApiError, call } from '../api.ts';
import { count, timeOfDay } from '../format.ts';
import { fieldProblemsOf, useFocusOnProblem } from '../parts/field-problems.ts';
import { useList } from '../parts/list.ts';
import { Needs } from '../parts/needs.tsx';
import { Page } from '../parts/page.tsx';
import { sentenceOf, Trouble } from '../parts/trouble.tsx';
import { go } from '../router.ts';
import { session } from '../session.ts';
import { words } from '../words.ts';
import { sellerWords } from '../words-seller.ts';
import {
  draft,
  emptyDraft,
  emptyFields,
  type FieldName,
  fieldOf,
  openDraft,
  type Problems,
  problemsOf,
  refused,
  saveDraft,
  sending,
} from './drop-draft.ts';
import { DropFields } from './drop-fields.tsx';
import { DropPreview } from './drop-preview.tsx';

const text = sellerWords.form;

export default function NewDropPage() {
  return (
    <Needs roles={['seller', 'admin']}>
      <NewDrop accountId={session.value?.accountId ?? ''} />
    </Needs>
  );
}

function NewDrop({ accountId }: { readonly accountId: string }) {
  const isOpened = useRef(false);
  if (!isOpened.current) openDraft(accountId);
  isOpened.current = true;
  const products = useList<Product>('/v1/products', `?seller=${accountId}&limit=100`);
  return (
    <Page
      heading={text.title}
      title={`${text.title} – ${words.brand}`}
      kind="new-drop"
      aside={<DraftState />}
    >
      {products.error !== null && <Trouble error={products.error} onRetry={products.reload} />}
      <div class="new-drop-columns">
        <Form products={products.items} />
        <DropPreview products={products.items ?? []} />
      </div>
    </Page>
  );
}

function DraftState() {
  const { savedAtMs, fields } = draft.value;
  // What stood there when the page came: typing does not change it.
  const [wasRestored] = useState(
    fields !== emptyFields && JSON.stringify(fields) !== JSON.stringify(emptyFields),
  );
  const state = savedAtMs !== null ? text.saved(timeOfDay(savedAtMs)) : wasRestored ? text.restored : '';
  return (
    <p class="quiet" role="status">
      {state}
    </p>
  );
}

/** What the API refuses, at the fields that it means; null: at none of them. */
function refusalsOf(error: unknown): Problems | null {
  if (!(error instanceof ApiError)) return null;
  if (error.code === 'unknown_sku') return { sku: text.unknownSku };
  if (error.code === 'insufficient_stock') {
    const [item] = (error.problem.items ?? []) as readonly { readonly available?: number }[];
    return { units: item?.available === undefined ? text.short : text.shortOf(count(item.available)) };
  }
  const problems: Problems = {};
  for (const [pointer, message] of Object.entries(fieldProblemsOf(error))) {
    const field = fieldOf(pointer);
    if (field !== null) problems[field] ??= message;
  }
  return Object.keys(problems).length === 0 ? null : problems;
}

function Form({ products }: { readonly products: readonly Product[] | null }) {
  const [problems, setProblems] = useState<Problems>({});
  const form = useFocusOnProblem(problems);
  const [alert, setAlert] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const refuse = (found: Problems) => {
    setProblems(found);
    setAlert(text.correct);
  };
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const found = problemsOf(draft.value.fields);
    if (Object.keys(found).length > 0) return refuse(found);
    setBusy(true);
    setProblems({});
    setAlert(null);
    try {
      const { key, body } = sending();
      const { body: sale } = await call<Sale>('POST', '/v1/sales', {
        body,
        headers: { 'Idempotency-Key': key },
      });
      emptyDraft();
      go(`/drops/${sale.saleId}`);
    } catch (error) {
      setBusy(false);
      const isUnsure =
        error instanceof ApiError && (error.isPassing || error.code === 'idempotency_in_progress');
      if (isUnsure) return setAlert(error.status === 0 ? text.unsure : sentenceOf(error));
      refused();
      const atFields = refusalsOf(error);
      if (atFields === null) setAlert(sentenceOf(error));
      else refuse(atFields);
    }
  };
  const forget = (name: FieldName) => {
    if (problems[name] !== undefined) setProblems(({ [name]: _, ...others }) => others);
  };
  return (
    <form ref={form} class="form" noValidate onSubmit={submit} aria-label={text.title}>
      <DropFields products={products} problems={problems} onChange={forget} />
      {alert !== null && (
        <p class="problem" role="alert">
          {alert}
        </p>
      )}
      <div class="buttons">
        <button type="submit" class="primary" disabled={isBusy}>
          {text.publish}
        </button>
        <button type="button" onClick={saveDraft}>
          {text.save}
        </button>
        <button type="button" class="link" onClick={emptyDraft}>
          {text.empty}
        </button>
      </div>
    </form>
  );
}
