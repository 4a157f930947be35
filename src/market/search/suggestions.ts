/** What all engines make of suggestions. */
import { levelMark, type Suggestion } from './engine.ts';
import { fold } from './text.ts';

const keysMax = 6;
const keyCharsMax = 60;

export const lastLevel = (path: string) => path.split(levelMark).at(-1)!;

/** A name from each of its words on, folded: what somebody may begin to type. */
export function nameKeys(name: string): string[] {
  const words = fold(name).match(/[\p{L}\p{N}]+/gu) ?? [];
  const keys = words.slice(0, keysMax).map((_, i) => words.slice(i).join(' ').slice(0, keyCharsMax));
  return [...new Set(keys)];
}

/** One of each kind in turn, so that none crowds out another. */
export function mixed(kinds: readonly (readonly Suggestion[])[], limit: number): Suggestion[] {
  const suggestions: Suggestion[] = [];
  const longest = Math.max(...kinds.map(({ length }) => length));
  for (let i = 0; i < longest && suggestions.length < limit; i++)
    suggestions.push(...kinds.flatMap((of) => of[i] ?? []));
  return suggestions.slice(0, limit);
}
