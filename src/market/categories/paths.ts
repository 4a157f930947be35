/** Paths of categories, `Electronics > Phones`, and the slugs made of them. */
import { invalid } from '../../gateway/handling.ts';

export const separator = ' > ';
const levelsMax = 10;
const nameCharsMax = 100;
export const pathCharsMax = 500;

/** `Electronics>Phones ` as its names. Refuses with `validation_failed` at `path`. */
export function namesOf(category: string, path = '/category'): string[] {
  const names = category.split('>').map((name) => name.trim());
  if (names.some((name) => name === '')) invalid(path, 'must be names separated by >');
  if (names.length > levelsMax) invalid(path, `must have at most ${levelsMax} levels`);
  if (names.some((name) => name.length > nameCharsMax))
    invalid(path, `must have names of at most ${nameCharsMax} characters`);
  return names;
}

/** One name, trimmed. Refuses with `validation_failed`. */
export function nameOf(text: string): string {
  const names = namesOf(text, '/name');
  if (names.length > 1) invalid('/name', 'must hold no >');
  return names[0]!;
}

const accents = /([a-z])\p{M}+/giu;
const gaps = /[^\p{L}\p{N}]+/gu;
const slugCharsMax = 120;

/** Lower-case letters and digits of any script, with dashes between; never empty. */
export function slugOf(path: string): string {
  const slug = path
    .normalize('NFKD')
    .replace(accents, '$1')
    .normalize('NFC')
    .toLowerCase()
    .replace(gaps, '-')
    .slice(0, slugCharsMax)
    .replace(/^-|-$/g, '');
  return slug === '' ? 'category' : slug;
}
