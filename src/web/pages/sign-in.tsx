import { Page } from '../parts/page.tsx';
import { SignInForm } from '../parts/sign-in-form.tsx';
import { address, go } from '../router.ts';
import { words } from '../words.ts';
import { nextOf } from './next.ts';

export default function SignInPage() {
  const next = nextOf(address.value);
  return (
    <Page heading={words.signIn.title} title={`${words.signIn.title} – ${words.brand}`} kind="plain">
      <SignInForm next={next} onDone={() => go(next, true)} />
    </Page>
  );
}
