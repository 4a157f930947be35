import { Page } from '../parts/page.tsx';
import { SignInForm } from '../parts/sign-in-form.tsx';
import { address, go } from '../router.ts';
import { words } from '../words.ts';

/** Where to go afterwards: only a path of this shop. */
export function nextOf({ searchParams }: URL): string {
  const next = searchParams.get('next') ?? '/';
  return /^\/(?!\/|\\)/.test(next) ? next : '/';
}

export default function SignInPage() {
  const next = nextOf(address.value);
  return (
    <Page heading={words.signIn.title} title={`${words.signIn.title} – ${words.brand}`} kind="plain">
      <SignInForm next={next} onDone={() => go(next, true)} />
    </Page>
  );
}
