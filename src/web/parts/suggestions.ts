/** What the shop suggests for what somebody types: asked for after a pause, one question at a time. */
import { useEffect, useState } from 'preact/hooks';
import { get } from '../api.ts';

export interface Suggestion {
  readonly text: string;
  /** A newer server may know others. */
  readonly kind: 'query' | 'product' | 'brand' | 'category' | (string & {});
  readonly productId?: string;
}

const pauseMs = 120;
const itemsMax = 8;
const nothing: readonly Suggestion[] = [];

/** `typed` null: nobody types. Until the next answer the last one stays; what fails suggests nothing. */
export function useSuggestions(typed: string | null): readonly Suggestion[] {
  const [items, setItems] = useState(nothing);
  const q = typed?.trim() ?? '';
  useEffect(() => {
    if (q === '') {
      setItems(nothing);
      return;
    }
    const abort = new AbortController();
    const timer = setTimeout(async () => {
      const path = `/v1/suggest?q=${encodeURIComponent(q)}&limit=${itemsMax}`;
      const found = await get<{ items: readonly Suggestion[] }>(path, abort.signal).catch(() => null);
      if (!abort.signal.aborted) setItems(found?.items ?? nothing);
    }, pauseMs);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [q]);
  return q === '' ? nothing : items;
}

/** Where it leads. */
export function hrefOf({ kind, text, productId }: Suggestion): string {
  if (kind === 'product' && productId !== undefined) return `/products/${productId}`;
  if (kind === 'brand') return `/search?brand=${encodeURIComponent(text)}`;
  return `/search?q=${encodeURIComponent(text.trim())}`;
}
