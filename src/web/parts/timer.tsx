/** A time limit by the server's clock. `role="timer"` is silent: who must hear of it is told by an alert. */
import { useId } from 'preact/hooks';
import { serverNow, tick } from '../clock.ts';
import { left, moment } from '../format.ts';

const dayMs = 24 * 3_600_000;

interface TimerProps {
  readonly label: string;
  /** ISO. */
  readonly until: string;
  readonly kind?: string;
}

export function Timer({ label, until, kind = '' }: TimerProps) {
  const id = useId();
  const ms = msUntil(until);
  return (
    <div class={`timer ${kind} ${ms <= 10_000 ? 'last' : ms <= 30_000 ? 'short' : ''}`}>
      <span class="figure-label" id={id}>
        {label}
      </span>
      <span role="timer" aria-labelledby={id} class="timer-value">
        {ms >= dayMs ? moment(until) : left(ms)}
      </span>
    </div>
  );
}

/** Read while something is drawn, it draws it again as time passes. */
export function msUntil(iso: string): number {
  void tick.value;
  return Date.parse(iso) - serverNow();
}
