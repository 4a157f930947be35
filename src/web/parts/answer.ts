/** One answer of the API, by the path that is asked. */
import { useEffect, useRef } from 'preact/hooks';
import { keepAnswer, knownAnswer } from '../answers.ts';
import { get } from '../api.ts';
import { type Loaded, useLoaded } from './loaded.ts';

export function useAnswer<Value>(path: string): Loaded<Value> {
  const loaded = useLoaded(path, (signal) => get<Value>(path, signal), knownAnswer<Value>(path));
  const { value } = loaded;
  useEffect(() => {
    if (value !== null) keepAnswer(path, value);
  }, [path, value]);
  return loaded;
}

/** The answer to the question before, for as long as the next one is on its way. */
export function useLastAnswer<Value>(path: string): Loaded<Value> & { readonly isOld: boolean } {
  const loaded = useAnswer<Value>(path);
  const last = useRef<Value | null>(null);
  if (loaded.value !== null) last.current = loaded.value;
  return { ...loaded, value: last.current, isOld: loaded.value === null };
}
