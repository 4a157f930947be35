/**
 * Links that are mailed: whoever opens one reads what is sent to the address.
 *
 * 1. A link works once, for `linkMinutes`, and only the newest of a purpose: asking again ends those before.
 * 2. The table has its hash. The link itself is in the mail alone, which is forgotten once it is delivered.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Query } from '../../persistence/database.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { type Mail, sendMail, sendNobody } from '../mail/store.ts';

type Purpose = 'verify' | 'reset';

const linkMinutes = 30;
/** A link fits into a line of a mail, which then goes as it is: 76 characters. */
const tokenBytes = 24;

const hashOf = (token: string) => createHash('sha256').update(token).digest();
const invalidLink = () =>
  new DoorbusterError('link_invalid', 'The link was used, or has expired: ask for a new one');

async function mintLink(query: Query, accountId: string | null, purpose: Purpose): Promise<string> {
  const token = randomBytes(tokenBytes).toString('base64url');
  await query(`DELETE FROM account_links WHERE expires_at < now() OR (account_id = $1 AND purpose = $2)`, [
    accountId,
    purpose,
  ]);
  await query(
    `INSERT INTO account_links (token_hash, account_id, purpose, expires_at)
     VALUES ($1, $2, $3, now() + make_interval(mins => $4))`,
    [hashOf(token), accountId, purpose, linkMinutes],
  );
  return token;
}

/** Whose link it is, without using it. Refuses with `link_invalid`. */
export async function readLink(query: Query, token: string, purpose: Purpose): Promise<string> {
  const [row] = await query<{ account_id: string }>(
    `SELECT account_id FROM account_links
     WHERE token_hash = $1 AND purpose = $2 AND expires_at > now() AND account_id IS NOT NULL`,
    [hashOf(token), purpose],
  );
  if (!row) throw invalidLink();
  return row.account_id;
}

/** The same, and from now on it is used. */
export async function useLink(query: Query, token: string, purpose: Purpose): Promise<string> {
  const [row] = await query<{ account_id: string }>(
    `DELETE FROM account_links
     WHERE token_hash = $1 AND purpose = $2 AND expires_at > now() AND account_id IS NOT NULL RETURNING account_id`,
    [hashOf(token), purpose],
  );
  if (!row) throw invalidLink();
  return row.account_id;
}

// ---------------------------------------------------------------- mails

interface Addressed {
  readonly accountId: string;
  readonly email: string;
}

/** Inside the transaction in which the account came to be, or later when its owner asks. */
export async function mailVerification(
  query: Query,
  { accountId, email }: Addressed,
  publicUrl: string,
): Promise<void> {
  const link = `${publicUrl}/verify?token=${await mintLink(query, accountId, 'verify')}`;
  await sendMail(query, { to: email, ...verification(link) });
}

/** The same work for an address that has no account: whoever asks learns nothing by its time either. */
export async function mailReset(
  query: Query,
  email: string,
  account: Addressed | null,
  publicUrl: string,
): Promise<void> {
  const link = `${publicUrl}/reset?token=${await mintLink(query, account?.accountId ?? null, 'reset')}`;
  if (account === null) await sendNobody(query, email, 'password-reset');
  else await sendMail(query, { to: account.email, ...reset(link) });
}

type Text = Omit<Mail, 'to'>;

function verification(link: string): Text {
  return {
    kind: 'verification',
    subject: 'Confirm your e-mail address',
    text: `Welcome to Doorbuster.

Confirm that this address is yours: open this link within ${linkMinutes} minutes.

${link}

If you did not open an account, ignore this mail: without the link nobody
can confirm it.
`,
  };
}

function reset(link: string): Text {
  return {
    kind: 'password-reset',
    subject: 'Choose a new password',
    text: `Somebody, you we hope, asked for a new password for your account at
Doorbuster.

Choose one: open this link within ${linkMinutes} minutes. It ends every session of the
account.

${link}

If it was not you, ignore this mail: your password stays as it is.
`,
  };
}

/** To whoever had the password until now. */
export function passwordChanged(publicUrl: string): Text {
  return {
    kind: 'notice',
    subject: 'Your password was changed',
    text: `The password of your account at Doorbuster was changed, and every session
has ended.

If it was not you, choose a new one at once:

${publicUrl}/reset
`,
  };
}
