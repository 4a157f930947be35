/** One answer of the API, by the path that is asked. */
import { useEffect, useRef } from 'preact/hooks';
import { keepAnswer, knownAnswer, type Told } from '../answers.ts';
import { call } from '../api.ts';
import { type Loaded, useLoaded } from './loaded.ts';

export interface Answered<Value> extends Loaded<Value> {
  readonly isDegraded: boolean;
}

export function useAnswer<Value>(path: string): Answered<Value> {
  const loaded = useLoaded<Told<Value>>(
    path,
    (signal) => call<Value>('GET', path, { signal }),
    knownAnswer<Value>(path),
  );
  const { value } = loaded;
  useEffect(() => {
    if (value !== null) keepAnswer(path, value);
  }, [path, value]);
  return { ...loaded, value: value?.body ?? null, isDegraded: value?.isDegraded ?? false };
}

/** The answer to the question before, for as long as the next one is on its way. */
export function useLastAnswer<Value>(path: string): Answered<Value> & { readonly isOld: boolean } {
  const answer = useAnswer<Value>(path);
  const last = useRef(answer);
  if (answer.value !== null) last.current = answer;
  const { value, isDegraded } = last.current;
  return { ...answer, value, isDegraded, isOld: answer.value === null };
}
