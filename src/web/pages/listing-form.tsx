/** What a form of a listing has besides its fields: what is wrong with them, and whether it is being sent. */
import { useState } from 'preact/hooks';
import { fieldProblemsOf } from '../parts/field-problems.ts';
import { sentenceOf } from '../parts/trouble.tsx';
import { listingWords } from '../words-listing.ts';
import { fieldAt, type ListingProblems } from './listing-draft.ts';

export interface FormState {
  readonly problems: ListingProblems;
  /** What is wrong with none of the fields, or that some are. */
  readonly alert: string | null;
  readonly isBusy: boolean;
  readonly setAlert: (alert: string | null) => void;
  readonly setBusy: (isBusy: boolean) => void;
  /** Before it is sent. False: these problems are in the way. */
  readonly begin: (found: ListingProblems) => boolean;
  /** What the API said, at the fields that it means, or above the buttons. */
  readonly refuse: (error: unknown, found: ListingProblems | null) => void;
  /** The field is other now: its problem is no longer its own. */
  readonly touch: (name: string) => void;
}

export function useFormState(): FormState {
  const [problems, setProblems] = useState<ListingProblems>({});
  const [alert, setAlert] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const mark = (found: ListingProblems) => {
    setProblems(found);
    setAlert(listingWords.correct);
  };
  return {
    ...{ problems, alert, isBusy, setAlert, setBusy },
    begin(found) {
      const isRight = Object.keys(found).length === 0;
      if (isRight) {
        setProblems({});
        setAlert(null);
      } else mark(found);
      return isRight;
    },
    refuse(error, found) {
      if (found === null) setAlert(sentenceOf(error));
      else mark(found);
    },
    touch(name) {
      if (problems[name] !== undefined) setProblems(({ [name]: _, ...others }) => others);
    },
  };
}

/** At the fields that the API means; null: at none of them. `indexOf`: of a variant that was sent, in the form. */
export function problemsIn(error: unknown, indexOf: (sent: number) => number): ListingProblems | null {
  const found = Object.entries(fieldProblemsOf(error)).flatMap(([pointer, message]) => {
    const field = fieldAt(pointer, indexOf);
    return field === null ? [] : [[field, message] as const];
  });
  return found.length === 0 ? null : Object.fromEntries(found);
}

export function Alert({ text }: { readonly text: string | null }) {
  if (text === null) return null;
  return (
    <p class="problem" role="alert">
      {text}
    </p>
  );
}
