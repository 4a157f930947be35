/** Accounts: finding one, its roles, and whether it may sign in. */
import { useState } from 'preact/hooks';
import type { ManagedAccount } from '../../market/accounts/schemas.ts';
import { call } from '../api.ts';
import { shortDay } from '../format.ts';
import { useList } from '../parts/list.ts';
import { adminWords } from '../words-admin.ts';
import { Decision, type Question, Said, useDeciding } from './admin/deciding.tsx';
import { ChosenFilter, FilterForm, filtersOf, queryOf, TypedFilter } from './admin/filters.tsx';
import { AdminFrame } from './admin/frame.tsx';
import { ListTable } from './admin/table.tsx';

const text = adminWords.accounts;
const path = '/v1/admin/accounts';

export default function AdminAccountsPage() {
  return (
    <AdminFrame heading={text.title}>
      <Accounts />
    </AdminFrame>
  );
}

const nameOf = ({ name, email, accountId }: ManagedAccount): string =>
  name ?? email ?? `…${accountId.slice(-6)}`;

interface Asked {
  readonly what: 'roles' | 'status';
  readonly account: ManagedAccount;
}

function Accounts() {
  const list = useList<ManagedAccount>(path, queryOf(filtersOf(['q', 'role', 'status'])));
  const { asked, said, ask, deciding } = useDeciding<Asked>(list.reload);
  return (
    <>
      <FilterForm label={text.title}>
        <TypedFilter label={adminWords.list.search} name="q" note={adminWords.list.searchNote} />
        <ChosenFilter label={text.role} name="role" options={Object.entries(text.roleNames)} />
        <ChosenFilter label={text.status} name="status" options={Object.entries(text.statuses)} />
      </FilterForm>
      <Said said={said} />
      <ListTable
        label={text.title}
        heads={[text.account, text.roles, text.status, text.since, text.actions]}
        list={list}
        empty={adminWords.list.none}
        rowOf={(account) => ({
          key: account.accountId,
          kind: account.status,
          cells: [
            <Who key="who" account={account} />,
            account.roles.map((role) => text.roleNames[role] ?? role).join(', '),
            <span key="status" class={`state ${account.status}`}>
              {text.statuses[account.status] ?? account.status}
            </span>,
            <span key="since" class="when">
              {shortDay(account.createdAt)}
            </span>,
            <Actions key="actions" account={account} onAsk={(what, of) => ask({ what, account: of })} />,
          ],
        })}
      />
      {asked?.what === 'roles' && <RolesDecision account={asked.account} {...deciding} />}
      {asked?.what === 'status' && <Decision question={statusQuestion(asked.account)} {...deciding} />}
    </>
  );
}

function Who({ account }: { readonly account: ManagedAccount }) {
  return (
    <span class="who-cell">
      <strong>{account.name ?? text.noName}</strong>
      <span class="quiet">{account.email ?? account.accountId}</span>
    </span>
  );
}

interface ActionsProps {
  readonly account: ManagedAccount;
  readonly onAsk: (what: 'roles' | 'status', account: ManagedAccount) => void;
}

function Actions({ account, onAsk }: ActionsProps) {
  const who = nameOf(account);
  const isSuspended = account.status === 'suspended';
  return (
    <span class="buttons">
      {!account.roles.includes('guest') && (
        <button
          type="button"
          aria-haspopup="dialog"
          aria-label={text.changeOf(who)}
          onClick={() => onAsk('roles', account)}
        >
          {text.change}
        </button>
      )}
      <button
        type="button"
        aria-haspopup="dialog"
        aria-label={isSuspended ? text.reinstateOf(who) : text.suspendOf(who)}
        onClick={() => onAsk('status', account)}
      >
        {isSuspended ? text.reinstate : text.suspend}
      </button>
      <a href={`/admin/audit?target=${account.accountId}`} aria-label={text.trailOf(who)}>
        {text.trail}
      </a>
    </span>
  );
}

function statusQuestion(account: ManagedAccount): Question {
  const who = nameOf(account);
  const send = (status: string) => (reason: string | undefined) =>
    call('PATCH', `${path}/${account.accountId}`, { body: { status, reason } });
  if (account.status === 'suspended')
    return {
      ...{ title: `${text.reinstateOf(who)}?`, text: text.reinstateText, act: text.reinstate },
      ...{ needsReason: false, done: text.done.reinstated(who), send: send('active') },
    };
  return {
    ...{ title: `${text.suspendOf(who)}?`, text: text.suspendText, act: text.suspend },
    ...{ needsReason: true, done: text.done.suspended(who), send: send('suspended') },
  };
}

interface RolesDecisionProps {
  readonly account: ManagedAccount;
  readonly onDone: (said: string) => void;
  readonly onClose: () => void;
  readonly onAnswer: () => void;
}

const givable = ['buyer', 'seller', 'operator', 'admin'];

function RolesDecision({ account, ...deciding }: RolesDecisionProps) {
  const who = nameOf(account);
  const [roles, setRoles] = useState<readonly string[]>(account.roles);
  const toggle = (role: string, isOn: boolean) =>
    setRoles(givable.filter((each) => (each === role ? isOn : roles.includes(each))));
  const question: Question = {
    ...{ title: text.changeOf(who), text: text.changeText, act: text.save, needsReason: false },
    done: text.done.roles(who),
    problem: roles.length === 0 ? text.needsRole : null,
    fields: (
      <fieldset class="roles">
        <legend>{text.roles}</legend>
        {givable.map((role) => (
          <label key={role} class="choice">
            <input
              type="checkbox"
              name={role}
              checked={roles.includes(role)}
              onChange={(event) => toggle(role, event.currentTarget.checked)}
            />
            {text.roleNames[role]}
          </label>
        ))}
      </fieldset>
    ),
    send: (reason) => call('PATCH', `${path}/${account.accountId}`, { body: { roles, reason } }),
  };
  return <Decision question={question} {...deciding} />;
}
