/** All drops, as a timetable. */
import './drops.css';
import type { Sale } from '../../market/sales/schemas.ts';
import { DropRows } from '../parts/drop-rows.tsx';
import { useList } from '../parts/list.ts';
import { Page } from '../parts/page.tsx';
import { sorted } from '../parts/sales.ts';
import { Trouble } from '../parts/trouble.tsx';
import { words } from '../words.ts';
import { peopleWords } from '../words-people.ts';

const text = peopleWords.drops;

export default function Drops() {
  const list = useList<Sale>('/v1/sales', '?limit=50');
  const groups = sorted(list.items ?? []);
  const kinds = [
    ['open', text.open, groups.open],
    ['next', text.next, groups.next],
    ['over', text.over, groups.over],
  ] as const;
  return (
    <Page heading={text.title} title={`${text.tab(groups.open.length)} – ${words.brand}`} kind="drops">
      {list.error !== null && <Trouble error={list.error} onRetry={list.reload} />}
      {list.items?.length === 0 && <p>{peopleWords.home.noDrops}</p>}
      {kinds.map(
        ([id, label, drops]) =>
          drops.length > 0 && (
            <section key={id} aria-labelledby={id}>
              <h2 id={id}>{label}</h2>
              <DropRows drops={drops} label={label} />
            </section>
          ),
      )}
      {list.more !== null && (
        <button type="button" disabled={list.isBusy} onClick={list.more}>
          {text.more}
        </button>
      )}
    </Page>
  );
}
