/** What a request is answered with, as the machinery sees it; `AnswerTo` in command.ts is the typed one. */
import type { Code } from './codes.ts';

export interface Answer {
  readonly code: Code;
  readonly body: unknown;
}

/** Not done, or not known to be done: the same may be asked again under the same ids. */
export const busy: Answer = { code: 'busy', body: null };
