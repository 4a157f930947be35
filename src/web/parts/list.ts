/** A list of the API: its first page, and the next ones as they are asked for. */
import { useState } from 'preact/hooks';
import { get } from '../api.ts';
import { useLoaded } from './loaded.ts';

interface ListPage<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}

export interface List<Item> {
  /** null: not read yet. */
  readonly items: readonly Item[] | null;
  readonly error: unknown;
  readonly reload: () => void;
  /** null: there is no more. */
  readonly more: (() => void) | null;
  readonly isBusy: boolean;
}

/** `query` begins with `?`; `key` also changes with whoever reads it. */
export function useList<Item>(path: string, query: string, key = ''): List<Item> {
  const first = useLoaded(`${path}${query}${key}`, (signal) => get<ListPage<Item>>(path + query, signal));
  const [rest, setRest] = useState<{ of: ListPage<Item> | null; pages: readonly ListPage<Item>[] }>({
    ...{ of: null, pages: [] },
  });
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  // Later pages belong to the first one they follow.
  const pages = first.value === null ? [] : [first.value, ...(rest.of === first.value ? rest.pages : [])];
  const cursor = pages.at(-1)?.nextCursor ?? null;
  const readMore = async () => {
    setBusy(true);
    setError(null);
    try {
      const page = await get<ListPage<Item>>(`${path}${query}&cursor=${encodeURIComponent(cursor!)}`);
      setRest({ of: first.value, pages: [...pages.slice(1), page] });
    } catch (reason) {
      setError(reason);
    } finally {
      setBusy(false);
    }
  };
  return {
    items: first.value === null ? null : pages.flatMap(({ items }) => items),
    error: first.error ?? error,
    reload: first.reload,
    more: cursor === null ? null : () => void readMore(),
    isBusy,
  };
}
