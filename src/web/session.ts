/**
 * Who this browser is: an account's or a guest's tokens, the same in every tab. A guest's account is made when somebody
 * joins a line, not before.
 *
 * 1. One renewal at a time over all tabs: a refresh token is used once, and the others read what the first one stored.
 * 2. A refused refresh token ends the session; a server that does not answer does not.
 */
import { computed } from '@preact/signals';
import type { Account } from '../market/accounts/schemas.ts';
import { reread, store, stored } from './stored.ts';

export interface Session {
  readonly accountId: string;
  /** null: a guest. */
  readonly account: Account | null;
  readonly accessToken: string;
  readonly refreshToken: string;
  /** By this browser's clock. */
  readonly renewAtMs: number;
}

interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** Seconds. */
  readonly expiresIn: number;
}

const name = 'session';

export const session = stored<Session>(name);
export const isSignedIn = computed(() => session.value !== null && session.value.account !== null);

export function hasRole(...roles: readonly string[]): boolean {
  return session.value?.account?.roles.some((role) => roles.includes(role)) ?? false;
}

export function keepSession(accountId: string, account: Account | null, tokens: Tokens): Session {
  const { accessToken, refreshToken, expiresIn } = tokens;
  // Well before its end: a live socket lives as long as its token.
  const renewAtMs = Date.now() + Math.max(expiresIn - 60, expiresIn / 2) * 1000;
  const kept: Session = { accountId, account, accessToken, refreshToken, renewAtMs };
  store<Session>(name, kept);
  return kept;
}

/** The tokens stay as they are. */
export function keepAccount(account: Account): void {
  const { value } = session;
  if (value !== null) store<Session>(name, { ...value, account });
}

export function forgetSession(): void {
  store<Session>(name, null);
}

/** null: a stranger. */
export async function accessToken(): Promise<string | null> {
  const { value } = session;
  if (value === null) return null;
  if (Date.now() < value.renewAtMs) return value.accessToken;
  return renew(value.accessToken);
}

/** Another access token than this one, which is no longer good; null when the session has ended. */
export function renew(used: string): Promise<string | null> {
  return exclusively(async () => {
    const { value } = session;
    if (value === null) return null;
    // Another tab was first.
    if (value.accessToken !== used) return value.accessToken;
    const response = await fetch('/v1/auth/refresh', {
      method: 'POST',
      credentials: 'omit',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ refreshToken: value.refreshToken }),
    }).catch(() => null);
    if (response?.ok) {
      const tokens = (await response.json()) as Tokens & { account?: Account };
      return keepSession(value.accountId, tokens.account?.email ? tokens.account : value.account, tokens)
        .accessToken;
    }
    const isRefused = response !== null && [400, 401, 403].includes(response.status);
    if (isRefused) forgetSession();
    return isRefused ? null : value.accessToken;
  });
}

let running: Promise<unknown> = Promise.resolve();

/** One at a time over all tabs, each with what the one before has stored. */
export function exclusively<Result>(task: () => Promise<Result>): Promise<Result> {
  const work = () => {
    reread(name);
    return task();
  };
  if (navigator.locks) return navigator.locks.request('doorbuster:session', work) as Promise<Result>;
  const next = running.then(work, work);
  running = next.catch(() => {});
  return next;
}
