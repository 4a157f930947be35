/** Doing something to a drop: one thing at a time, and what came of it in a plain sentence. */
import { useState } from 'preact/hooks';
import { ApiError } from '../api.ts';
import { sentenceOf } from '../parts/trouble.tsx';
import { opsWords } from '../words-ops.ts';

export interface Acting {
  readonly isBusy: boolean;
  readonly problem: string | null;
  readonly done: string | null;
  /** Whether it was done. */
  readonly act: (work: () => Promise<unknown>, done: string) => Promise<boolean>;
  readonly say: (said: { readonly problem?: string; readonly done?: string }) => void;
}

/** `onAnswer`: also after a refusal, because what is shown may be the reason for it. */
export function useActing(onAnswer: () => void): Acting {
  const [isBusy, setBusy] = useState(false);
  const [said, setSaid] = useState<{ readonly problem?: string; readonly done?: string }>({});
  const act = async (work: () => Promise<unknown>, done: string) => {
    setBusy(true);
    setSaid({});
    try {
      await work();
      setSaid({ done });
      return true;
    } catch (error) {
      setSaid({ problem: refusalOf(error) });
      return false;
    } finally {
      setBusy(false);
      onAnswer();
    }
  };
  return { isBusy, problem: said.problem ?? null, done: said.done ?? null, act, say: setSaid };
}

function refusalOf(error: unknown): string {
  const { refusals } = opsWords;
  if (!(error instanceof ApiError)) return sentenceOf(error);
  if (error.status === 0) return refusals.unreachable!;
  if (error.status === 503) return refusals.busy!;
  return refusals[error.code] ?? sentenceOf(error);
}
