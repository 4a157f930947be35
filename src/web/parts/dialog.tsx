/** A question before something that cannot be taken back. Staying comes first: it has the focus, and Escape means it. */
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';

interface DialogProps {
  readonly title: string;
  /** The button that changes nothing. */
  readonly stay: string;
  /** The button that does it. */
  readonly act: string;
  readonly onAct: () => void;
  /** After it was closed without acting; focus is back where it was. */
  readonly onClose: () => void;
  readonly isBusy?: boolean;
  readonly problem?: string | null;
  readonly children: ComponentChildren;
}

export function Dialog({ title, stay, act, onAct, onClose, isBusy = false, problem, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const isOver = useRef(false);
  const id = useId();
  useEffect(() => {
    const opened = dialog.current;
    if (opened?.isConnected && !opened.open) opened.showModal();
    // Taken off the page by what it asked about: the browser gives the focus back only to a closed one.
    return () => {
      isOver.current = true;
      opened?.close();
    };
  }, []);
  // By a button, by Escape, or both: it is over once. The browser tells of a closing later, when another question may
  // have been opened.
  const leave = () => {
    if (isOver.current) return;
    isOver.current = true;
    dialog.current?.close();
    onClose();
  };
  return (
    <dialog ref={dialog} class="question" aria-labelledby={id} onClose={leave}>
      <h2 id={id}>{title}</h2>
      {children}
      {problem && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      <div class="buttons">
        <button type="button" class="ink" onClick={leave}>
          {stay}
        </button>
        <button type="button" disabled={isBusy} onClick={onAct}>
          {act}
        </button>
      </div>
    </dialog>
  );
}
