/** A decision: asked about in a dialog, with a reason for the audit trail, and said once it is done. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { ApiError } from '../../api.ts';
import { Dialog } from '../../parts/dialog.tsx';
import { Field } from '../../parts/field.tsx';
import { sentenceOf } from '../../parts/trouble.tsx';
import { adminWords } from '../../words-admin.ts';

const text = adminWords.decision;

export interface Question {
  readonly title: string;
  readonly text: string;
  /** The button that decides. */
  readonly act: string;
  readonly needsReason: boolean;
  /** Besides the reason. */
  readonly fields?: ComponentChildren;
  /** Of the fields: what is wrong with them; null: nothing. */
  readonly problem?: string | null;
  readonly done: string;
  send(reason: string | undefined): Promise<unknown>;
}

interface DecisionProps {
  readonly question: Question;
  readonly onDone: (said: string) => void;
  readonly onClose: () => void;
  /** Also after a refusal: what is shown may be the reason for it. */
  readonly onAnswer: () => void;
}

export function Decision({ question, onDone, onClose, onAnswer }: DecisionProps) {
  const [reason, setReason] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const decide = async () => {
    const given = reason.trim();
    if (question.needsReason && given === '') return setProblem(text.needed);
    if (question.problem) return setProblem(question.problem);
    setBusy(true);
    setProblem(null);
    try {
      await question.send(given === '' ? undefined : given);
      onDone(question.done);
    } catch (error) {
      setProblem(refusalOf(error));
      setBusy(false);
    }
    onAnswer();
  };
  return (
    <Dialog
      {...{ title: question.title, stay: text.cancel, act: question.act, isBusy, problem, onClose }}
      onAct={() => void decide()}
    >
      <p>{question.text}</p>
      {question.fields}
      <Field
        {...{
          label: question.needsReason ? text.reason : text.reasonOptional,
          name: 'reason',
          maxLength: 500,
        }}
        {...{ value: reason, onInput: setReason, autocomplete: 'off', note: text.reasonNote }}
      />
    </Dialog>
  );
}

/** What is being decided on a page, one at a time, and what came of the one before. `onAnswer`: as of a decision. */
export function useDeciding<Asked>(onAnswer: () => void) {
  const [asked, setAsked] = useState<Asked | null>(null);
  const [said, setSaid] = useState<string | null>(null);
  return {
    ...{ asked, said, setSaid },
    ask(next: Asked) {
      setSaid(null);
      setAsked(() => next);
    },
    /** Of the decision that is asked for. */
    deciding: {
      onDone(done: string) {
        setSaid(done);
        setAsked(null);
      },
      onClose: () => setAsked(null),
      onAnswer,
    },
  };
}

export function refusalOf(error: unknown): string {
  if (!(error instanceof ApiError)) return sentenceOf(error);
  if (error.status === 0 || error.status === 503) return text.busy;
  return text.refusals[error.code] ?? sentenceOf(error);
}

/** What came of it: said once, because it is what was waited for. */
export function Said({ said }: { readonly said: string | null }) {
  return said === null ? null : (
    <p class="done" role="alert">
      {said}
    </p>
  );
}
