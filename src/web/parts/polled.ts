/** What is read again and again while the page is shown, and at once when it is shown again. */
import { useEffect, useRef } from 'preact/hooks';
import type { Known } from '../answers.ts';
import { type Loaded, useLoaded } from './loaded.ts';

/** `seconds` null: no more. */
export function usePolled<Value>(
  key: string,
  read: (signal: AbortSignal) => Promise<Value>,
  secondsOf: number | ((value: Value | null) => number | null),
  known: Known<Value> | null = null,
): Loaded<Value> {
  const loaded = useLoaded(key, read, known);
  const { reload } = loaded;
  const hasFailed = useRef(false);
  hasFailed.current = loaded.error !== null;
  const seconds = typeof secondsOf === 'function' ? secondsOf(loaded.value) : secondsOf;
  useEffect(() => {
    if (seconds === null) return;
    // After a failure it is tried again anyhow, when the answer says so.
    const look = () => !document.hidden && !hasFailed.current && reload();
    const timer = setInterval(look, seconds * 1000);
    document.addEventListener('visibilitychange', look);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', look);
    };
  }, [key, seconds, reload]);
  return loaded;
}
