/** Sellers: who waits to be verified, and who may sell. */
import type { Seller } from '../../market/sellers/schemas.ts';
import { call } from '../api.ts';
import { date } from '../format.ts';
import { countryName } from '../parts/countries.ts';
import { useList } from '../parts/list.ts';
import { adminWords } from '../words-admin.ts';
import { Decision, type Question, Said, useDeciding } from './admin/deciding.tsx';
import { ChosenFilter, FilterForm, filtersOf, queryOf, TypedFilter } from './admin/filters.tsx';
import { AdminFrame } from './admin/frame.tsx';
import { ListTable } from './admin/table.tsx';

const text = adminWords.sellers;
const path = '/v1/admin/sellers';

type Verb = 'verify' | 'suspend' | 'reinstate';

export default function AdminSellersPage() {
  return (
    <AdminFrame heading={text.title}>
      <Sellers />
    </AdminFrame>
  );
}

const nameOf = ({ application, name, email, sellerId }: Seller): string =>
  application?.legalName ?? name ?? email ?? sellerId;

function Sellers() {
  const list = useList<Seller>(path, queryOf(filtersOf(['q', 'state'])));
  const { asked, said, ask, deciding } = useDeciding<Question>(list.reload);
  return (
    <>
      <FilterForm label={text.title}>
        <TypedFilter label={adminWords.list.search} name="q" note={adminWords.list.searchNote} />
        <ChosenFilter label={text.state} name="state" options={Object.entries(text.states)} />
      </FilterForm>
      <Said said={said} />
      <ListTable
        label={text.title}
        heads={[text.seller, text.state, text.application, text.actions]}
        list={list}
        empty={adminWords.list.none}
        rowOf={(seller) => ({
          key: seller.sellerId,
          kind: seller.status,
          cells: [
            <span key="who" class="who-cell">
              <strong>{seller.name}</strong>
              <span class="quiet">{seller.email}</span>
            </span>,
            <State key="state" seller={seller} />,
            <Application key="application" seller={seller} />,
            <Actions key="actions" seller={seller} onAsk={(verb, of) => ask(questionOf(verb, of))} />,
          ],
        })}
      />
      {asked !== null && <Decision question={asked} {...deciding} />}
    </>
  );
}

function State({ seller: { status, suspension, verifiedAt, application } }: { readonly seller: Seller }) {
  if (status === 'suspended' && suspension !== null)
    return (
      <span class="state suspended told">{text.suspendedSince(date(suspension.at), suspension.reason)}</span>
    );
  if (verifiedAt !== null) return <span class="state good">{text.verifiedSince(date(verifiedAt))}</span>;
  return application === null ? (
    <span class="quiet">{text.selling}</span>
  ) : (
    <span class="state due">{text.states.applied}</span>
  );
}

function Application({ seller: { application } }: { readonly seller: Seller }) {
  if (application === null) return <span class="quiet">{text.notApplied}</span>;
  const { legalName, country, payoutReference, appliedAt } = application;
  return (
    <span class="who-cell">
      <span>
        {legalName}, {countryName(country)}
      </span>
      <code>{payoutReference}</code>
      <span class="quiet">{text.appliedAt(date(appliedAt))}</span>
    </span>
  );
}

interface ActionsProps {
  readonly seller: Seller;
  readonly onAsk: (verb: Verb, seller: Seller) => void;
}

function Actions({ seller, onAsk }: ActionsProps) {
  const { sellerId, application, verified, status } = seller;
  const who = nameOf(seller);
  const verbs: readonly Verb[] = [
    ...(application !== null && !verified ? (['verify'] as const) : []),
    status === 'suspended' ? 'reinstate' : 'suspend',
  ];
  return (
    <span class="buttons">
      {verbs.map((verb) => (
        <button
          key={verb}
          type="button"
          class={verb === 'verify' ? 'ink' : ''}
          aria-haspopup="dialog"
          aria-label={text[`${verb}Of`](who)}
          onClick={() => onAsk(verb, seller)}
        >
          {text[verb]}
        </button>
      ))}
      <a href={`/admin/audit?target=${sellerId}`} aria-label={adminWords.accounts.trailOf(who)}>
        {adminWords.accounts.trail}
      </a>
    </span>
  );
}

function questionOf(verb: Verb, seller: Seller): Question {
  const who = nameOf(seller);
  return {
    ...{ title: `${text[`${verb}Of`](who)}?`, text: text[`${verb}Text`], act: text[verb] },
    ...{ needsReason: verb === 'suspend', done: text.done[verb](who) },
    send: (reason) => call('POST', `${path}/${seller.sellerId}/${verb}`, { body: { reason } }),
  };
}
