/** A new password for who forgot it: without a link the form to have one sent, with it the form to choose. */
import { useState } from 'preact/hooks';
import { ApiError, call } from '../api.ts';
import { Field } from '../parts/field.tsx';
import { fieldProblemsOf, useFocusOnProblem } from '../parts/field-problems.ts';
import { Page } from '../parts/page.tsx';
import { sentenceOf } from '../parts/trouble.tsx';
import { words } from '../words.ts';
import { identityWords } from '../words-identity.ts';
import { useLinkToken } from './link-token.ts';

const text = identityWords.reset;

export default function ResetPage() {
  const token = useLinkToken();
  const [isInvalid, setInvalid] = useState(false);
  return (
    <Page heading={text.title} title={`${text.title} – ${words.brand}`} kind="plain">
      {isInvalid && (
        <p class="problem" role="alert">
          {text.invalid}
        </p>
      )}
      {token === null || isInvalid ? <Ask /> : <Choose token={token} onInvalid={() => setInvalid(true)} />}
    </Page>
  );
}

function Ask() {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [sentTo, setSentTo] = useState<string | null>(null);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    const email = String(fields.get('email')).trim();
    setBusy(true);
    setError(null);
    try {
      await call('POST', '/v1/auth/password-reset', { body: { email }, token: null });
      setSentTo(email);
    } catch (reason) {
      setError(reason);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form class="form narrow" onSubmit={submit} aria-label={text.form}>
      <p>{text.ask}</p>
      <Field label={text.email} name="email" type="email" autocomplete="username" required />
      {error !== null && (
        <p class="problem" role="alert">
          {sentenceOf(error)}
        </p>
      )}
      <p role="status">{sentTo === null ? '' : text.sent(sentTo)}</p>
      <button type="submit" class="primary" disabled={isBusy}>
        {text.send}
      </button>
      <p>
        <a href="/signin">{text.signIn}</a>
      </p>
    </form>
  );
}

function Choose({ token, onInvalid }: { readonly token: string; readonly onInvalid: () => void }) {
  const [isBusy, setBusy] = useState(false);
  const [isDone, setDone] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const form = useFocusOnProblem(error);
  const problem = fieldProblemsOf(error)['/password'] ?? null;
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const password = String(new FormData(event.currentTarget as HTMLFormElement).get('password'));
    setBusy(true);
    setError(null);
    try {
      await call('POST', '/v1/auth/password-reset/confirm', { body: { token, password }, token: null });
      setDone(true);
    } catch (reason) {
      if (reason instanceof ApiError && reason.code === 'link_invalid') onInvalid();
      else setError(reason);
    } finally {
      setBusy(false);
    }
  };
  if (isDone)
    return (
      <>
        <p role="status">{text.done}</p>
        <a class="button primary" href="/signin">
          {text.signIn}
        </a>
      </>
    );
  return (
    <form class="form narrow" onSubmit={submit} aria-label={text.form} ref={form}>
      <p>{text.choose}</p>
      <Field
        {...{ label: text.password, name: 'password', type: 'password', autocomplete: 'new-password' }}
        required
        note={text.passwordNote}
        problem={problem}
      />
      {error !== null && problem === null && (
        <p class="problem" role="alert">
          {sentenceOf(error)}
        </p>
      )}
      <button type="submit" class="primary" disabled={isBusy}>
        {text.save}
      </button>
    </form>
  );
}
