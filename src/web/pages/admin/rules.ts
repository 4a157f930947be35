/** One set of rules: what it is, and replacing it by what somebody based on that. */
import { useState } from 'preact/hooks';
import { call } from '../../api.ts';
import { type Loaded, useLoaded } from '../../parts/loaded.ts';
import { adminWords } from '../../words-admin.ts';
import { refusalOf } from './deciding.tsx';

export interface RuleSet<Item>
  extends Loaded<{ readonly items: readonly Item[]; readonly etag: string | null }> {
  readonly isBusy: boolean;
  readonly problem: string | null;
  readonly said: string | null;
  /** Whether it was done. */
  readonly replace: (items: readonly Item[]) => Promise<boolean>;
}

export function useRules<Item>(path: string): RuleSet<Item> {
  const loaded = useLoaded(path, async (signal) => {
    const { body, etag } = await call<{ items: readonly Item[] }>('GET', path, { signal });
    return { items: body.items, etag };
  });
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [said, setSaid] = useState<string | null>(null);
  const replace = async (items: readonly Item[]) => {
    setBusy(true);
    setProblem(null);
    setSaid(null);
    const etag = loaded.value?.etag ?? null;
    try {
      await call('PUT', path, {
        body: { items },
        ...(etag === null ? {} : { headers: { 'If-Match': etag } }),
      });
      setSaid(adminWords.rules.saved);
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
