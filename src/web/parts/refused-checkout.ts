/** What a checkout that was refused means to whoever pressed the button. */
import type { ApiError } from '../api.ts';
import { words as common } from '../words.ts';
import { words } from '../words-drop.ts';
import type { FieldProblems } from './field-problems.ts';
import { sentenceOf } from './trouble.tsx';

/** The JSON pointer of the address in the request. */
export const addressPointer = '/shippingAddress';

export function refusedText(error: ApiError, problems: FieldProblems): string {
  if (error.code === 'price_changed') return words.held.priceChanged;
  const below = `${addressPointer}/`;
  const [path, problem] = Object.entries(problems).find(([at]) => at.startsWith(below)) ?? [];
  const label = common.address[path?.slice(below.length) as keyof typeof common.address];
  return problem && label ? words.held.notTaken(label, problem) : sentenceOf(error);
}
