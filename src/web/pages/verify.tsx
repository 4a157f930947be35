/** Confirming an address: the link in the mail leads here, and opening it is all there is to do. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, call } from '../api.ts';
import { rereadAccount } from '../auth.ts';
import { Page } from '../parts/page.tsx';
import { sentenceOf } from '../parts/trouble.tsx';
import { isSignedIn } from '../session.ts';
import { words } from '../words.ts';
import { identityWords } from '../words-identity.ts';
import { useLinkToken } from './link-token.ts';

const text = identityWords.verify;

type State = 'working' | 'done' | { readonly error: unknown };

export default function VerifyPage() {
  const token = useLinkToken();
  const [state, setState] = useState<State>('working');
  const isAsked = useRef(false);
  const confirm = async () => {
    setState('working');
    try {
      if (token === null) throw null;
      await call('POST', '/v1/auth/verify-email', { body: { token }, token: null });
      setState('done');
      if (isSignedIn.value) await rereadAccount().catch(() => {});
    } catch (error) {
      setState({ error });
    }
  };
  // A link works once: it is used once.
  useEffect(() => {
    if (!isAsked.current) void confirm();
    isAsked.current = true;
  }, []);
  const heading = state === 'working' ? text.working : state === 'done' ? text.title : text.failed;
  const problem = typeof state === 'object' ? problemOf(state.error) : null;
  const isPassing = typeof state === 'object' && state.error instanceof ApiError && state.error.isPassing;
  return (
    <Page key={heading} heading={heading} title={`${heading} – ${words.brand}`} kind="plain">
      {state === 'done' && <p role="status">{text.text}</p>}
      {problem !== null && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      {isPassing && (
        <button type="button" onClick={confirm}>
          {text.retry}
        </button>
      )}
      <a class="button" href="/account">
        {text.toAccount}
      </a>
    </Page>
  );
}

function problemOf(error: unknown): string {
  if (error === null) return text.noLink;
  return error instanceof ApiError && error.code === 'link_invalid' ? text.invalid : sentenceOf(error);
}
