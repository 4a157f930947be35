/** One set of rules: what it is, and replacing it by what somebody based on that. */
import { useState } from 'preact/hooks';
import { call } from '../../api.ts';
import { type Loaded, useLoaded } from '../../parts/loaded.ts';
import { adminWords } from '../../words-admin.ts';
import { refusalOf } from './deciding.tsx';

export interface RuleSet<Item, Body = unknown>
  extends Loaded<{ readonly items: readonly Item[]; readonly body: Body; readonly etag: string | null }> {
  readonly isBusy: boolean;
  readonly problem: string | null;
  readonly said: string | null;
  /** Whether it was done. */
  readonly replace: (items: readonly Item[]) => Promise<boolean>;
}

interface Shape<Item, Body> {
  /** What is said once it is saved. */
  readonly said?: string;
  /** How the items stand in the body, where it is not `items`. */
  readonly itemsOf?: (body: Body) => readonly Item[];
  readonly bodyOf?: (items: readonly Item[], before: Body) => object;
}

interface Items<Item> {
  readonly items: readonly Item[];
}

export function useRules<Item, Body = Items<Item>>(
  path: string,
  { said: saved = adminWords.rules.saved, ...shape }: Shape<Item, Body> = {},
): RuleSet<Item, Body> {
  const { itemsOf = (body: Body) => (body as Items<Item>).items, bodyOf = (items) => ({ items }) } = shape;
  const loaded = useLoaded(path, async (signal) => {
    const { body, etag } = await call<Body>('GET', path, { signal });
    return { items: itemsOf(body), body, etag };
  });
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [said, setSaid] = useState<string | null>(null);
  const replace = async (items: readonly Item[]) => {
    const before = loaded.value;
    if (before === null) return false;
    const { etag } = before;
    setBusy(true);
    setProblem(null);
    setSaid(null);
    try {
      await call('PUT', path, {
        body: bodyOf(items, before.body),
        ...(etag === null ? {} : { headers: { 'If-Match': etag } }),
      });
      setSaid(saved);
      return true;
    } catch (error) {
      setProblem(refusalOf(error));
      return false;
    } finally {
      setBusy(false);
      loaded.reload();
    }
  };
  return { ...loaded, isBusy, problem, said, replace };
}
