/** Who else can sign somebody in, and why the last try by one of them failed. Nothing where none is configured. */
import { noteLeaving, providerProblem, readProviders, startHref } from '../providers.ts';
import { identityWords } from '../words-identity.ts';
import { useLoaded } from './loaded.ts';

const text = identityWords.signIn;

export function Providers({ returnTo }: { readonly returnTo: string }) {
  const { value } = useLoaded('providers', readProviders);
  const problem = providerProblem.value;
  return (
    <>
      {problem !== null && (
        <p class="problem" role="alert">
          {text.problems[problem] ?? text.problems.sign_in_failed}
        </p>
      )}
      {value !== null && value.items.length > 0 && (
        <div class="buttons">
          {value.items.map(({ provider, name, startUrl }) => (
            <a key={provider} class="button" href={startHref(startUrl, returnTo)} onClick={noteLeaving}>
              {text.with(name)}
            </a>
          ))}
        </div>
      )}
    </>
  );
}
