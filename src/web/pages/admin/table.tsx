/**
 * A list of the administration as a table; on a phone each row is a card whose cells say what they are. What was shown
 * stays while it is narrowed down.
 */
import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import type { List } from '../../parts/list.ts';
import { Trouble } from '../../parts/trouble.tsx';
import { address, go } from '../../router.ts';
import { adminWords } from '../../words-admin.ts';

interface Row {
  readonly key: string;
  /** The first one names the row. */
  readonly cells: readonly ComponentChildren[];
  readonly kind?: string;
}

interface ListTableProps<Item> {
  readonly label: string;
  readonly heads: readonly string[];
  readonly list: List<Item>;
  readonly rowOf: (item: Item) => Row;
  /** Of a list that nothing narrows down. */
  readonly empty: string;
}

export function ListTable<Item>({ label, heads, list, rowOf, empty }: ListTableProps<Item>) {
  const items = useKept(list.items);
  const text = adminWords.list;
  return (
    <div class="admin-list">
      {list.error !== null && <Trouble error={list.error} onRetry={list.reload} />}
      <p class="quiet" role="status">
        {list.items === null
          ? list.error === null && text.loading
          : list.items.length > 0 && text.count(list.items.length, list.more !== null)}
      </p>
      {items === null && list.error === null && <div class="skeleton" />}
      {list.items?.length === 0 && <Empty text={empty} />}
      {items !== null && items.length > 0 && (
        <table class={`cards ${list.items === null ? 'stale' : ''}`} aria-label={label}>
          <thead>
            <tr>
              {heads.map((head) => (
                <th key={head} scope="col">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {items.map(rowOf).map(({ key, cells: [first, ...others], kind }) => (
              <tr key={key} class={kind ?? ''}>
                <th scope="row">{first}</th>
                {others.map((cell, at) => (
                  <td key={heads[at + 1]} data-head={heads[at + 1]}>
                    {cell}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {list.more !== null && (
        <button type="button" disabled={list.isBusy} onClick={list.more}>
          {text.more}
        </button>
      )}
    </div>
  );
}

/** What was read last, until something else is. */
function useKept<Item>(items: readonly Item[] | null): readonly Item[] | null {
  const kept = useRef(items);
  if (items !== null) kept.current = items;
  return kept.current;
}

function Empty({ text }: { readonly text: string }) {
  const { none, noneText, clear } = adminWords.list;
  const { pathname, search } = address.value;
  if (search === '') return <p>{text}</p>;
  return (
    <section class="empty">
      <h2>{none}</h2>
      <p>{noneText}</p>
      <button type="button" onClick={() => go(pathname, true)}>
        {clear}
      </button>
    </section>
  );
}
