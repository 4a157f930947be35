/** Pause, resume and close: what buyers will read stands beside each, and what harms asks first. */
import { useState } from 'preact/hooks';
import type { SaleStatus } from '../../market/sales/schemas.ts';
import { call } from '../api.ts';
import { count } from '../format.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Field } from '../parts/field.tsx';
import { opsWords } from '../words-ops.ts';
import { type Acting, useActing } from './ops-acting.ts';
import { pathOf, type Terms } from './ops-one.ts';
import { sum } from './ops-running.ts';

interface DoorProps {
  readonly terms: Terms;
  readonly phase: string;
  readonly status: SaleStatus | null;
  readonly onAnswer: () => void;
}

export function Door({ terms, phase, status, onAnswer }: DoorProps) {
  const { door } = opsWords;
  const [question, setQuestion] = useState<'pause' | 'close' | null>(null);
  const acting = useActing(onAnswer);
  const { sale, etag } = terms;
  const path = pathOf(sale.saleId);
  const steer = async (verb: 'pause' | 'resume' | 'close', options: Parameters<typeof call>[2]) => {
    if (await acting.act(() => call('POST', `${path}/${verb}`, options), door.done[verb])) setQuestion(null);
  };
  const ask = (which: 'pause' | 'close') => {
    acting.say({});
    setQuestion(which);
  };
  const isOver = phase === 'ended';
  return (
    <section class="panel" aria-label={door.title}>
      <h2>{door.title}</h2>
      {!isOver && (
        <div class="buttons">
          {phase === 'paused' ? (
            <button type="button" class="ink" disabled={acting.isBusy} onClick={() => steer('resume', {})}>
              {door.resume}
            </button>
          ) : (
            phase !== 'scheduled' && (
              <button type="button" class="ink" aria-haspopup="dialog" onClick={() => ask('pause')}>
                {door.pause}
              </button>
            )
          )}
          <button type="button" aria-haspopup="dialog" onClick={() => ask('close')}>
            {door.close}
          </button>
        </div>
      )}
      <p class="quiet">{noteOf(phase)}</p>
      {question === null && <Said acting={acting} />}
      {question === 'pause' && (
        <PauseQuestion
          waiting={count(status?.queueLength)}
          acting={acting}
          onPause={(holds) => steer('pause', { body: holds ? { holds } : {} })}
          onClose={() => setQuestion(null)}
        />
      )}
      {question === 'close' && (
        <CloseQuestion
          title={sale.title}
          status={status}
          acting={acting}
          onAct={() => steer('close', etag === null ? {} : { headers: { 'If-Match': etag } })}
          onClose={() => setQuestion(null)}
        />
      )}
    </section>
  );
}

function noteOf(phase: string): string {
  const { door } = opsWords;
  if (phase === 'ended') return door.endedNote;
  if (phase === 'scheduled') return door.scheduledNote;
  return phase === 'paused' ? door.resumeNote : door.pauseNote;
}

/** What came of it: said once, because it is what the operator waits for. */
export function Said({ acting: { problem, done } }: { readonly acting: Acting }) {
  return (
    <>
      {problem !== null && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      {done !== null && (
        <p class="done" role="alert">
          {done}
        </p>
      )}
    </>
  );
}

interface QuestionProps {
  readonly acting: Acting;
  readonly onClose: () => void;
}

function PauseQuestion({
  waiting,
  acting,
  onPause,
  onClose,
}: QuestionProps & { readonly waiting: string; readonly onPause: (holds: boolean) => void }) {
  const { door } = opsWords;
  const [hasHolds, setHolds] = useState(false);
  return (
    <Dialog
      title={door.pauseQuestion}
      stay={door.stayPaused}
      act={door.pause}
      onAct={() => onPause(hasHolds)}
      onClose={onClose}
      isBusy={acting.isBusy}
      problem={acting.problem}
    >
      <p>{door.pauseText(waiting)}</p>
      <div>
        <label class="choice">
          <input
            type="checkbox"
            checked={hasHolds}
            onChange={(event) => setHolds(event.currentTarget.checked)}
          />
          {door.pauseHolds}
        </label>
        <p class="quiet">{door.pauseHoldsNote}</p>
      </div>
    </Dialog>
  );
}

function CloseQuestion({
  title,
  status,
  acting,
  onAct,
  onClose,
}: QuestionProps & {
  readonly title: string;
  readonly status: SaleStatus | null;
  readonly onAct: () => void;
}) {
  const { door } = opsWords;
  const [typed, setTyped] = useState('');
  const isRight = typed.trim() === title.trim();
  const held = status && sum(status.items, (item) => item.held);
  return (
    <Dialog
      title={door.closeQuestion}
      stay={door.closeStay}
      act={door.close}
      onAct={onAct}
      onClose={onClose}
      isBusy={!isRight || acting.isBusy}
      problem={acting.problem}
    >
      <p>{door.closeText(count(status?.queueLength), count(held))}</p>
      <Field
        label={door.closeTitle(title)}
        name="title"
        autocomplete="off"
        value={typed}
        onInput={setTyped}
      />
    </Dialog>
  );
}
