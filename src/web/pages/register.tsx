/** An account for a stranger, or of the guest who this browser is: a guest keeps everything. */
import { useState } from 'preact/hooks';
import { ApiError } from '../api.ts';
import { register } from '../auth.ts';
import { Choice } from '../parts/choice.tsx';
import { Field } from '../parts/field.tsx';
import { fieldProblemsOf, useFocusOnProblem } from '../parts/field-problems.ts';
import { Page } from '../parts/page.tsx';
import { sentenceOf } from '../parts/trouble.tsx';
import { address, go } from '../router.ts';
import { isSignedIn, session } from '../session.ts';
import { words } from '../words.ts';
import { peopleWords } from '../words-people.ts';
import { nextOf } from './next.ts';

const text = peopleWords.register;

export default function RegisterPage() {
  const next = nextOf(address.value);
  // Whoever has just registered here is on the way to `next`.
  const [wasSignedIn] = useState(isSignedIn.value);
  return (
    <Page heading={text.title} title={`${text.title} – ${words.brand}`} kind="plain">
      {wasSignedIn ? (
        <>
          <p>{text.already(session.value?.account?.email ?? '')}</p>
          <a class="button" href="/account">
            {text.toAccount}
          </a>
        </>
      ) : (
        <RegisterForm next={next} />
      )}
    </Page>
  );
}

function RegisterForm({ next }: { readonly next: string }) {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [role, setRole] = useState<'buyer' | 'seller'>(next.startsWith('/sell') ? 'seller' : 'buyer');
  const form = useFocusOnProblem(error);
  const problems = fieldProblemsOf(error);
  const isTaken = error instanceof ApiError && error.code === 'email_taken';
  const isAtField = isTaken || ['/name', '/email', '/password'].some((pointer) => problems[pointer]);
  const isGuest = session.value !== null;
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    const of = (name: string) => String(fields.get(name));
    setBusy(true);
    setError(null);
    try {
      await register({ email: of('email').trim(), password: of('password'), name: of('name').trim(), role });
      go(next, true);
    } catch (reason) {
      setError(reason);
      setBusy(false);
    }
  };
  return (
    <form class="form narrow" onSubmit={submit} aria-label={text.title} ref={form}>
      {isGuest && <p class="notice">{text.guest}</p>}
      <Field
        {...{ label: text.name, name: 'name', autocomplete: 'name', maxLength: 100 }}
        required
        problem={problems['/name'] ?? null}
      />
      <Field
        {...{ label: text.email, name: 'email', type: 'email', autocomplete: 'username' }}
        required
        problem={isTaken ? text.taken : (problems['/email'] ?? null)}
      />
      <Field
        {...{ label: text.password, name: 'password', type: 'password', autocomplete: 'new-password' }}
        required
        note={text.passwordNote}
        problem={problems['/password'] ?? null}
      />
      <Choice
        label={text.kind}
        name="role"
        value={role}
        onChange={setRole}
        options={[
          { value: 'buyer', text: text.buyer },
          { value: 'seller', text: text.seller },
        ]}
      />
      {error !== null && !isAtField && (
        <p class="problem" role="alert">
          {sentenceOf(error)}
        </p>
      )}
      <button type="submit" class="primary" disabled={isBusy}>
        {text.submit}
      </button>
      <p>
        <a href={`/signin?next=${encodeURIComponent(next)}`}>{text.signIn}</a>
      </p>
    </form>
  );
}
