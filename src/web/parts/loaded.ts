/** Something read from the API for as long as a component stands: what is known of it, and how to read it again. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { Known } from '../answers.ts';
import { ApiError } from '../api.ts';

export interface Loaded<Value> {
  /** What was read last; kept while it is read again. */
  readonly value: Value | null;
  /** Why the last read failed; null: it did not. */
  readonly error: unknown;
  readonly reload: () => void;
}

const retryMaxMs = 30_000;

/**
 * Reads again by itself, with growing pauses, after what passes. `key`: another one is another thing. `known`: what is
 * known of it before it is read.
 */
export function useLoaded<Value>(
  key: string,
  read: (signal: AbortSignal) => Promise<Value>,
  known: Known<Value> | null = null,
): Loaded<Value> {
  const [state, setState] = useState<{ key: string; value: Value | null; error: unknown }>({
    ...{ key, value: known?.value ?? null, error: null },
  });
  const [round, setRound] = useState(0);
  const reader = useRef(read);
  reader.current = read;
  // A new round reads the same again.
  useEffect(() => {
    if (round === 0 && known?.isFresh) return;
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let failures = 0;
    const attempt = async () => {
      try {
        const value = await reader.current(abort.signal);
        if (!abort.signal.aborted) setState({ key, value, error: null });
      } catch (error) {
        if (abort.signal.aborted) return;
        setState((before) => ({ key, value: before.key === key ? before.value : null, error }));
        if (!(error instanceof ApiError) || !error.isPassing) return;
        const pauseMs = Math.min(retryMaxMs, 1_000 * 2 ** failures++);
        timer = setTimeout(attempt, Math.max(pauseMs * Math.random(), (error.retryAfterSeconds ?? 0) * 1000));
      }
    };
    void attempt();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [key, round]);
  const reload = useCallback(() => setRound((n) => n + 1), []);
  return {
    value: state.key === key ? state.value : (known?.value ?? null),
    error: state.key === key ? state.error : null,
    reload,
  };
}
