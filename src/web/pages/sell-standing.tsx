/** How an account stands as a seller: what it applied with, whether it was verified, why it was suspended. */
import './sell-standing.css';
import { useRef, useState } from 'preact/hooks';
import type { Seller, SellerApplication } from '../../market/sellers/schemas.ts';
import { call, get } from '../api.ts';
import { date } from '../format.ts';
import { CountryField } from '../parts/address-fields.tsx';
import { countryName, likelyCountry } from '../parts/countries.ts';
import { Field } from '../parts/field.tsx';
import { fieldProblemsOf, useFocusOnProblem } from '../parts/field-problems.ts';
import { type Loaded, useLoaded } from '../parts/loaded.ts';
import { sentenceOf, Trouble } from '../parts/trouble.tsx';
import { hasRole } from '../session.ts';
import { sellerWords } from '../words-seller.ts';

const text = sellerWords.standing;

export function useStanding(): Loaded<Seller> {
  return useLoaded('/v1/seller', (signal) => get<Seller>('/v1/seller', signal));
}

/** In place of a shop, for those who have none. */
export function SellHere() {
  return <Standing standing={useStanding()} />;
}

export function Standing({ standing: { value, error, reload } }: { readonly standing: Loaded<Seller> }) {
  const [isChanging, setChanging] = useState(false);
  const [isSent, setSent] = useState(false);
  const heading = useRef<HTMLHeadingElement>(null);
  // What had the focus is gone then.
  const goBack = () => {
    setChanging(false);
    requestAnimationFrame(() => heading.current?.focus({ preventScroll: true }));
  };
  const done = () => {
    setSent(true);
    goBack();
    reload();
  };
  const isFree = value !== null && value.suspension === null;
  return (
    <section class="standing" aria-labelledby="standing">
      <h2 id="standing" ref={heading} tabIndex={-1}>
        {hasRole('seller', 'admin') ? text.title : text.sellHere}
      </h2>
      {error !== null && <Trouble error={error} onRetry={reload} />}
      {value !== null && <State seller={value} />}
      {isSent && (
        <p class="done" role="alert">
          {text.sent}
        </p>
      )}
      {isFree && value.application !== null && !isChanging && (
        <button
          type="button"
          onClick={() => {
            setSent(false);
            setChanging(true);
          }}
        >
          {text.change}
        </button>
      )}
      {isFree && (value.application === null || isChanging) && (
        <ApplicationForm seller={value} onDone={done} onCancel={isChanging ? goBack : null} />
      )}
    </section>
  );
}

function State({ seller: { suspension, application, verifiedAt } }: { readonly seller: Seller }) {
  if (suspension !== null)
    return (
      <div class="notice bad">
        <strong>{text.suspended(date(suspension.at), suspension.reason)}</strong>
        <span>{text.suspendedText}</span>
      </div>
    );
  if (application === null) return <p>{hasRole('seller', 'admin') ? text.notApplied : text.buyer}</p>;
  const { legalName, country, payoutReference, appliedAt } = application;
  return (
    <>
      <p class={verifiedAt === null ? 'notice' : 'notice good'}>
        {verifiedAt === null ? text.applied(date(appliedAt)) : text.verified(date(verifiedAt))}
      </p>
      <p>
        {legalName}, {countryName(country)}. <span class="quiet">{text.paidTo(payoutReference)}</span>
      </p>
    </>
  );
}

interface FormProps {
  readonly seller: Seller;
  readonly onDone: () => void;
  /** null: there is nothing to go back to. */
  readonly onCancel: (() => void) | null;
}

function ApplicationForm({ seller: { application }, onDone, onCancel }: FormProps) {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const form = useFocusOnProblem(error);
  const problems = fieldProblemsOf(error);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    const of = (name: keyof SellerApplication) => String(fields.get(name) ?? '').trim();
    const body = {
      ...{ legalName: of('legalName'), country: of('country'), payoutReference: of('payoutReference') },
    };
    setBusy(true);
    setError(null);
    try {
      await call('POST', '/v1/sellers/apply', { body });
      onDone();
    } catch (reason) {
      setError(reason);
      setBusy(false);
    }
  };
  return (
    <form class="form" onSubmit={submit} aria-label={text.form} ref={form}>
      <Field
        {...{ label: text.legalName, name: 'legalName', autocomplete: 'organization', maxLength: 200 }}
        defaultValue={application?.legalName ?? ''}
        required
        problem={problems['/legalName'] ?? null}
      />
      <CountryField code={application?.country ?? likelyCountry()} problem={problems['/country'] ?? null} />
      <Field
        {...{ label: text.payout, name: 'payoutReference', autocomplete: 'off', maxLength: 200 }}
        defaultValue={application?.payoutReference ?? ''}
        required
        note={text.payoutNote}
        problem={problems['/payoutReference'] ?? null}
      />
      {error !== null && Object.keys(problems).length === 0 && (
        <p class="problem" role="alert">
          {sentenceOf(error)}
        </p>
      )}
      {application !== null && <p class="quiet">{text.changeNote}</p>}
      <div class="buttons">
        <button type="submit" class="ink" disabled={isBusy}>
          {application === null ? text.apply : text.save}
        </button>
        {onCancel !== null && (
          <button type="button" onClick={onCancel}>
            {text.cancel}
          </button>
        )}
      </div>
    </form>
  );
}
