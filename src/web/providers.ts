/**
 * Signing in by another provider: the browser leaves by a link and comes back with its tokens, or with what went wrong,
 * behind the `#` of whatever page it had left.
 *
 * 1. Tokens are taken only by a tab that had left to fetch some: a link that somebody sends with tokens of theirs signs
 *    nobody in.
 * 2. They are gone from the address, and from the history, before anything else is done.
 */
import { signal } from '@preact/signals';
import type { Account, OidcProviders } from '../market/accounts/schemas.ts';
import { call, get } from './api.ts';
import { go, path } from './router.ts';
import { keepSession } from './session.ts';

const mark = 'doorbuster:oidc';
const awayMsMax = 15 * 60_000;

/** Why the last way back brought no session; null: there was none, or it did. */
export const providerProblem = signal<string | null>(null);

export function readProviders(abort: AbortSignal): Promise<OidcProviders> {
  return get<OidcProviders>('/v1/auth/oidc', abort);
}

export function startHref(startUrl: string, returnTo: string): string {
  return `${startUrl}?returnTo=${encodeURIComponent(returnTo)}`;
}

/** At the press of the button. */
export function noteLeaving(): void {
  providerProblem.value = null;
  try {
    sessionStorage.setItem(mark, String(Date.now()));
  } catch {
    // Without storage there is no way back, which the page then says.
  }
}

function hasLeft(): boolean {
  try {
    const at = Number(sessionStorage.getItem(mark) ?? Number.NaN);
    sessionStorage.removeItem(mark);
    return Date.now() - at < awayMsMax;
  } catch {
    return false;
  }
}

/** At the beginning of every visit. */
export async function comeBack(): Promise<void> {
  const brought = new URLSearchParams(location.hash.slice(1));
  const [accessToken, refreshToken] = [brought.get('accessToken'), brought.get('refreshToken')];
  const error = brought.get('error');
  if (error === null && (accessToken === null || refreshToken === null)) return;
  const isOurs = hasLeft();
  go(location.pathname + location.search, true);
  if (!isOurs) return;
  if (error === null) {
    try {
      const { body } = await call<Account>('GET', '/v1/me', { token: accessToken });
      const tokens = { accessToken: accessToken!, refreshToken: refreshToken! };
      keepSession(body.accountId, body, { ...tokens, expiresIn: Number(brought.get('expiresIn')) });
      return;
    } catch {
      // Said like any other way that did not work.
    }
  }
  providerProblem.value = error ?? 'sign_in_failed';
  go(`/signin?next=${encodeURIComponent(path.value)}`, true);
}
