/** Says that a time limit comes near: at 60 and 30 s, for short ones at 30 and 10 s. It keeps its room from the start. */
import { msUntil } from './timer.tsx';

const shortLimitSeconds = 90;

interface WarningProps {
  /** ISO. */
  readonly until: string;
  readonly limitSeconds: number;
  readonly label: string;
  readonly sentence: (seconds: string) => string;
  readonly then?: string;
}

export function Warning({ until, limitSeconds, label, sentence, then }: WarningProps) {
  const marks = limitSeconds <= shortLimitSeconds ? [10, 30] : [30, 60];
  const ms = msUntil(until);
  // Whoever begins with less than a mark is not told of it.
  const mark = marks.find((seconds) => ms <= seconds * 1000 && seconds < limitSeconds);
  return (
    <p class={mark === undefined ? 'warning' : 'warning near'} role="status" aria-label={label}>
      {mark !== undefined && ms > 0 && (
        <>
          <b>{sentence(String(mark))}</b> {then}
        </>
      )}
    </p>
  );
}
