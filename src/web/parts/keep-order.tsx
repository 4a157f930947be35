/** For a guest whose order only this browser knows: an account is made of the guest, and everything stays. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from '../api.ts';
import { register } from '../auth.ts';
import { session } from '../session.ts';
import { words } from '../words.ts';
import { Field } from './field.tsx';
import { fieldProblemsOf, noProblems, useFocusOnProblem } from './field-problems.ts';
import { sentenceOf } from './trouble.tsx';

/** `name`: of whom the account is; the address of the order says it. Nothing is shown to who has an account. */
export function KeepOrder({ name }: { readonly name?: string | undefined }) {
  const [keptFor, setKeptFor] = useState<string | null>(null);
  const text = words.keepOrder;
  // The form is gone, and with it the button that had the focus.
  const notice = useRef<HTMLParagraphElement>(null);
  useEffect(() => notice.current?.focus({ preventScroll: true }), [keptFor]);
  if (keptFor !== null)
    return (
      <p class="notice good" role="status" tabIndex={-1} ref={notice}>
        {text.kept(keptFor)}
      </p>
    );
  if (session.value === null || session.value.account !== null) return null;
  return <KeepOrderForm name={name} onKept={setKeptFor} />;
}

function KeepOrderForm({
  name,
  onKept,
}: {
  readonly name: string | undefined;
  readonly onKept: (email: string) => void;
}) {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const form = useFocusOnProblem(error);
  const text = words.keepOrder;
  const problems = error === null ? noProblems : fieldProblemsOf(error);
  const isTaken = error instanceof ApiError && error.code === 'email_taken';
  const emailProblem = isTaken ? text.taken : problems['/email'];
  const passwordProblem = problems['/password'];
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    const email = String(fields.get('email'));
    setBusy(true);
    setError(null);
    try {
      const password = String(fields.get('password'));
      await register({ email, password, name: name || email.replace(/@.*/, ''), role: 'buyer' });
      onKept(email);
    } catch (reason) {
      setError(reason);
      setBusy(false);
    }
  };
  return (
    <section class="keep-order" id="keep-order">
      <p class="notice">
        <strong>{text.title}</strong>
        <span>{text.text}</span>
      </p>
      <form class="form" aria-label={text.form} onSubmit={submit} ref={form}>
        <Field
          {...{ label: words.signIn.email, name: 'email', type: 'email', autocomplete: 'username' }}
          required
          problem={emailProblem ?? null}
        />
        <Field
          {...{ label: words.signIn.password, name: 'password', type: 'password' }}
          autocomplete="new-password"
          required
          note={text.passwordNote}
          problem={passwordProblem ?? null}
        />
        {error !== null && !emailProblem && !passwordProblem && (
          <p class="problem" role="alert">
            {sentenceOf(error)}
          </p>
        )}
        <button type="submit" disabled={isBusy}>
          {text.submit}
        </button>
      </form>
    </section>
  );
}
