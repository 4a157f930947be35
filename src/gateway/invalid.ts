/** The refusal of what does not fit, and how it names places: JSON pointers, never what was sent. */
import { DoorbusterError } from '../protocol/errors.ts';

export interface FieldError {
  readonly path: string;
  readonly message: string;
}

/** More errors help nobody. */
export const errorsMax = 20;
/** A name may be as long as the body: a place is named as far as it helps. */
const pathCharsMax = 200;

export function invalidRequest(errors: readonly FieldError[], what = 'The request'): DoorbusterError {
  return new DoorbusterError('validation_failed', `${what} does not match its schema`, {
    errors: errors.slice(0, errorsMax).map(({ path, message }) => ({ path: shortened(path), message })),
  });
}

/** Cut between characters, and never between the two halves of one. */
function shortened(path: string): string {
  return path.length <= pathCharsMax ? path : `${path.slice(0, pathCharsMax).toWellFormed()}…`;
}

/** The JSON pointer (RFC 6901) to what is reached by these steps. */
export function pointer(...steps: readonly (string | number)[]): string {
  return steps.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
