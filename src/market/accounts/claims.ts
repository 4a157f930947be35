/** What a provider says of somebody, by the rules of our own border: to us another server is a client like any other. */
import { Check } from 'typebox/value';
import { Email, fold, Name } from './schemas.ts';

/** As accounts compare addresses; null when no account could have it. */
export function addressFrom(text: string | null): string | null {
  return text !== null && Check(Email, text) ? fold(text) : null;
}

/** What the account is called. */
export function nameFrom(text: string | null, email: string): string {
  const [local = ''] = email.split('@');
  const names = [text ?? '', local].map((name) => name.trim().slice(0, 100).toWellFormed());
  return names.find((name) => Check(Name, name)) ?? 'Member';
}
