/** What administrators and operators did, and the chain that it stands in. */
import type { AuditAction } from '../../market/audit/schemas.ts';
import { count, none } from '../format.ts';
import { Field } from '../parts/field.tsx';
import { useList } from '../parts/list.ts';
import { address } from '../router.ts';
import { session } from '../session.ts';
import { adminWords } from '../words-admin.ts';
import {
  ChosenFilter,
  FilterForm,
  type Filters,
  filtersOf,
  queryOf,
  setFilter,
  TypedFilter,
} from './admin/filters.tsx';
import { AdminFrame } from './admin/frame.tsx';
import { ListTable } from './admin/table.tsx';

const text = adminWords.audit;

export default function AdminAuditPage() {
  return (
    <AdminFrame heading={text.title}>
      <Trail />
    </AdminFrame>
  );
}

/** The day in the address begins at its midnight, UTC. */
function asked({ from, ...filters }: Filters): Filters {
  return from === undefined ? filters : { ...filters, from: `${from}T00:00:00Z` };
}

function Trail() {
  const filters = filtersOf(['actor', 'action', 'target', 'from']);
  const list = useList<AuditAction>('/v1/admin/audit', queryOf(asked(filters), 50));
  return (
    <>
      <FilterForm label={text.title}>
        <ChosenFilter label={text.action} name="action" options={Object.entries(text.names)} />
        <TypedFilter label={text.actor} name="actor" />
        <TypedFilter label={text.targetId} name="target" />
        <Field
          {...{ label: text.from, name: 'from', type: 'date' }}
          value={address.value.searchParams.get('from') ?? ''}
          onInput={(day) => setFilter('from', day)}
        />
      </FilterForm>
      <p class="quiet">{text.note}</p>
      <ListTable
        label={text.title}
        heads={[text.when, text.who, text.what, text.target, text.reason, text.chain]}
        list={list}
        empty={text.emptyText}
        rowOf={(action) => ({
          key: action.auditId,
          cells: [
            <time key="when" class="when" dateTime={action.at}>
              {action.at.slice(0, 19).replace('T', ' ')}
            </time>,
            whoOf(action),
            <What key="what" action={action} />,
            <a key="target" href={`/admin/audit?target=${encodeURIComponent(action.target)}`} class="id">
              {action.target}
            </a>,
            action.reason ?? none,
            <Link key="link" action={action} />,
          ],
        })}
      />
    </>
  );
}

function whoOf({ actor: { accountId, role } }: AuditAction) {
  const name = text.roles[role] ?? role;
  if (accountId === null) return text.server;
  const shown = accountId === session.value?.accountId ? text.you : text.roleOf(name, accountId.slice(-6));
  return <a href={`/admin/audit?actor=${accountId}`}>{shown}</a>;
}

function What({ action: { action, details } }: { readonly action: AuditAction }) {
  const more = Object.entries(details ?? {}).map(([name, value]) => `${name}: ${written(value)}`);
  return (
    <span class="who-cell">
      <span>{text.names[action] ?? action}</span>
      {more.length > 0 && <span class="quiet">{more.join(', ')}</span>}
    </span>
  );
}

function written(value: unknown): string {
  if (Array.isArray(value)) return value.join(', ');
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([name, each]) => `${name} ${written(each)}`)
    .join(', ');
}

function Link({ action: { seq, hash, previousHash } }: { readonly action: AuditAction }) {
  return (
    <details class="chain-link">
      <summary>{text.link(count(seq))}</summary>
      <dl>
        <dt>{text.hash}</dt>
        <dd>{hash}</dd>
        <dt>{text.previous}</dt>
        <dd>{previousHash ?? text.first}</dd>
      </dl>
    </details>
  );
}
