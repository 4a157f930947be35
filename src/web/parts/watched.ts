/**
 * Something that is read again and again while a component stands. The last answer is kept, with its age, when the next
 * one does not come.
 */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from '../api.ts';
import { serverNow } from '../clock.ts';

export interface Watched<Value> {
  readonly value: Value | null;
  /** It was so then, or later, by the server's clock; null: nothing was heard yet. */
  readonly asOfMs: number | null;
  /** Why the last read failed; null: it did not. */
  readonly error: unknown;
  readonly reload: () => void;
}

const answerWithinMs = 5_000;
const retryMaxMs = 8_000;
/** A refusal that no retry changes, until somebody grants a role or the server is updated. */
const refusedPauseMs = 30_000;

/** `key`: another one is another thing. */
export function useWatched<Value>(
  key: string,
  read: (signal: AbortSignal) => Promise<Value>,
  everyMs: number,
): Watched<Value> {
  const [state, setState] = useState<{
    readonly key: string;
    readonly value: Value | null;
    /** By `performance.now()`. */
    readonly askedAtMs: number | null;
    readonly error: unknown;
  }>({ key, value: null, askedAtMs: null, error: null });
  const latest = useRef({ read, everyMs });
  latest.current = { read, everyMs };
  const now = useRef<() => void>(() => {});
  useEffect(() => {
    const poll = startWatching(
      (signal) => latest.current.read(signal),
      () => latest.current.everyMs,
      (value, askedAtMs) => setState({ key, value, askedAtMs, error: null }),
      (error) =>
        setState((before) =>
          before.key === key ? { ...before, error } : { key, value: null, askedAtMs: null, error },
        ),
    );
    now.current = poll.now;
    return poll.stop;
  }, [key]);
  const reload = useCallback(() => now.current(), []);
  if (state.key !== key) return { value: null, asOfMs: null, error: null, reload };
  const { value, askedAtMs, error } = state;
  const asOfMs = askedAtMs === null ? null : serverNow() - (performance.now() - askedAtMs);
  return { value, asOfMs, error, reload };
}

function startWatching<Value>(
  read: (signal: AbortSignal) => Promise<Value>,
  everyMs: () => number,
  onValue: (value: Value, askedAtMs: number) => void,
  onError: (error: unknown) => void,
) {
  const end = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let round = 0;
  let failures = 0;
  /** What an earlier round answers after this one began is of no interest. */
  const now = async () => {
    clearTimeout(timer);
    const own = ++round;
    const isOver = () => end.signal.aborted || own !== round;
    const askedAtMs = performance.now();
    let pauseMs: number;
    try {
      const value = await read(AbortSignal.any([end.signal, AbortSignal.timeout(answerWithinMs)]));
      if (isOver()) return;
      failures = 0;
      onValue(value, askedAtMs);
      pauseMs = Math.max(0, everyMs() - (performance.now() - askedAtMs));
    } catch (error) {
      if (isOver()) return;
      onError(error);
      pauseMs = pauseAfter(error, everyMs() * 2 ** failures++);
    }
    timer = setTimeout(now, pauseMs);
  };
  const wake = () => {
    if (!document.hidden) void now();
  };
  addEventListener('online', wake);
  document.addEventListener('visibilitychange', wake);
  void now();
  const stop = () => {
    end.abort();
    clearTimeout(timer);
    removeEventListener('online', wake);
    document.removeEventListener('visibilitychange', wake);
  };
  return { now: () => void now(), stop };
}

function pauseAfter(error: unknown, wantedMs: number): number {
  if (error instanceof ApiError && !error.isPassing) return refusedPauseMs;
  const askedMs = error instanceof ApiError ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
  return Math.max(askedMs, Math.min(retryMaxMs, wantedMs) * (0.5 + Math.random() / 2));
}
