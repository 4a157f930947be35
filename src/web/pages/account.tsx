/** Who you are, where you can go, your addresses, your sessions and your data. */
import './account.css';
import { useEffect } from 'preact/hooks';
import type { SavedAddress, Session } from '../../market/accounts/schemas.ts';
import { rereadAccount, signOut } from '../auth.ts';
import { date } from '../format.ts';
import { useList } from '../parts/list.ts';
import { Needs } from '../parts/needs.tsx';
import { Page } from '../parts/page.tsx';
import { go } from '../router.ts';
import { hasRole, session } from '../session.ts';
import { words } from '../words.ts';
import { peopleWords } from '../words-people.ts';
import { Addresses, addressesPath } from './account-addresses.tsx';
import { YourData } from './account-data.tsx';
import { EmailProof } from './account-proof.tsx';
import { Sessions, sessionsPath } from './account-sessions.tsx';

const text = peopleWords.account;

export default function AccountPage() {
  return (
    <Needs>
      <Account />
    </Needs>
  );
}

function Account() {
  const addresses = useList<SavedAddress>(addressesPath, '?limit=100');
  const sessions = useList<Session>(sessionsPath, '?limit=100');
  // Both at once: what comes later would push down what is being read.
  const isReady = [addresses, sessions].every(({ items, error }) => items !== null || error !== null);
  return (
    <Page heading={text.title} title={`${text.title} – ${words.brand}`} kind="account">
      <Who />
      {isReady ? (
        <>
          <Addresses list={addresses} />
          <Sessions list={sessions} />
          <YourData />
        </>
      ) : (
        <div class="skeleton" />
      )}
    </Page>
  );
}

function Who() {
  const account = session.value?.account;
  // Whether the address is confirmed may have changed elsewhere.
  useEffect(() => void rereadAccount().catch(() => {}), []);
  if (!account) return null;
  const leave = async () => {
    await signOut();
    go('/');
  };
  return (
    <div class="who">
      <p>
        <strong>{account.name}</strong>
        <span>{account.email}</span>
        <span class="quiet">
          {[
            account.roles.map((role) => text.roles[role] ?? role).join(', '),
            text.since(date(account.createdAt)),
          ].join(' · ')}
        </span>
      </p>
      <EmailProof isProven={account.emailVerified} />
      <nav class="buttons" aria-label={text.links}>
        <a class="button" href="/orders">
          {text.orders}
        </a>
        {hasRole('operator', 'admin') && (
          <a class="button" href="/ops">
            {text.console}
          </a>
        )}
        {hasRole('seller', 'admin') && (
          <a class="button" href="/sell">
            {text.shop}
          </a>
        )}
        {hasRole('admin') && (
          <a class="button" href="/admin">
            {text.administration}
          </a>
        )}
        <button type="button" onClick={leave}>
          {text.signOut}
        </button>
      </nav>
    </div>
  );
}
