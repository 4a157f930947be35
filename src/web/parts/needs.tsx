/** A page for people who are signed in, or have a role: others get the form, or a plain sentence, in its place. */
import type { ComponentChildren } from 'preact';
import { hasRole, isSignedIn } from '../session.ts';
import { words } from '../words.ts';
import { Page } from './page.tsx';
import { SignInForm } from './sign-in-form.tsx';

export function Needs({
  roles,
  otherwise,
  children,
}: {
  readonly roles?: readonly string[];
  /** What people without the role can do here all the same. */
  readonly otherwise?: ComponentChildren;
  readonly children: ComponentChildren;
}) {
  if (!isSignedIn.value)
    return (
      <Page heading={words.signIn.title} title={`${words.signIn.title} – ${words.brand}`} kind="plain">
        <p>{words.signIn.needed}</p>
        <SignInForm />
      </Page>
    );
  if (roles && !hasRole(...roles))
    return (
      <Page heading={words.notYours.title} title={`${words.notYours.title} – ${words.brand}`} kind="plain">
        <p>{words.notYours.text}</p>
        <a class="button" href="/drops">
          {words.notYours.next}
        </a>
        {otherwise}
      </Page>
    );
  return <>{children}</>;
}
