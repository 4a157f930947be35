/** Becoming somebody: a guest at the press of a button, an account by signing in or registering. */
import type { Account, SignIn } from '../market/accounts/schemas.ts';
import { call } from './api.ts';
import { exclusively, forgetSession, keepAccount, keepSession, session } from './session.ts';

interface Guest {
  readonly accountId: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly expiresIn: number;
}

/** Makes a guest's account unless there is a session. */
export async function ensureSomebody(): Promise<void> {
  if (session.value !== null) return;
  await exclusively(async () => {
    // Another tab was faster: its guest is this one, too.
    if (session.value !== null) return;
    const { body } = await call<Guest>('POST', '/v1/auth/guest', { token: null });
    keepSession(body.accountId, null, body);
  });
}

/** Whoever was a guest brings along what the guest has. */
export async function signIn(email: string, password: string): Promise<Account> {
  const before = session.value;
  const guestToken = before !== null && before.account === null ? { guestToken: before.accessToken } : {};
  const { body } = await call<SignIn>('POST', '/v1/auth/login', {
    body: { email, password, ...guestToken },
    token: null,
  });
  keepSession(body.account.accountId, body.account, body);
  return body.account;
}

/** A guest becomes the account and keeps everything, a place in line above all. */
export async function register(fields: {
  readonly email: string;
  readonly password: string;
  readonly name: string;
  readonly role: 'buyer' | 'seller';
}): Promise<Account> {
  const { body } = await call<SignIn>('POST', '/v1/auth/register', { body: fields });
  keepSession(body.account.accountId, body.account, body);
  return body.account;
}

export async function signOut(): Promise<void> {
  const { value } = session;
  if (value === null) return;
  // Forgotten here also when the server does not answer.
  await call('POST', '/v1/auth/logout', { body: { refreshToken: value.refreshToken } }).catch(() => {});
  forgetSession();
}

/** What the server says of the account now, such as that its address is confirmed. */
export async function rereadAccount(): Promise<void> {
  const { body } = await call<Account>('GET', '/v1/me');
  const { value } = session;
  if (value?.accountId === body.accountId && value.account !== null) keepAccount(body);
}
