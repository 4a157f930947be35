/** The form "Sign in", on its page and in place of a page that needs an account. */
import { useState } from 'preact/hooks';
import { ApiError } from '../api.ts';
import { signIn } from '../auth.ts';
import { path } from '../router.ts';
import { words } from '../words.ts';
import { identityWords } from '../words-identity.ts';
import { Field } from './field.tsx';
import { Providers } from './providers.tsx';
import { sentenceOf } from './trouble.tsx';

export function SignInForm({ onDone, next }: { readonly onDone?: () => void; readonly next?: string }) {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    setBusy(true);
    setProblem(null);
    try {
      await signIn(String(fields.get('email')), String(fields.get('password')));
      onDone?.();
    } catch (error) {
      const isWrong = error instanceof ApiError && error.code === 'invalid_credentials';
      setProblem(isWrong ? words.signIn.wrong : sentenceOf(error));
    } finally {
      setBusy(false);
    }
  };
  const where = encodeURIComponent(next ?? path.value);
  return (
    <form class="form narrow" onSubmit={submit} aria-label={words.signIn.title}>
      <Field label={words.signIn.email} name="email" type="email" autocomplete="username" required />
      <Field
        label={words.signIn.password}
        name="password"
        type="password"
        autocomplete="current-password"
        required
      />
      {problem !== null && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      <button type="submit" class="primary" disabled={isBusy}>
        {words.signIn.submit}
      </button>
      <p class="ways">
        <a href="/reset">{identityWords.signIn.forgot}</a>
        <a href={`/register?next=${where}`}>{words.signIn.create}</a>
      </p>
      <Providers returnTo={next ?? path.value} />
    </form>
  );
}
