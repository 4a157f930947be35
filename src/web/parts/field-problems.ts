/** What the API says is wrong with the fields of a request, by their JSON pointers. */
import { useEffect, useRef } from 'preact/hooks';
import { ApiError } from '../api.ts';

export type FieldProblems = Readonly<Record<string, string>>;

export const noProblems: FieldProblems = {};

export function fieldProblemsOf(error: unknown): FieldProblems {
  if (!(error instanceof ApiError) || !Array.isArray(error.problem.errors)) return noProblems;
  const problems: Record<string, string> = {};
  for (const each of error.problem.errors as { path?: unknown; message?: unknown }[])
    problems[String(each.path ?? '')] ??= sentence(String(each.message ?? error.message));
  return problems;
}

/** Whoever was refused stands at the first field that is wrong; `refusal`: another one is another try. */
export function useFocusOnProblem(refusal: unknown) {
  const form = useRef<HTMLFormElement>(null);
  const before = useRef(refusal);
  useEffect(() => {
    if (before.current === refusal) return;
    before.current = refusal;
    form.current?.querySelector<HTMLElement>('[aria-invalid]')?.focus();
  }, [refusal]);
  return form;
}

/** "must be an integer" -> "Must be an integer." */
function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.?$/, '.')}`;
}
