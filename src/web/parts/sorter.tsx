/** The order of a list, as a form: it works without its script, which sends it by itself. */
import './sorter.css';
import { useId } from 'preact/hooks';
import { shopWords } from '../words-shop.ts';

const text = shopWords.search;

interface SorterProps {
  /** Of the page. */
  readonly action: string;
  /** What else the address says. */
  readonly kept: readonly (readonly [name: string, value: string])[];
  readonly sorts: readonly string[];
  readonly value: string;
  readonly onSort: (sort: string) => void;
}

export function Sorter({ action, kept, sorts, value, onSort }: SorterProps) {
  const id = useId();
  return (
    <form class="sorter" action={action}>
      {kept.map(([name, kept], index) => (
        <input key={`${index} ${name}`} type="hidden" name={name} value={kept} />
      ))}
      <label for={id}>{text.sort}</label>
      <select
        id={id}
        name="sort"
        // An option that is `selected` says it without a script, too.
        onChange={(event) => onSort(event.currentTarget.value)}
      >
        {sorts.map((sort) => (
          <option key={sort} value={sort} selected={sort === value}>
            {text.sorts[sort] ?? sort}
          </option>
        ))}
      </select>
      <noscript>
        <button type="submit">{text.apply}</button>
      </noscript>
    </form>
  );
}
